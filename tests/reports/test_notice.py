"""The notice of a round's figures: what the state allows, cut and never rounded, in every form."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from app.core import clock, pdf
from app.core.db import db
from app.core.guards import Role
from app.reports import printing
from app.reports.notice import NothingToAnnounce, Participation, Verdict, notice_of, participation
from app.rounds import actions as rounds
from app.rounds.counting import Choice, Tally
from app.rounds.models import Counter, RegisterEntry, Round, Voice
from app.rounds.tallies import BuildingTally, MatterTally
from tests.client import PageClient
from tests.factories import make_area, make_building, make_compound, make_round, make_staff
from tests.reports import paper


@pytest.fixture
def round_(session: Session) -> Round:
    """An open round in a building of ten homes."""
    return make_round(make_building(make_compound(name="利水南园"), homes=10).compound)


def count(round_: Round, *numbers: int) -> None:
    """Set agree, disagree, abstain of every matter, as if that many households had voted."""
    for matter in round_.matters:
        for choice, households in zip(Choice, numbers, strict=True):
            db.session.execute(
                sa.update(Counter)
                .where(Counter.matter_id == matter.id, Counter.choice == choice)
                .values(households=households)
            )
    voters = sa.select(RegisterEntry.id).where(RegisterEntry.round_id == round_.id)
    voters = voters.order_by(RegisterEntry.position).limit(sum(numbers))
    spoken = sa.update(RegisterEntry).where(RegisterEntry.id.in_(voters))
    db.session.execute(spoken.values(voice=Voice.COUNTED))


def building(name: str, total: int, voted: int) -> BuildingTally:
    tally = Tally(total, agree=voted)
    return BuildingTally(
        1, name, total, voted, 0, (MatterTally(1, "改造方案", "plan", "t2", "henan-80", (tally,)),)
    )


def test_while_open_only_participation_is_told(client: PageClient, round_: Round) -> None:
    count(round_, 4, 2, 1)
    client.sign_in(make_staff(Role.WORKER, round_.compound.area))
    page = client.get("reports_staff.notice", round_id=round_.id)
    assert page.h1 == "利水南园征询进度公告"
    assert "已表态 7/10 户，70.0 %" in page.text
    told = page.one("table").text + page.all("dl")[0].text
    for word in ("同意", "弃权", "达到", "手机"):
        assert word not in told


def test_before_opening_there_is_nothing_to_announce(client: PageClient, session: Session) -> None:
    draft = make_round(make_building().compound, opened=False)
    with pytest.raises(NothingToAnnounce):
        notice_of(draft)
    client.sign_in(make_staff())
    page = client.get("reports_staff.notice", 409, round_id=draft.id)
    assert "还没有开启" in page.text


def test_after_closing_every_field_of_the_result_stands_on_page_and_paper(
    client: PageClient, round_: Round
) -> None:
    count(round_, 8, 1, 0)
    officer = make_staff(Role.OFFICE)
    db.session.commit()
    with time_machine.travel(round_.closes_at + timedelta(minutes=1)):
        rounds.publish_result(round_, by=officer.identity)
        client.sign_in(officer)
        page = client.get("reports_staff.notice", round_id=round_.id)
        with client.raw("get", f"/desk/rounds/{round_.id}/notice.pdf") as answer:
            made = answer.data
    rows = {row.one("th").text: row.all("td")[0].text for row in page.one("tbody").all("tr")}
    assert rows == {
        "总户数": "10",
        "同意": "8",
        "不同意": "1",
        "弃权": "0",
        "未表达": "1",
        "同意率": "80.0 %",
        "门槛": "80 %以上（含）",
        "需要户数": "8",
        "还差": "0",
        "是否达到": "达到",
    }
    assert len(paper.sizes(made)) == 1
    text = "".join(paper.words(made).split())
    for words in (
        "利水南园征询初步结果公示",
        "同意率80.0%80.0%",
        "结论：各项都达到门槛。",
        "手机0，纸质表0，上门0，短信0。",
        "没有表态不算同意，弃权也不算同意。",
        "第1版",
        "a" * 64,
        "b" * 64,
        round_.register_hash or "?",
        "异议期7天",
        "0953-5550100",
        "（盖章）",
        round_.compound.area.name,
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("total", "agree", "percent", "verdict", "missing"),
    [
        (404, 323, "79.9 %", "未达到", "1"),
        (404, 324, "80.1 %", "达到", "0"),
        (1845, 1476, "80.0 %", "达到", "0"),
        (1845, 1475, "79.9 %", "未达到", "1"),
        (863, 690, "79.9 %", "未达到", "1"),
    ],
)
def test_the_percentage_is_cut_and_the_verdict_exact(
    round_: Round, total: int, agree: int, percent: str, verdict: str, missing: str
) -> None:
    figures = replace(
        notice_of(round_),
        total=total,
        verdicts=(Verdict("改造方案", Tally(total, agree)),),
        has_passed=verdict == "达到",
    )
    html = printing.notice_html(figures, on_screen=False)
    for line in (f"<td>{percent}</td>", f"<td>{verdict}</td>", f"<td>{missing}</td>"):
        assert line in html
    if total in (404, 1845) and agree in (323, 1476):
        text = "".join(paper.words(pdf.render_pdf(html, pdf.print_css())).split())
        assert f"同意率{percent.replace(' ', '')}门槛" in text
        assert f"是否达到{verdict}单位" in text


def test_small_buildings_are_told_only_together() -> None:
    told = participation(
        (building("1号楼", 9, 3), building("2号楼", 4, 2), building("3号楼", 3, 1))
    )
    assert told == [Participation("1号楼", 3, 9), Participation("其余2栋合计", 3, 7)]


def test_a_single_small_building_does_not_follow_by_subtraction() -> None:
    told = participation(
        (building("1号楼", 9, 3), building("2号楼", 4, 2), building("3号楼", 6, 1))
    )
    assert told == [Participation("1号楼", 3, 9), Participation("其余2栋合计", 3, 10)]


def test_when_all_buildings_are_small_only_the_whole_is_told() -> None:
    assert participation((building("1号楼", 4, 3), building("2号楼", 4, 2))) == []


def test_large_buildings_are_told_one_by_one() -> None:
    told = participation((building("1号楼", 5, 3), building("2号楼", 8, 2)))
    assert told == [Participation("1号楼", 3, 5), Participation("2号楼", 2, 8)]


def test_the_notice_is_for_staff_of_the_area(client: PageClient, round_: Round) -> None:
    url = f"/desk/rounds/{round_.id}/notice"
    assert client.raw("get", url).status_code == 303
    client.sign_in(make_staff(Role.OFFICE, make_area()))
    for address in (url, f"{url}.pdf"):
        client.visit(address, status=403)
    client.visit("/desk/rounds/999999/notice", status=404)
    assert clock.now() < round_.closes_at


def test_the_notice_is_chinese_and_its_toolbar_speaks_as_the_reader(
    client: PageClient, round_: Round
) -> None:
    client.sign_in(make_staff())
    client.post("site.language", name="en")
    page = client.get("reports_staff.notice", round_id=round_.id)
    assert page.h1 == "利水南园征询进度公告"
    assert "每户算一票" in page.text
    bar = page.one("p", class_="screen-only")
    assert (page.one("html")["lang"], bar["lang"]) == ("zh-Hans", "en")
    assert "100 %" in bar.text
    assert "%%" not in bar.text
