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
from app.rounds.audit import check_item, sample_of
from app.rounds.casting import Ballot, cast
from app.rounds.changes import propose_extension, propose_plan_change
from app.rounds.conflicts import open_conflicts, propose_resolution
from app.rounds.counting import Choice, Tally
from app.rounds.decisions import Grounds, approve
from app.rounds.models import Channel, Counter, RegisterEntry, Round, Voice
from app.rounds.queries import register_of
from app.rounds.register import propose_removal
from app.rounds.tallies import BuildingTally, MatterTally
from tests.client import Page, PageClient
from tests.factories import (
    make_area,
    make_building,
    make_compound,
    make_plan,
    make_round,
    make_staff,
)
from tests.reports import paper
from tests.rounds.mixed import let_vote, open_mixed_round


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


def rows_of(page: Page, place: int = 0) -> dict[str, str]:
    """Label → first value, of a table of results."""
    found = page.all("tbody")[place].all("tr")
    return {row.one("th").text: row.all("td")[0].text for row in found}


def printed(round_: Round) -> str:
    """The words of the notice as they stand on paper, without any white space."""
    html = printing.notice_html(notice_of(round_), on_screen=False)
    return "".join(paper.words(pdf.render_pdf(html, pdf.print_css())).split())


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
    assert rows_of(page) == {
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
        "结论：两项都达到门槛，可以进入开工核验。",
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


def test_owners_are_counted_by_heads_and_by_area_with_what_took_part(
    client: PageClient, session: Session
) -> None:
    round_ = open_mixed_round()
    let_vote(round_, *[Choice.AGREE] * 5, Choice.DISAGREE, Choice.DISAGREE, Choice.ABSTAIN)
    db.session.commit()
    with time_machine.travel(round_.closes_at + timedelta(minutes=1)):
        client.sign_in(make_staff())
        page = client.get("reports_staff.notice", round_id=round_.id)
    table = page.all("tbody")[1]
    cells = {r.one("th").text: [td.text for td in r.all("td")] for r in table.all("tr")}
    assert cells["总数"] == ["12", "960.00"]
    assert cells["参加"][:2] == ["8", "640.00"]
    assert cells["参加占总数"][:2] == ["66.6 %", "66.6 %"]
    assert cells["参加的门槛"][0] == "三分之二以上（含）"
    assert cells["同意"][:2] == ["5", "400.00"]
    assert cells["同意占比"][:2] == ["62.5 %", "62.5 %"]
    assert cells["同意的门槛"] == ["参加的 超过 50 %"]
    assert cells["是否达到"][:2] == ["达到", "达到"]
    assert cells["结论"][0].startswith("通过《民法典》第二百七十八条")
    # The elevator was asked of six owners: its numbers would tell who said what.
    assert "加装电梯：" in page.text
    assert "问的人家少，不公布各有多少" in page.text
    assert "2. 晾衣架 0/12 户，0.0 %" in page.text
    assert "1. 长椅 8/12 户，66.6 %" in page.text
    assert "渠道：手机 8。" in page.text


def test_while_open_nothing_of_owners_or_menus_is_told(session: Session) -> None:
    round_ = open_mixed_round()
    let_vote(round_, Choice.AGREE, Choice.AGREE)
    figures = notice_of(round_)
    assert (figures.owners, figures.menus, figures.verdicts, figures.channels) == ((), (), (), ())
    assert [rule.titles for rule in figures.rules] == [
        "改造方案、物业管理方案",
        "使用维修资金",
        "加装电梯",
        "先改什么",
    ]
    assert "参加的人数和面积里，同意的都要超过一半" in figures.rules[1].words


def test_what_two_persons_changed_stands_on_the_notice(round_: Round) -> None:
    first, second = make_staff().identity, make_staff().identity
    grounds = Grounds("连日下雨", "会议记录")
    count(round_, 0, 0, 0)
    let_vote(round_, Choice.AGREE, Choice.AGREE, Choice.AGREE)
    later = round_.closes_at + timedelta(days=3)
    approve(propose_extension(round_, later, grounds, by=first), by=second)
    entry = register_of(round_.id)[-1]
    approve(propose_removal(entry, grounds, by=first), by=second)
    version = make_plan(round_.compound)
    change = propose_plan_change(round_, version, is_material=True, grounds=grounds, by=first)
    approve(change, by=second)
    let_vote(round_, Choice.AGREE)
    text = printed(round_)
    for words in (
        "经两人决定。",
        "方案换成第2版，内容有变动，以前的表态都要重新确认",
        "增加0户（套），去掉1户（套）",
        "另有2户在方案换版以前表过态，待重新确认",
        "已表态1/9户",
    ):
        assert words in text, words
    assert "连日下雨" not in text


def test_the_audit_of_paper_votes_stands_on_the_result(round_: Round) -> None:
    keyed, other = make_staff().identity, make_staff().identity
    for entry in register_of(round_.id)[:3]:
        choices = {matter.id: Choice.AGREE for matter in round_.matters}
        ballot = Ballot(choices, f"form-{entry.id}", 0, 1)
        cast(round_, entry.household_id or 0, ballot, via=Channel.PAPER, keyed_by_id=keyed.id)
    with time_machine.travel(round_.closes_at + timedelta(minutes=1)):
        rounds.close_due_rounds()
        assert "抽中3张，已核对0张，确认结果以前核对完。" in printed(round_)
        assert "渠道：纸质表3。" in printed(round_)
        first, second, third = sample_of(round_.id)
        check_item(round_, first, agrees=True, why="", by=other)
        check_item(round_, second, agrees=True, why="", by=other)
        assert "抽中3张，已核对2张，都和录入的一样。" in printed(round_)
        check_item(round_, third, agrees=False, why="看错一栏", by=other)
        assert "已核对3张，其中1张和录入的不一样，按异议处理。" in printed(round_)


@pytest.mark.parametrize(
    ("plan", "management", "words"),
    [
        (8, 8, "结论：两项都达到门槛，可以进入开工核验。"),
        (7, 7, "结论：两项都没有达到门槛，按规定不能开工。"),
        (8, 7, "结论：改造方案达到门槛、物业方案没有达到，按规定不能开工。"),
        (7, 8, "结论：物业方案达到门槛、改造方案没有达到，按规定不能开工。"),
    ],
)
def test_the_conclusion_names_what_reached_its_bar_and_what_did_not(
    round_: Round, plan: int, management: int, words: str
) -> None:
    verdicts = (
        Verdict("改造方案", Tally(10, plan)),
        Verdict("物业方案", Tally(10, management)),
        Verdict("改个名字", Tally(10, 10), is_main=False),
    )
    figures = replace(notice_of(round_), verdicts=verdicts)
    assert words in printing.notice_html(figures, on_screen=False)


def test_a_form_that_counts_only_since_the_close_stands_in_the_audit(round_: Round) -> None:
    people = [make_staff().identity for _ in range(3)]
    home = register_of(round_.id)[0]
    agreed = {matter.id: Choice.AGREE for matter in round_.matters}
    cast(round_, home.household_id or 0, Ballot(agreed, "by-phone", 0, 1), via=Channel.PHONE)
    refused = {matter.id: Choice.DISAGREE for matter in round_.matters}
    ballot = Ballot(refused, "on-paper", 1, 1)
    cast(round_, home.household_id or 0, ballot, via=Channel.PAPER, keyed_by_id=people[2].id)
    with time_machine.travel(round_.closes_at + timedelta(minutes=1)):
        rounds.close_due_rounds()
        (conflict,) = open_conflicts(round_.id)
        kept = propose_resolution(
            conflict, keep_held=True, grounds=Grounds("本人签的字"), by=people[0]
        )
        approve(kept, by=people[1])
        assert "抽中0张，截止后采用的1张也要核对，共已核对0张" in printed(round_)


def test_a_question_asked_again_names_the_round_before_and_why(session: Session) -> None:
    compound = make_building(homes=6).compound
    before = make_round(compound)
    before.archived_at = before.certified_at = clock.now()
    session.flush()
    now = clock.now()
    terms = rounds.RoundTerms("第二轮征询", now, now + timedelta(days=15), "0953-5550100")
    again = rounds.draft_round(
        compound, terms, by=make_staff().identity, reopening_reason="上一轮差两户，方案改了。"
    )
    again.frozen_at = again.opened_at = now
    session.flush()
    lines = notice_of(again).record.lines
    assert lines == ("本轮在第1轮征询以后重新征询，理由：上一轮差两户，方案改了。",)


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
