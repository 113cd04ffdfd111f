"""The plan page that residents read, and the pictures on it."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.core import files
from app.core.guards import Role
from app.projects import actions, queries
from app.projects.contents import Fund, Money
from app.projects.models import Attachment, PlanVersion, Section
from app.roster.models import Building
from tests.client import Page, PageClient
from tests.factories import (
    homes_of,
    issue_code,
    make_building,
    make_compound,
    make_round,
    make_staff,
)
from tests.projects.plans import (
    COMPLETE,
    LAMPS,
    PICTURE,
    PIPES,
    fill,
    open_draft,
    publish,
    someone,
)

SVG = "{http://www.w3.org/2000/svg}"
SPEAK = "/static/js/speak.js"
RESIDENTS_PAY = (Fund("central", 9_000_000), Fund("residents", 1_000_000))


@pytest.fixture
def building(session: Session) -> Building:
    """A building of six homes with 86.50 m² each."""
    return make_building(size=8650)


def published(building: Building, money: Money = COMPLETE.money) -> PlanVersion:
    version = fill(open_draft(building.compound))
    actions.edit_money(version, money, by=someone())
    return publish(version)


def published_with_cost(building: Building, funds: tuple[Fund, ...]) -> PlanVersion:
    """A plan whose one item costs what `funds` give."""
    version = fill(open_draft(building.compound))
    cost = sum(fund.amount for fund in funds)
    actions.replace_items(version, [replace(PIPES, cost=cost)], by=someone())
    actions.edit_money(version, Money(funds, 0, 0, ""), by=someone())
    return publish(version)


def part(page: Page, name: str) -> str:
    return page.one("section", id=name).text


def test_a_resident_reads_the_whole_plan_without_signing_in(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    page = client.get("projects.plan", token=building.token)

    assert page.h1 == f"{building.compound.name}改造方案"
    assert COMPLETE.summary in page.text
    work = part(page, "work")
    assert "一共 2 项，100,000 元" in work
    assert "基础类：1 项，88,350 元 先保安全和基本生活" in work
    assert "更换给水管 安全 310 米，88,350 元 埋在冻土层下面" in work
    assert "补装路灯 12 盏，11,650 元" in work
    funds = part(page, "funds")
    assert "中央补助 80,000 元 占 80.0 %" in funds
    assert "区县财政 20,000 元 占 20.0 % 列入区级预算" in funds
    assert "2027年4月6日动工，2027年9月28日完工" in part(page, "construction")
    management = part(page, "management")
    assert "社区保障性物业管理" in management
    assert "每月 28 元 这是 80 平方米的房子，每平方米每月 0.35 元" in management
    assert version.plan_hash[:12] in part(page, "versions")
    assert page.one("a", href="tel:0953-5550101")
    assert page.all("a", href=f"/b/{building.token}")
    assert page.all("a", href=f"/b/{building.token}/comments")


def test_the_bar_of_money_adds_up_to_its_whole_width(
    client: PageClient, building: Building
) -> None:
    thirds = (Fund("central", 3_333_333), Fund("region", 3_333_333), Fund("social", 3_333_334))
    published(building, replace(COMPLETE.money, funds=thirds))
    page = client.get("projects.plan", token=building.token)
    bars = page.one("section", id="funds").one(f"{SVG}svg", class_="bar").all(f"{SVG}rect")
    assert [bar["x"] for bar in bars] == ["0.0%", "33.3%", "66.6%"]
    assert [bar["width"] for bar in bars] == ["33.3%", "33.3%", "33.4%"]


@pytest.mark.parametrize(
    ("money", "said"),
    [
        (COMPLETE.money, "0 元 您家不用出钱"),
        (Money(RESIDENTS_PAY, 20_000, 0, ""), "200 元 每户都一样，只出一次。"),
        (Money(RESIDENTS_PAY, 0, 500, ""), "400 元 这是 80 平方米的房子"),
        (Money(RESIDENTS_PAY, 10_000, 500, ""), "每户 100 元，再加每平方米 5 元"),
        (
            Money(RESIDENTS_PAY, 0, 0, "只有装对讲的人家出钱。"),
            "居民出资按下面的说明算。 只有装对讲",
        ),
    ],
)
def test_a_stranger_reads_the_rule_of_what_a_household_pays(
    client: PageClient, building: Building, money: Money, said: str
) -> None:
    published(building, money)
    assert said in part(client.get("projects.plan", token=building.token), "money")


def test_a_signed_in_household_reads_its_own_figures(
    client: PageClient, building: Building
) -> None:
    published(building, Money(RESIDENTS_PAY, 10_000, 500, ""))
    client.enter(building, issue_code(homes_of(building)[0]))
    page = client.get("projects.plan", token=building.token)
    # 100 yuan and 86.50 m² at 5 yuan; 86.50 m² at 0.35 yuan is 30.275, shown as 30.28.
    assert "532.50 元 您家 86.50 平方米" in part(page, "money")
    assert "每月 30.28 元 您家 86.50 平方米" in part(page, "management")


def test_a_share_that_is_the_same_for_all_says_nothing_of_the_size_of_a_home(
    client: PageClient, building: Building
) -> None:
    published(building, Money(RESIDENTS_PAY, 20_000, 0, ""))
    client.enter(building, issue_code(homes_of(building)[0]))
    money = part(client.get("projects.plan", token=building.token), "money")
    assert "200 元 每户都一样" in money
    assert "86.50" not in money


def ways_on(page: Page) -> list[tuple[str, str]]:
    """The words and addresses of the links at the top and at the end of the plan."""
    return [
        (a.text.split()[0], a["href"])
        for nav in page.all("nav")
        for a in nav.all("a")
        if not a["href"].startswith("#")
    ]


def test_a_stranger_is_led_from_the_plan_to_the_code_and_back_to_the_building(
    client: PageClient, building: Building
) -> None:
    make_round(building.compound)
    top, back, *end = ways_on(client.get("projects.plan", token=building.token))
    assert top == ("我要表态", f"/b/{building.token}/enter")
    assert back == (f"返回{building.name}首页", f"/b/{building.token}")
    assert end == [top, ("我有问题，或者有意见", f"/b/{building.token}/comments"), back]


def test_a_signed_in_household_is_led_from_the_plan_to_its_own_page(
    client: PageClient, building: Building
) -> None:
    make_round(building.compound)
    client.enter(building, issue_code(homes_of(building)[0]))
    ways = ways_on(client.get("projects.plan", token=building.token))
    assert ways[:2] == [("我要表态", "/home"), ("回到我家", "/home")]
    assert ways[2::2] == [("我要表态", "/home"), ("回到我家", "/home")]


def test_a_household_of_another_compound_is_led_to_the_code_of_this_one(
    client: PageClient, building: Building
) -> None:
    make_round(building.compound)
    elsewhere = make_building()
    client.enter(elsewhere, issue_code(homes_of(elsewhere)[0]))
    ways = ways_on(client.get("projects.plan", token=building.token))
    assert {href for _words, href in ways} == {
        f"/b/{building.token}{end}" for end in ("", "/enter", "/comments")
    }


def test_where_nothing_is_asked_now_nobody_is_sent_to_answer(
    client: PageClient, building: Building
) -> None:
    published(building)
    ways = ways_on(client.get("projects.plan", token=building.token))
    assert "我要表态" not in [words for words, _href in ways]
    assert (f"返回{building.name}首页", f"/b/{building.token}") in ways


def test_shares_of_money_add_up_before_the_reader(client: PageClient, building: Building) -> None:
    sevenths = (Fund("central", 2_000_000), Fund("region", 2_000_000), Fund("social", 3_000_000))
    published_with_cost(building, sevenths)
    funds = part(client.get("projects.plan", token=building.token), "funds")
    assert re.findall(r"占 ([0-9.]+) %", funds) == ["28.6", "28.6", "42.8"]


def test_a_sum_and_a_phone_number_are_never_torn(client: PageClient, building: Building) -> None:
    version = fill(open_draft(building.compound))
    note = "A & B 出 200 元，找 0953-5550100 或 https://例.cn/0953-5550100"
    actions.edit_money(version, replace(COMPLETE.money, share_note=note), by=someone())
    publish(version)
    html = unescape(client.get("projects.plan", token=building.token).html)
    assert "100,000\u00a0元" in html
    assert "A & B 出 200\u00a0元" in html
    assert not re.search(r"\d 元", html)
    assert '找 <a href="tel:0953-5550100">0953-\u20605550100</a>' in html
    assert "https://例.cn/0953-5550100" in html
    (phone,) = re.findall(r'<a class="tel"[^>]*>([^<]+)<', html)
    assert phone == COMPLETE.facts.phone


def test_a_household_of_another_compound_reads_as_a_stranger(
    client: PageClient, building: Building
) -> None:
    published(building, Money(RESIDENTS_PAY, 0, 500, ""))
    elsewhere = make_building()
    client.enter(elsewhere, issue_code(homes_of(elsewhere)[0]))
    assert "您家 " not in client.get("projects.plan", token=building.token).text


def test_before_anything_is_published_the_page_says_so_and_shows_no_draft(
    client: PageClient, building: Building
) -> None:
    for prepare in (lambda: None, lambda: fill(open_draft(building.compound))):
        prepare()
        page = client.get("projects.plan", token=building.token)
        assert page.h1 == "方案还没有公布"
        assert COMPLETE.summary not in page.text


def test_a_new_draft_leaves_what_residents_read_as_it_was(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    draft = actions.start_version(version.project, by=someone())
    actions.edit_summary(draft, "还没有定的新说法", by=someone())
    page = client.get("projects.plan", token=building.token)
    assert COMPLETE.summary in page.text
    assert "还没有定的新说法" not in page.text
    client.get("projects.plan", 404, token=building.token, v=2)


def test_the_new_version_tells_what_changed_and_the_old_one_stays_readable(
    client: PageClient, building: Building
) -> None:
    first = published(building)
    draft = actions.start_version(first.project, by=someone())
    actions.replace_items(draft, [replace(PIPES, quantity=40_000), LAMPS], by=someone())
    actions.edit_design(draft, "院子**分两块**。", by=someone())
    actions.edit_summary(draft, COMPLETE.summary, "水管多换 90 米。", by=someone())
    publish(draft)

    page = client.get("projects.plan", token=building.token)
    versions = part(page, "versions")
    assert "第2版" in versions
    assert "水管多换 90 米。" in versions
    assert "改动 更换给水管：原来 310 米，88,350 元；现在 400 米，88,350 元" in versions
    assert "删 院子分三块。 加 院子分两块。" in versions
    (older,) = [a for a in page.all("a") if (a.get("href") or "").endswith("?v=1")]

    old = client.visit(older["href"])
    assert "这是旧的一版（第1版）" in old.text
    assert "310 米" in part(old, "work")


@pytest.mark.parametrize("number", ["0", "2", "-1", "abc", "1.0", "", "99999999999999999999", "１"])
def test_a_version_that_is_not_there_is_not_found(
    client: PageClient, building: Building, number: str
) -> None:
    published(building)
    client.get("projects.plan", 404, token=building.token, v=number)


def test_an_unknown_poster_is_not_found(client: PageClient, session: Session) -> None:
    assert client.get("projects.plan", 404, token="nosuchtoken1").h1 == "没有找到这一页"


def test_hostile_words_of_the_office_do_not_act_on_the_page(
    client: PageClient, building: Building
) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))"
    version = fill(open_draft(building.compound))
    by = someone()
    hostile = f"{building.name}：{attack}"
    actions.edit_summary(version, attack, attack, hostile, by=by)
    item = replace(PIPES, name=attack[:100], unit="<b>米</b>", note=attack)
    actions.replace_items(version, [item, LAMPS], by=by)
    funds = tuple(replace(fund, note=attack) for fund in COMPLETE.money.funds)
    actions.edit_money(version, replace(COMPLETE.money, funds=funds, share_note=attack), by=by)
    actions.edit_design(version, attack, by=by)
    build = replace(COMPLETE.construction, text=attack, disruption=attack)
    actions.edit_construction(version, build, by=by)
    care = replace(COMPLETE.management, services=attack, fee_note=attack, subsidy=attack)
    actions.edit_management(version, care, by=by)
    actions.attach_picture(version, Section.DESIGN, attack[:100], PICTURE, by=by)
    publish(version)

    page = client.get("projects.plan", token=building.token)

    assert [script["src"].split("?")[0] for script in page.all("script")] == [SPEAK]
    assert {img["src"].split("/")[1] for img in page.all("img")} == {"pictures"}
    assert not [a for a in page.all("a") if a["href"].lower().startswith("javascript")]


def test_the_page_costs_the_same_few_statements_however_long_the_plan_is(
    client: PageClient,
    building: Building,
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    first = published(building)
    draft = actions.start_version(first.project, by=someone())
    actions.replace_items(draft, [replace(PIPES, cost=1), *[LAMPS] * 30], by=someone())
    paid = Money((Fund("central", draft.cost),), 0, 0, "")
    actions.edit_money(draft, paid, by=someone())
    publish(draft)
    client.enter(building, issue_code(homes_of(building)[0]))
    with count_queries() as statements:
        client.get("projects.plan", token=building.token)
    assert len(statements) <= 16, "\n".join(statements)


def picture(client: PageClient, digest: str, **headers: str) -> Any:
    """The answer with its bytes already read, so that the file behind it is closed."""
    answer = client.raw("get", f"/pictures/{digest}", headers=headers)
    answer.get_data()
    answer.close()
    return answer


def test_a_published_picture_is_served_to_anybody_for_good(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    (paper,) = version.attachments
    page = client.get("projects.plan", token=building.token)
    shown = page.one("img")
    assert (shown["width"], shown["height"], shown["loading"]) == ("40", "30", "lazy")
    assert page.one("figcaption").text == paper.caption

    answer = picture(client, paper.digest)
    assert answer.data == PICTURE.content
    assert answer.mimetype == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    again = picture(client, paper.digest, **{"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_drawing_of_our_own_is_served_as_svg_in_a_sandbox(
    client: PageClient, building: Building
) -> None:
    version = fill(open_draft(building.compound))
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
    paper = Attachment(
        section=Section.DESIGN,
        caption="总图",
        media_type="image/svg+xml",
        digest=files.keep(drawing),
        width=900,
        height=600,
    )
    actions.attach(version, paper, by=someone())
    publish(version)
    answer = picture(client, paper.digest)
    assert answer.mimetype == "image/svg+xml"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")


def test_a_pdf_is_only_ever_downloaded(client: PageClient, building: Building) -> None:
    version = fill(open_draft(building.compound))
    paper = actions.attach_pdf(
        version, Section.CONSTRUCTION, '施工"组织\r\n设计', b"%PDF-1.7", by=someone()
    )
    publish(version)
    answer = picture(client, paper.digest)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "application/pdf"
    assert "下载文件" in part(client.get("projects.plan", token=building.token), "construction")


def test_a_picture_of_a_draft_is_for_staff_of_its_place_alone(
    client: PageClient, building: Building
) -> None:
    version = fill(open_draft(building.compound))
    digest = version.attachments[0].digest
    assert picture(client, digest).status_code == 404
    client.sign_in(make_staff(Role.WORKER, make_compound().area))
    assert picture(client, digest).status_code == 404
    client.sign_in(make_staff(Role.WORKER, building.compound.area))
    answer = picture(client, digest)
    assert answer.status_code == 200
    assert "private" in answer.headers["Cache-Control"]
    assert "public" not in answer.headers["Cache-Control"]


def test_a_picture_stays_public_when_only_a_new_draft_drops_it(
    client: PageClient, building: Building
) -> None:
    version = published(building)
    draft = actions.start_version(version.project, by=someone())
    digest = version.attachments[0].digest
    actions.remove_attachment(draft, draft.attachments[0], by=someone())
    assert picture(client, digest).status_code == 200
    assert queries.kept_file(digest).is_public


@pytest.mark.parametrize("digest", ["0" * 64, "..", "..%2f..%2fkeys%2fcode.key", "x"])
def test_a_file_nobody_attached_is_not_found(
    client: PageClient, session: Session, digest: str
) -> None:
    kept = files.keep(b"kept by another feature")
    assert picture(client, digest).status_code == 404
    assert picture(client, kept).status_code == 404


def test_a_fee_that_is_not_by_area_is_told_in_its_own_words_alone(
    client: PageClient, building: Building
) -> None:
    version = fill(open_draft(building.compound))
    by_home = replace(COMPLETE.management, fee_per_area=0, fee_note="每户每月 10 元，总管收。")
    actions.edit_management(version, by_home, by=someone())
    publish(version)
    said = part(client.get("projects.plan", token=building.token), "management")
    assert "每户每月 10 元" in said.replace("\u00a0", " ")
    assert "0 元 不收" not in said.replace("\u00a0", " ")
    assert "不收物业费" not in said
