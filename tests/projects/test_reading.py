"""The plan in a minute: what it says first, who pays, and how its pictures and its link look."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import files
from app.core.files import Picture
from app.projects import actions
from app.projects.contents import Construction, Fund, Money
from app.projects.models import Attachment, PlanVersion, Section, Source
from app.projects.reading import Reading, payers_bar, reading_of
from app.roster.models import Building
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_compound, make_round
from tests.projects.plans import BUILD, COMPLETE, PIPES, fill, open_draft, png, publish, someone

LOUD = "- **几点响**：早 8 点到 12 点。\n- **停水**：3 次，每次不超过 8 小时。"
FUNDS = (
    *(Fund("central", 5_000_000), Fund("region", 2_000_000), Fund("district", 1_000_000)),
    *(Fund("pipeline_units", 1_000_000), Fund("owner_unit", 300_000), Fund("social", 200_000)),
    Fund("residents", 500_000),
)


@pytest.fixture
def building(session: Session) -> Building:
    """The second building of a compound: six homes with 86.50 m² each."""
    compound = make_compound("银塔南区")
    make_building(compound)
    return make_building(compound, size=8650)


def draft(building: Building, lines: str = "", funds: tuple[Fund, ...] = FUNDS) -> PlanVersion:
    """A complete draft that says what is loud, and asks every home for 80 yuan and 5 a m²."""
    version, by = fill(open_draft(building.compound)), someone()
    actions.edit_summary(version, "换水管、**补路灯**。", "", lines, by=by)
    actions.edit_construction(version, replace(BUILD, disruption=LOUD), by=by)
    actions.replace_items(version, [replace(PIPES, cost=sum(f.amount for f in funds))], by=by)
    actions.edit_money(version, Money(funds, 8_000, 500, "八十加五元一平方米。"), by=by)
    return version


def summary(client: PageClient, building: Building) -> str:
    return plan(client, building).one("section", id="summary").text


def plan(client: PageClient, building: Building) -> Page:
    return client.get("projects.plan", token=building.token)


def test_the_summary_says_what_when_how_loud_and_how_much_before_anything_else(
    client: PageClient, building: Building
) -> None:
    publish(draft(building))
    page = plan(client, building)
    assert page.all("section")[0]["id"] == "summary"
    text = page.one("section", id="summary").text
    for words in (
        "换水管、补路灯。",
        "2027年4月6日动工 2027年9月28日完工 前后大约 6 个月",
        "您家出 480 元，按 80 平方米算，只出一次",
        "物业费 每月 28 元，按 80 平方米算",
        "几点响：早 8 点到 12 点。 停水：3 次，每次不超过 8 小时。",
        "一共 10 万元，谁来出",
    ):
        assert words in text


def test_a_signed_in_household_reads_its_own_money_in_the_summary(
    client: PageClient, building: Building
) -> None:
    publish(draft(building))
    client.enter(building, issue_code(homes_of(building)[0]))
    text = summary(client, building)
    assert "您家出 512.50 元，您家 86.50 平方米，只出一次" in text
    assert "物业费 每月 30.28 元，您家 86.50 平方米" in text


@pytest.mark.parametrize(
    ("money", "said"),
    [
        (COMPLETE.money, "您家出 不用出钱"),
        (Money(FUNDS, 20_000, 0, ""), "您家出 200 元，只出一次"),
        (Money(FUNDS, 0, 0, "只有装对讲的人家出钱。"), "您家出 只有装对讲的人家出钱。"),
    ],
)
def test_the_summary_says_what_a_home_pays_by_every_rule(
    client: PageClient, building: Building, money: Money, said: str
) -> None:
    version = draft(building, funds=money.funds)
    actions.edit_money(version, money, by=someone())
    publish(version)
    assert said in summary(client, building)


def test_where_nothing_is_paid_by_area_the_office_says_it_in_its_words(
    client: PageClient, building: Building
) -> None:
    version = draft(building)
    care = replace(COMPLETE.management, fee_per_area=0, fee_note="每户每月 10 元。")
    actions.edit_management(version, care, by=someone())
    publish(version)
    assert "物业费 每户每月 10 元。" in summary(client, building)


def test_a_plan_that_says_nothing_of_noise_has_no_heading_for_it(
    client: PageClient, building: Building
) -> None:
    publish(fill(open_draft(building.compound)))
    assert "吵不吵" not in summary(client, building)


def test_each_building_reads_its_own_line_first_and_all_lines_below(
    client: PageClient, building: Building
) -> None:
    publish(draft(building, "1号楼：第一批做。\n2号楼：第二批做。"))
    page = plan(client, building)
    first = page.one("section", id="summary").text
    assert "2号楼 第二批做。" in first
    assert "第一批" not in first
    work = page.one("section", id="work").text
    assert "1号楼 第一批做。 2号楼 第二批做。" in work


def test_the_payers_are_three_whose_shares_add_up(session: Session, building: Building) -> None:
    bar = payers_bar(draft(building))
    assert [(str(part.label), part.amount, part.percent) for part in bar] == [
        ("政府出", 8_000_000, "80.0"),
        ("单位和企业出", 1_500_000, "15.0"),
        ("居民出", 500_000, "5.0"),
    ]
    assert [(part.start, part.width) for part in bar] == [(0, 800), (800, 150), (950, 50)]


def test_who_pays_nothing_is_no_part_of_the_picture(session: Session, building: Building) -> None:
    (only,) = payers_bar(draft(building, funds=(Fund("central", 1),)))
    assert (str(only.label), only.percent, only.width) == ("政府出", "100.0", 1000)


def test_every_source_has_a_payer() -> None:
    assert {source.payer.value for source in Source} == {"government", "units", "residents"}


@pytest.mark.parametrize(
    ("finish", "months"),
    [(date(2027, 4, 7), 1), (date(2027, 5, 21), 1), (date(2027, 5, 23), 2), (date(2028, 4, 6), 12)],
)
def test_the_time_is_told_in_months_to_the_nearest_one(
    session: Session, building: Building, finish: date, months: int
) -> None:
    version = draft(building)
    actions.edit_construction(version, Construction("", BUILD.starts_on, finish), by=someone())
    assert reading_of(version).months == months


def captions(*said: str) -> list[tuple[str, ...]]:
    """How pictures with these captions stand on the page, by twos or alone."""
    papers = [Attachment(section=Section.WORK, caption=one, media_type="image/png") for one in said]
    reading = Reading(PlanVersion(attachments=papers), COMPLETE.facts, [], [], [], None, [], 0, "")
    return [tuple(paper.caption for paper in row) for row in reading.pictures("work")]


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        (("改造前的楼", "改造后的楼"), [("改造前的楼", "改造后的楼")]),
        (("楼道现状", "楼道效果图"), [("楼道现状", "楼道效果图")]),
        (("总图", "改造前", "改造后", "坡道"), [("总图",), ("改造前", "改造后"), ("坡道",)]),
        (("改造后", "改造前"), [("改造后",), ("改造前",)]),
        (("改造前", "总图", "改造后"), [("改造前",), ("总图",), ("改造后",)]),
        (("改造前甲", "改造前乙", "改造后"), [("改造前甲",), ("改造前乙", "改造后")]),
    ],
)
def test_pictures_of_before_and_after_stand_side_by_side(
    said: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    assert captions(*said) == rows


def test_every_picture_is_light_lazy_described_and_keeps_its_place(
    client: PageClient, building: Building
) -> None:
    version = draft(building)
    heavy = files.shrink_picture(png(1900, 1400))
    for section, words in ((Section.WORK, "改造前的院子"), (Section.WORK, "改造后的院子")):
        actions.attach_picture(version, section, words, heavy, by=someone())
    publish(version)
    page = plan(client, building)
    (pair,) = page.one("section", id="work").all("div", class_="pair")
    assert [img["alt"] for img in pair.all("img")] == ["改造前的院子", "改造后的院子"]
    for img in page.all("img"):
        assert img["loading"] == "lazy"
        assert img["alt"]
        assert int(img["width"]) > 0
        assert int(img["height"]) > 0
        with client.raw("get", img["src"]) as answer:
            assert len(answer.data) <= 150_000
        # Tapping opens the picture itself, which is as light.
        assert page.all("a", href=img["src"])


def shared(page: Page) -> dict[str, str]:
    """What a messenger shows of the link: its properties, without their prefix."""
    found = {m["property"]: m["content"] for m in page.all("meta") if m.get("property")}
    return {name.removeprefix("og:"): words for name, words in found.items()}


def test_the_link_tells_a_group_what_it_is_and_until_when(
    client: PageClient, building: Building
) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 7, 0, tzinfo=UTC)):
        make_round(building.compound, closes_at=datetime(2026, 12, 5, 10, 0, tzinfo=UTC))
        page = plan(client, building)
    words = shared(page)
    assert words["title"] == "银塔南区改造方案征求意见，12月5日（周六）18:00 截止"
    assert page.title == f"{words['title']} · 居议"
    assert words["description"] == "换水管、修屋面、补路灯，明年四月动工，每户不用出钱。"
    assert page.one("meta", name="description")["content"] == words["description"]
    assert "image" not in words


def test_without_an_open_round_the_link_is_the_plan_and_its_picture(
    client: PageClient, building: Building
) -> None:
    version = draft(building)
    actions.attach_picture(
        version, Section.DESIGN, "院子", Picture(png(), "image/png", 40, 30), by=someone()
    )
    publish(version)
    words = shared(plan(client, building))
    assert words["title"] == "银塔南区改造方案"
    assert words["description"] == "换水管、补路灯。"
    assert words["image"].startswith("http://127.0.0.1:8000/pictures/")


def test_a_long_summary_is_cut_in_the_link_and_whole_on_the_page(
    client: PageClient, building: Building
) -> None:
    version = draft(building)
    actions.edit_summary(version, "换水管。" * 60, by=someone())
    publish(version)
    page = plan(client, building)
    assert len(shared(page)["description"]) == 110
    assert "换水管。" * 60 in page.one("section", id="summary").text


def test_every_part_can_be_read_aloud_and_nothing_shows_without_the_script(
    client: PageClient, building: Building
) -> None:
    publish(draft(building))
    page = plan(client, building)
    parts = ("summary", "money", "work", "funds", "design", "construction", "people", "management")
    for name in parts:
        button = page.one("section", id=name).one("button", class_="speak")
        assert button["aria-label"] == "念给我听"
        assert button["aria-pressed"] == "false"
        # Its words are drawn by the style sheet, so they are not read aloud with the part.
        assert button.text == ""


def test_the_fingerprints_wait_behind_a_closed_word_that_says_what_they_are_for(
    client: PageClient, building: Building
) -> None:
    publish(draft(building))
    page = plan(client, building)
    closed = page.one("section", id="versions").one("details")
    assert "<details>\n    <summary>核对这一版" in page.html
    assert closed.text.startswith("核对这一版（给较真的人）")
    assert "改造方案指纹" in closed.text
