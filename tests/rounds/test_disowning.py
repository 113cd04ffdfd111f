"""A vote that is not the household's own: others are signed out, two persons look into it."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.core.db import db
from app.rounds import actions, disowning, objections, pending, queries, register
from app.rounds.cases import Effect, Objection, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import Channel, Voice, Vote
from app.rounds.objections import Answer, BadEffect, Complaint
from tests.client import Page, PageClient
from tests.factories import issue_code, make_staff
from tests.rounds.asking import Asked, asked, vote
from tests.rounds.offices import GROUNDS, entry_at, figures, journal_of, say, votes_of

AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE
WAITS = "报告过这一次不是自己填的，社区正在核实"
LINK = "这不是我们家填的"


@pytest.fixture
def home(client: PageClient) -> Asked:
    """A household that is signed in here, and for which somebody has said yes."""
    home = asked(client)
    say(home.round, home.home, AGREE)
    return home


def receipt_of(home: Asked) -> str:
    return votes_of(home.round, home.home)[-1].receipt


def report(client: PageClient, home: Asked, status: int = 303, **others: Any) -> Any:
    code = others.pop("code", receipt_of(home))
    return client.post("rounds.disown", others, status, code=code)


def reported(client: PageClient, home: Asked, words: str = "") -> Objection:
    report(client, home, words=words)
    return db.session.scalars(sa.select(Objection).order_by(Objection.id.desc())).first() or (
        Objection()
    )


def struck_out(home: Asked, objection: Objection) -> None:
    answer = Answer("查过了，不是这一户填的。", Effect.STRIKE_OUT, evidence="监控")
    home.office.agrees(objections.propose_answer(objection, answer, by=home.office.first))


def test_it_is_reached_from_the_history_and_from_the_receipt_and_says_what_will_happen(
    client: PageClient, home: Asked
) -> None:
    for page in (client.get("rounds.home"), client.get("rounds.receipt", code=receipt_of(home))):
        [link] = [link for link in page.all("a") if link.text == LINK]
    asks = client.visit(link["href"])
    assert asks.h1 == LINK
    for said in (home.home.address, "改造方案 同意", "马上全部退出", "两个人决定", "换一张户码单"):
        assert said in asks.text
    assert "重新表态" in asks.text
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Objection)) == 0


def test_every_other_browser_of_the_home_is_signed_out_and_no_neighbours(
    app: Flask, client: PageClient, home: Asked
) -> None:
    code = issue_code(home.home)
    strangers = [PageClient(app), PageClient(app)]
    neighbour = PageClient(app)
    for browser in (client, *strangers):
        browser.enter(home.building, code)
    neighbour.enter(home.building, issue_code(home.homes[1]))
    report(client, home)
    assert [browser.raw("get", "/home").status_code for browser in strangers] == [303, 303]
    assert client.raw("get", "/home").status_code == 200
    assert neighbour.raw("get", "/home").status_code == 200


def test_a_case_is_opened_that_names_the_vote_and_the_vote_stays_meanwhile(
    client: PageClient, home: Asked
) -> None:
    case = reported(client, home, "那天家里没人")
    assert (case.kind, case.household_id) == (ObjectionKind.NOT_ME, home.home.id)
    assert case.vote is not None
    assert (case.vote.receipt, case.words) == (receipt_of(home), "那天家里没人")
    assert queries.open_objections(home.round.id) == 1
    assert figures(home.round) == (6, 1, 0, 0)


def test_the_journal_names_the_vote_by_its_number_and_tells_no_word(
    client: PageClient, home: Asked
) -> None:
    case = reported(client, home, "那天家里没人")
    [entry] = journal_of(home.round, "OBJECTION")
    assert (entry["step"], entry["about"], entry["vote"]) == ("raised", "not_me", 1)
    assert entry["words"] == case.commitment
    assert "没人" not in str(entry)


def test_the_household_reads_that_it_is_looked_into_and_nobody_else_does(
    app: Flask, client: PageClient, home: Asked
) -> None:
    told = client.follow(report(client, home))
    assert "登录已经全部退出" in told.text
    for page in (told, client.get("rounds.home")):
        assert WAITS in page.text
        assert LINK not in [link.text for link in page.all("a")]
    stranger = PageClient(app).get("rounds.receipt", code=receipt_of(home))
    assert "报告" not in stranger.text
    assert stranger.h1 == "已经计入"


def test_words_are_optional_and_have_an_end(client: PageClient, home: Asked) -> None:
    report(client, home, 422, words="长" * 501)
    assert reported(client, home).words == ""
    own = client.get("rounds.object", round_id=home.round.id)
    assert not [node for node in own.all("p", class_="said") if not node.text]


def test_one_vote_is_reported_once(client: PageClient, home: Asked) -> None:
    report(client, home)
    assert "已经报告过" in report(client, home, 422).text
    page = client.get("rounds.disown", code=receipt_of(home))
    assert not page.all("form", action=f"/receipts/{receipt_of(home)}/not-ours")
    assert len(objections.objections_of(home.round.id)) == 1


def test_three_open_objections_do_not_stand_in_its_way(client: PageClient, home: Asked) -> None:
    for _ in range(objections.MOST_OPEN):
        about = Complaint(ObjectionKind.CONTENT, "1号楼", "别的事", home.home.id)
        objections.raise_objection(home.round, about)
    assert reported(client, home).kind == ObjectionKind.NOT_ME


def test_struck_out_while_open_the_household_is_silent_and_may_speak_anew(
    client: PageClient, home: Asked
) -> None:
    code = receipt_of(home)
    struck_out(home, reported(client, home))
    assert figures(home.round) == (6, 0, 0, 0)
    assert entry_at(home.round, home.home).voice == Voice.SILENT
    client.enter(home.building, issue_code(home.home))
    receipt = client.get("rounds.receipt", code=code)
    assert receipt.h1 == "这一票作废了"
    assert [a for a in receipt.all("a") if a.text == "重新表态"]
    assert "社区核实了，这一次作废" in receipt.text
    own = client.get("rounds.home")
    assert "票作废了，不计入" in own.text
    assert "您家现在算没有表态" in own.text
    assert "社区核实了，这一次作废" in own.text
    assert vote(client, home, "disagree").h1 == "已经计入"
    assert figures(home.round) == (6, 0, 1, 0)
    assert client.get("rounds.disown", code=code).text.count("已经作废了") == 1
    assert "已经作废了" in report(client, home, 422, code=code).text


def test_a_vote_that_was_the_households_own_after_all_stays_and_it_reads_so(
    client: PageClient, home: Asked
) -> None:
    case = reported(client, home)
    answer = Answer("是您家儿子填的。")
    home.office.agrees(objections.propose_answer(case, answer, by=home.office.first))
    page = client.get("rounds.receipt", code=receipt_of(home))
    assert page.h1 == "已经计入"
    assert "社区核实了，这一次没有作废" in page.text
    answered = client.get("rounds.object", round_id=home.round.id)
    assert "是您家儿子填的" in answered.text


def test_nobody_strikes_out_another_vote_than_the_one_that_was_named(
    client: PageClient, home: Asked
) -> None:
    stranger = votes_of(home.round, home.home)[-1]
    report(client, home)
    [case] = objections.objections_of(home.round.id)
    vote(client, home, "disagree")
    with pytest.raises(BadEffect):
        struck_out(home, case)
    assert figures(home.round) == (6, 0, 1, 0)
    assert client.get("rounds.receipt", code=stranger.receipt).h1 == "已被后来的表态替换"
    own = client.get("rounds.home")
    assert WAITS in own.one("ol").text


def test_a_vote_that_was_replaced_can_be_reported_too(client: PageClient, home: Asked) -> None:
    code = receipt_of(home)
    vote(client, home, "disagree")
    report(client, home, code=code)
    [case] = objections.objections_of(home.round.id)
    assert case.vote is not None
    assert case.vote.number == 1


@pytest.mark.parametrize("days", [0, 16])
def test_it_is_taken_while_open_and_after_the_close(
    client: PageClient, home: Asked, days: int
) -> None:
    with time_machine.travel(home.round.opened_at + timedelta(days=days, minutes=1)):
        client.enter(home.building, issue_code(home.home))
        report(client, home)
    assert queries.open_objections(home.round.id) == 1


def test_it_ends_with_the_days_for_objections_and_is_taken_until_then(
    client: PageClient, home: Asked
) -> None:
    code = receipt_of(home)
    with time_machine.travel(home.round.closes_at + timedelta(hours=1), tick=False):
        actions.publish_result(home.round, by=home.office.first)
    digits = issue_code(home.home)
    with time_machine.travel(queries.objections_end(home.round), tick=False):
        client.enter(home.building, digits)
        assert "异议期已经过了" in report(client, home, 422, code=code).text
        assert LINK not in [link.text for link in client.get("rounds.home").all("a")]
    with time_machine.travel(queries.objections_end(home.round) - timedelta(minutes=1)):
        client.enter(home.building, digits)
        report(client, home, code=code)
    assert queries.open_objections(home.round.id) == 1


def test_only_the_household_itself_reports_its_vote(
    app: Flask, client: PageClient, home: Asked
) -> None:
    code = receipt_of(home)
    say(home.round, home.homes[1], DISAGREE)
    other = votes_of(home.round, home.homes[1])[-1].receipt
    client.get("rounds.disown", 404, code=other)
    report(client, home, 404, code=other)
    client.get("rounds.disown", 404, code="ABCDEFGHIJKL")
    stranger = PageClient(app)
    stranger.get("rounds.building", token=home.building.token)
    assert stranger.raw("get", f"/receipts/{code}/not-ours").status_code == 303
    assert report(stranger, home).headers["Location"].endswith("/enter")
    assert objections.objections_of(home.round.id) == []


def test_the_buyer_of_a_home_reports_nothing_of_the_sellers(
    client: PageClient, home: Asked
) -> None:
    entry = entry_at(home.round, home.home)
    home.office.agrees(register.propose_transfer(entry, ["钱进"], GROUNDS, by=home.office.first))
    client.enter(home.building, issue_code(home.home))
    client.get("rounds.disown", 404, code=receipt_of(home))
    assert LINK not in [link.text for link in client.get("rounds.home").all("a")]


def test_a_vote_on_paper_can_be_reported_as_well(client: PageClient) -> None:
    home = asked(client)
    say(home.round, home.home, AGREE, Channel.PAPER)
    assert reported(client, home).vote_id == db.session.scalars(sa.select(Vote.id)).one()


def test_the_code_and_the_sessions_of_the_home_end_with_the_vote_that_was_not_its_own(
    app: Flask, client: PageClient, home: Asked
) -> None:
    digits, stranger = issue_code(home.home), PageClient(app)
    client.enter(home.building, digits)
    case = reported(client, home)
    struck_out(home, case)
    assert client.raw("get", "/home").status_code == 303
    assert (
        "户码不对"
        in stranger.post("accounts.enter", {"code": digits}, 422, token=home.building.token).text
    )
    assert pending.case_counts(home.round.id).slips == 1
    desk = PageClient(app)
    desk.sign_in(make_staff())
    assert "等新户码单" in desk.get("cases.objections", round_id=home.round.id).text
    for page in (
        desk.get("cases.decision", decision_id=case.decision_id),
        desk.get("cases.objection", objection_id=case.id),
    ):
        assert "这一户的户码已作废，请打印新的户码单" in page.text
    issue_code(home.home)
    assert pending.case_counts(home.round.id).slips == 0


def test_a_home_waits_for_three_answers_and_may_still_object_to_something_else(
    client: PageClient, home: Asked
) -> None:
    for choice in ("disagree", "agree", "disagree"):
        report(client, home)
        vote(client, home, choice)
    assert "您家已有 3 件报告正在核实" in report(client, home, 422).text
    assert "您家已有 3 件报告正在核实" in client.get("rounds.disown", code=receipt_of(home)).text
    assert queries.open_objections(home.round.id) == disowning.MOST_REPORTS
    about = Complaint(ObjectionKind.CONTENT, "1号楼", "别的事", home.home.id)
    objections.raise_objection(home.round, about)


def test_a_receipt_that_was_reported_says_so_before_anything_else(
    client: PageClient, home: Asked
) -> None:
    page = client.follow(report(client, home))
    assert page.h1 == "已报告，正在核实"
    assert "done" not in (page.one("h1").get("class") or "")


# What the office sees of it.


def test_the_office_finds_it_marked_among_its_objections_without_any_choice(
    app: Flask, client: PageClient, home: Asked
) -> None:
    case, desk = reported(client, home), PageClient(app)
    desk.sign_in(make_staff())
    listed = desk.get("cases.objections", round_id=home.round.id)
    assert "住户报告" in listed.one("table").text
    assert "第 1 次表态" in listed.one("table").text
    shown = desk.get("cases.objection", objection_id=case.id)
    assert "现在算数的就是这一次" in shown.text
    for page in (listed, shown):
        assert "同意 " not in page.one("main").text
    assert "strike_out" in effects_offered(desk, case)
    struck_out(home, case)
    shown = desk.get("cases.objection", objection_id=case.id)
    assert "已经作废" in shown.text
    assert [
        a for a in shown.all("a") if a.text == "打印新的户码单"
    ] or "打印新的户码单" in shown.text


def test_striking_out_is_not_offered_once_another_vote_counts(
    app: Flask, client: PageClient, home: Asked
) -> None:
    case, desk = reported(client, home), PageClient(app)
    desk.sign_in(make_staff())
    vote(client, home, "disagree")
    assert "strike_out" not in effects_offered(desk, case)
    shown = desk.get("cases.objection", objection_id=case.id)
    assert "现在算数的不是这一次" in shown.text


def effects_offered(desk: PageClient, case: Objection) -> list[str]:
    page: Page = desk.get("cases.answer", objection_id=case.id)
    return [radio["value"] for radio in page.all("input", name="effect")]
