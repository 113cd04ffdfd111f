"""Where a household stands: to be confirmed, in dispute, compared, sold, struck out, struck off."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.rounds import conflicts, objections, register
from app.rounds.cases import Conflict, Effect, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Voice, Vote
from app.rounds.objections import Answer, Complaint
from app.rounds.profile import Revote, Switches
from tests.client import Page, PageClient
from tests.factories import issue_code, make_plan, make_staff
from tests.rounds.asking import Asked, asked, ballot, change_plan, vote
from tests.rounds.disagreeing import GROUNDS, on_paper
from tests.rounds.offices import entry_at

JSON = {"Accept": "application/json"}


def votes(session: sa.orm.Session) -> list[Vote]:
    return list(session.scalars(sa.select(Vote).order_by(Vote.id)))


def entry_of(home: Asked) -> RegisterEntry:
    return entry_at(home.round, home.home)


def confirmation(page: Page) -> dict[str, str]:
    return page.form_values("/reaffirm")


def own_page(client: PageClient) -> Page:
    return client.get("rounds.home")


# The plan changed.


@pytest.mark.parametrize("where", ["rounds.home", "rounds.vote"])
def test_after_a_material_change_the_page_says_what_changed_and_what_was_said(
    client: PageClient, where: str
) -> None:
    home = asked(client)
    vote(client, home, "disagree", comment="先修水管")
    change_plan(home, note="屋面改成坡屋顶。")
    values = {} if where == "rounds.home" else {"round_id": home.round.id}
    page = client.get(where, **values)
    for said in ("方案改了，请您家再确认一次", "第 1 版", "第 2 版", "屋面改成坡屋顶"):
        assert said in page.text
    assert "改造方案 不同意" in page.text
    assert "先修水管" in page.text
    assert page.all("a", href=f"/b/{home.building.token}/plan?v=2&changes=open#changes")
    assert page.one("form", action=f"/rounds/{home.round.id}/reaffirm").one("button").text == (
        "维持原来的意见，确认"
    )


def test_one_tap_confirms_the_old_word_and_the_same_tap_gives_the_same_receipt(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    vote(client, home, "disagree", comment="先修水管")
    change_plan(home)
    values = confirmation(own_page(client))
    first = client.post("rounds.reaffirm", values, round_id=home.round.id)
    again = client.post("rounds.reaffirm", values, round_id=home.round.id)
    assert first.headers["Location"] == again.headers["Location"]
    page = client.follow(first)
    assert page.h1 == "已经计入"
    assert "先修水管" in page.text
    assert [v.is_current for v in votes(session)] == [False, True]
    assert entry_of(home).voice == Voice.COUNTED
    assert "再确认一次" not in own_page(client).text


def test_whoever_changes_the_mind_finds_the_form_below(client: PageClient) -> None:
    home = asked(client)
    vote(client, home)
    change_plan(home)
    link = [a for a in own_page(client).all("a") if a.text == "改主意了，重新表态"]
    assert [a["href"] for a in link] == [f"/rounds/{home.round.id}/vote"]
    assert vote(client, home, "abstain").h1 == "已经计入"
    assert entry_of(home).voice == Voice.COUNTED


def test_nobody_confirms_a_version_that_came_after_the_page(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    vote(client, home)
    change_plan(home)
    values = confirmation(own_page(client))
    change_plan(home, note="又改了一次。")
    page = client.post("rounds.reaffirm", values, 409, round_id=home.round.id)
    assert page.h1 == "方案有了新版本"
    assert "又改了一次" in page.text
    assert len(votes(session)) == 1


def test_a_confirmation_meets_what_somebody_of_the_household_said_meanwhile(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    vote(client, home)
    change_plan(home)
    values = confirmation(own_page(client))
    vote(client, home, "abstain")
    page = client.post("rounds.reaffirm", values, 409, round_id=home.round.id)
    assert "要替换吗" in page.h1
    assert len(votes(session)) == 2


def test_a_confirmation_may_come_where_no_change_is_allowed(client: PageClient) -> None:
    home = asked(client, switches=Switches(revote=Revote.NONE))
    vote(client, home)
    change_plan(home)
    values = confirmation(own_page(client))
    assert client.follow(client.post("rounds.reaffirm", values, round_id=home.round.id))
    assert entry_of(home).voice == Voice.COUNTED


def test_a_confirmation_that_was_tampered_with_leads_to_the_form(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    vote(client, home)
    change_plan(home)
    values = {**confirmation(own_page(client)), "seen": "x"}
    answer = client.post("rounds.reaffirm", values, round_id=home.round.id)
    assert answer.headers["Location"] == f"/rounds/{home.round.id}/vote"
    assert len(votes(session)) == 1


def test_an_editorial_change_asks_nobody_again(client: PageClient) -> None:
    home = asked(client)
    vote(client, home)
    change_plan(home, is_material=False)
    assert "您家已经表态" in own_page(client).text
    assert not own_page(client).all("form", action=f"/rounds/{home.round.id}/reaffirm")


def test_the_receipt_from_before_says_that_it_waits(client: PageClient) -> None:
    home = asked(client)
    receipt = vote(client, home)
    change_plan(home)
    again = client.visit(receipt.response.request.path)
    assert again.h1 == "收到过，等您家再确认"


def test_the_building_tells_how_many_have_to_confirm(client: PageClient) -> None:
    home = asked(client)
    vote(client, home)
    assert "要重新确认" not in client.get("rounds.building", token=home.building.token).text
    change_plan(home)
    page = client.get("rounds.building", token=home.building.token)
    assert "小区 0/6 户，0.0 % 另有 1 户要重新确认" in page.text


def test_a_form_of_the_old_plan_loses_nothing(client: PageClient, session: sa.orm.Session) -> None:
    home = asked(client)
    form = client.get("rounds.vote", round_id=home.round.id)
    change_plan(home)
    values = ballot(form, "disagree", comment="太吵")
    page = client.post("rounds.cast", values, 409, round_id=home.round.id)
    assert "屋面改成坡屋顶" in page.text
    assert "太吵" in page.text
    checked = client.follow(
        client.post("rounds.review", page.form_values("/review"), round_id=home.round.id)
    )
    assert "不同意" in checked.one("dl").text
    client.post("rounds.cast", checked.form_values("/vote"), round_id=home.round.id)
    assert [(v.comment, v.plan_version.number) for v in votes(session)] == [("太吵", 2)]


# Two channels, two words.


def held(client: PageClient) -> tuple[Asked, Conflict]:
    """The phone agreed, a form on paper says no."""
    home = asked(client)
    vote(client, home, "agree")
    on_paper(home.round, home.home, Choice.DISAGREE, make_staff(), "paper-0001", seen=1)
    [conflict] = conflicts.open_conflicts(home.round.id)
    return home, conflict


def test_while_two_words_are_compared_the_page_shows_both_and_which_counts(
    client: PageClient,
) -> None:
    held(client)
    text = own_page(client).text
    assert "正在核实" in text
    counts, waits = text.index("现在算数的：手机"), text.index("还没有算的：纸质表")
    assert "改造方案 同意" in text[counts:waits]
    assert "改造方案 不同意" in text[waits:]


def test_while_they_are_compared_nothing_can_be_sent_and_the_way_on_is_a_person(
    client: PageClient, session: sa.orm.Session
) -> None:
    home, _conflict = held(client)
    page = client.get("rounds.vote", 409, round_id=home.round.id)
    assert page.h1 == "正在核实，先不能改"
    assert len(page.all("a", href="tel:0953-5550100")) == 2
    assert not page.all("fieldset")
    assert len(votes(session)) == 2


def test_a_held_vote_has_a_receipt_and_its_phone_is_told(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client)
    on_paper(home.round, home.home, Choice.DISAGREE, make_staff(), "paper-0001")
    form = client.get("rounds.vote", round_id=home.round.id)
    values = {"csrf_token": client.token(), **ballot(form, "agree")}
    url = f"/rounds/{home.round.id}/vote"
    answer = client.raw("post", url, data=values, headers=JSON)
    newest = votes(session)[-1]
    told = {"receipt": newest.receipt, "seq": newest.seq, "status": "recorded", "held": True}
    assert answer.json == told
    status = f"/rounds/{home.round.id}/status?request_id={values['request_id']}"
    assert client.raw("get", status).json == told
    page = client.get("rounds.receipt", code=newest.receipt)
    assert page.h1 == "收到了，正在核实"
    assert "先按早的那次算" in page.text


@pytest.mark.parametrize("keep_held", [False, True])
def test_after_the_comparison_each_receipt_says_which_was_taken(
    client: PageClient, session: sa.orm.Session, keep_held: bool
) -> None:
    home, conflict = held(client)
    decision = conflicts.propose_resolution(
        conflict, keep_held=keep_held, grounds=GROUNDS, by=home.office.first
    )
    home.office.agrees(decision)
    taken, other = reversed(votes(session)) if keep_held else votes(session)
    assert client.get("rounds.receipt", code=taken.receipt).h1 == "已经计入"
    page = client.get("rounds.receipt", code=other.receipt)
    assert page.h1 == "核实后没有用这一次"
    assert "核实后没有用这一次" in own_page(client).text


def test_a_vote_that_was_held_when_the_plan_changed_says_so(
    client: PageClient, session: sa.orm.Session
) -> None:
    home, _conflict = held(client)
    change_plan(home)
    page = client.get("rounds.receipt", code=votes(session)[1].receipt)
    assert page.h1 == "方案改了，这一次没有再算"


# Co-owners, buyers, and votes that are none.


def test_owners_who_disagree_are_told_to_sign_together(client: PageClient) -> None:
    home = asked(client)
    receipt = vote(client, home)
    dispute = conflicts.propose_dispute(entry_of(home), GROUNDS, by=home.office.first)
    home.office.agrees(dispute)
    text = own_page(client).text
    assert "有争议，暂不计票" in text
    assert "一起在一张纸质表上签字" in text
    page = client.get("rounds.vote", 409, round_id=home.round.id)
    assert page.h1 == "正在核实，先不能改"
    assert client.visit(receipt.response.request.path).h1 == "收到了，暂不计票"


def sold(client: PageClient) -> Asked:
    """The seller voted and wrote; the buyer is signed in with a new code."""
    home = asked(client)
    vote(client, home, "disagree", comment="卖家的话")
    decision = register.propose_transfer(entry_of(home), ["钱进"], GROUNDS, by=home.office.first)
    home.office.agrees(decision)
    client.enter(home.building, issue_code(home.home))
    return home


def test_a_buyer_learns_that_the_sellers_vote_stands_and_not_what_it_says(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = sold(client)
    page = own_page(client)
    assert "原业主表过态" in page.text
    refused = client.get("rounds.vote", 409, round_id=home.round.id)
    receipt = client.get("rounds.receipt", code=votes(session)[0].receipt)
    assert refused.h1 == "原业主已经表过态"
    for shown in (page, refused, receipt):
        assert "不同意" not in shown.text
        assert "卖家的话" not in shown.text


def test_after_a_material_change_the_buyer_speaks_anew_and_confirms_nothing_unseen(
    client: PageClient,
) -> None:
    home = sold(client)
    change_plan(home)
    page = own_page(client)
    assert not page.all("form", action=f"/rounds/{home.round.id}/reaffirm")
    form = client.get("rounds.vote", round_id=home.round.id)
    assert "卖家的话" not in form.html
    assert vote(client, home, "agree").h1 == "已经计入"


def test_a_vote_that_was_struck_out_says_why_and_the_household_may_speak_again(
    client: PageClient,
) -> None:
    home = asked(client)
    receipt = vote(client, home)
    complaint = Complaint(ObjectionKind.NOT_ME, home.home.address, "不是我投的", home.home.id)
    objection = objections.raise_objection(home.round, complaint)
    answer = Answer("核实了，不是您家投的，作废。", Effect.STRIKE_OUT)
    home.office.agrees(objections.propose_answer(objection, answer, by=home.office.first))
    page = own_page(client)
    assert "的票作废了，不计入" in page.text
    assert page.all("a", href=f"/rounds/{home.round.id}/objections")
    assert client.visit(receipt.response.request.path).h1 == "这一票作废了"
    assert vote(client, home).h1 == "已经计入"
    assert "您家已经表态" in own_page(client).text


def test_a_household_struck_off_the_register_is_told_and_its_receipt_too(
    client: PageClient,
) -> None:
    home = asked(client)
    receipt = vote(client, home)
    removal = register.propose_removal(entry_of(home), GROUNDS, by=home.office.first)
    home.office.agrees(removal)
    assert "您家不在这一轮的登记册里" in own_page(client).text
    page = client.get("rounds.vote", 409, round_id=home.round.id)
    assert page.h1 == "登记册里没有您家"
    assert page.all("a", href=f"/rounds/{home.round.id}/objections")
    assert client.visit(receipt.response.request.path).h1 == "这一户已不在登记册里"


# What may no longer be changed.


def test_where_nothing_may_change_the_page_shows_both_words_and_loses_nothing(
    client: PageClient, session: sa.orm.Session
) -> None:
    home = asked(client, switches=Switches(revote=Revote.NONE))
    form = client.get("rounds.vote", round_id=home.round.id)
    vote(client, home, "agree")
    values = ballot(form, "disagree", comment="我再想想", seen="1.1", request_id="request-two")
    page = client.post("rounds.cast", values, 409, round_id=home.round.id)
    assert page.h1 == "这一轮不能再改了"
    stands, filled = page.text.index("您家的表态没有变"), page.text.index("刚才选的（没有计入）")
    assert "改造方案 同意" in page.text[stands:filled]
    assert "改造方案 不同意" in page.text[filled:]
    assert "我再想想" in page.text
    assert page.all("a", href="/home")
    assert len(votes(session)) == 1
    assert "改主意" not in own_page(client).text


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda home: None, "no-more-changes"),
        (
            lambda home: home.office.agrees(
                conflicts.propose_dispute(entry_of(home), GROUNDS, by=home.office.first)
            ),
            "being-settled",
        ),
        (lambda home: make_plan(home.building.compound), "no-more-changes"),
    ],
)
def test_a_phone_is_told_in_a_word_why_nothing_was_recorded(
    client: PageClient, prepare: Any, word: str
) -> None:
    home = asked(client, switches=Switches(revote=Revote.NONE))
    form = client.get("rounds.vote", round_id=home.round.id)
    vote(client, home)
    prepare(home)
    values = ballot(form, "disagree", seen="1.1", request_id="request-two")
    values["csrf_token"] = client.token()
    url = f"/rounds/{home.round.id}/vote"
    answer = client.raw("post", url, data=values, headers=JSON)
    assert (answer.status_code, answer.json["status"]) == (409, word)
