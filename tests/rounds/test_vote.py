"""Voting on the phone: the form, the review, and every way in which it can go wrong."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.journal.models import JournalEntry, Kind
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Vote
from tests.client import Node, PageClient
from tests.factories import homes_of, issue_code, make_household, make_plan
from tests.rounds.voters import Voter, cast_quickly, fill, make_voter, signed_in, vote

YES, NO, NEITHER = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN
JSON = {"Accept": "application/json"}


def votes(session: sa.orm.Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Vote)) or 0


def send(client: PageClient, voter: Voter, values: dict[str, str], status: int = 303) -> Any:
    return client.post("rounds.cast", values, status, round_id=voter.round.id)


def send_json(client: PageClient, voter: Voter, values: dict[str, str]) -> Any:
    url = f"/rounds/{voter.round.id}/vote"
    return client.raw("post", url, data={"csrf_token": client.token(), **values}, headers=JSON)


def review(client: PageClient, voter: Voter, values: dict[str, str], status: int = 200) -> Any:
    answer = client.post(
        "rounds.review", values, 303 if status == 200 else status, round_id=voter.round.id
    )
    return client.follow(answer) if status == 200 else answer


def test_five_taps_lead_from_the_own_page_to_the_receipt(client: PageClient) -> None:
    voter = make_voter()
    home = client.enter(voter.building, voter.digits)
    form = client.visit(home.one("a", class_="button")["href"])  # 1: vote now
    values = fill(form, voter.round, YES, NO)  # 2 and 3: one choice on each matter
    sent_on = client.submit(form.one("form", class_="ballot")["action"], values)  # 4: review
    checked = client.follow(sent_on)
    sent = checked.form_values("/vote")
    receipt = client.follow(client.submit(f"/rounds/{voter.round.id}/vote", sent))  # 5: confirm
    assert receipt.h1 == "已经计入"


def test_nothing_is_chosen_beforehand_and_all_choices_look_alike(client: PageClient) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    groups = form.all("fieldset", class_="choice")
    assert len(groups) == 2
    for group in groups:
        radios = group.all("input", type="radio")
        assert [radio["value"] for radio in radios] == ["agree", "disagree", "abstain"]
        assert [label.text for label in group.all("label")] == ["同意", "不同意", "弃权"]
        assert {_shape(node) for node in radios} == {_shape(radios[0])}
        assert {_shape(node) for node in group.all("label")} == {_shape(group.all("label")[0])}
        assert not [radio for radio in radios if radio.get("checked") is not None]


def _shape(node: Node) -> tuple[Any, ...]:
    """Everything of an element but the names that tell it apart."""
    own = {"id", "for", "value"}
    return node.tag, *sorted((k, v) for k, v in node.element.attrib.items() if k not in own)


def test_the_review_repeats_household_choices_and_plan_and_writes_nothing(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    checked = review(client, voter, fill(form, voter.round, YES, NEITHER, comment="路灯要亮"))
    for said in (voter.home.address, "同意", "弃权", "路灯要亮", "第 1 版"):
        assert said in checked.one("dl").text
    assert votes(session) == 0
    assert (
        session.scalars(sa.select(JournalEntry).where(JournalEntry.kind == Kind.VOTE)).all() == []
    )


def test_going_back_from_the_review_keeps_choices_and_words(client: PageClient) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    checked = review(client, voter, fill(form, voter.round, NO, NEITHER, comment="太贵\n了"))
    back = client.visit(checked.one("a", class_="button")["href"])
    chosen = [r["value"] for r in back.all("input", type="radio") if r.get("checked") is not None]
    assert chosen == ["disagree", "abstain"]
    assert back.form_values("/review")["comment"] == "太贵\n了"
    assert back.form_values("/review")["request_id"] == form.form_values("/review")["request_id"]


@pytest.mark.parametrize("step", ["review", "cast"])
def test_a_matter_without_an_answer_is_asked_again_and_the_others_stay(
    client: PageClient, session: sa.orm.Session, step: str
) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    values = fill(form, voter.round, YES, YES)
    missing = f"matter-{voter.round.matters[1].id}"
    del values[missing]
    page = client.post(f"rounds.{step}", values, 422, round_id=voter.round.id)
    assert page.one("fieldset", id=missing).one("p", class_="error").text == "这一项还没有选。"
    assert page.form_values("/review")[f"matter-{voter.round.matters[0].id}"] == "agree"
    assert votes(session) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seen", ""),
        ("seen", "1"),
        ("seen", "-1.1"),
        ("seen", "0.1\n"),
        ("seen", "9999999.1"),
        ("request_id", ""),
        ("request_id", "short"),
        ("request_id", "x" * 65),
        ("request_id", "with space"),
        ("comment", "长" * 501),
    ],
)
def test_a_form_that_was_tampered_with_records_nothing(
    client: PageClient, session: sa.orm.Session, field: str, value: str
) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    send(client, voter, fill(form, voter.round, YES, YES, **{field: value}), 422)
    assert votes(session) == 0


def test_a_choice_that_does_not_exist_is_refused(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    send(client, voter, {**values, f"matter-{voter.round.matters[0].id}": "maybe"}, 422)
    assert votes(session) == 0


def test_the_same_request_again_leads_to_the_same_receipt(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, NO)
    first, again = send(client, voter, values), send(client, voter, values)
    assert first.headers["Location"] == again.headers["Location"]
    assert votes(session) == 1


def test_a_used_form_filled_in_differently_is_not_mistaken_for_a_repetition(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    send(client, voter, fill(form, voter.round, YES, YES))
    page = send(client, voter, fill(form, voter.round, NO, NO), 409)
    assert "刚才这一次还没有计入" in page.text
    client.submit(f"/rounds/{voter.round.id}/vote", page.form_values("/vote"))
    assert votes(session) == 2


def test_a_phone_gets_its_receipt_as_json(client: PageClient, session: sa.orm.Session) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    answer = send_json(client, voter, values)
    stored = session.scalars(sa.select(Vote)).one()
    assert answer.status_code == 200
    assert answer.json == {"receipt": stored.receipt, "seq": stored.seq, "status": "recorded"}
    assert send_json(client, voter, values).json == answer.json


def test_a_phone_is_refused_in_json_too(client: PageClient) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    lacking = {k: v for k, v in values.items() if not k.startswith("matter-")}
    answer = send_json(client, voter, lacking)
    assert (answer.status_code, answer.json["status"]) == (422, "incomplete")
    answer = send_json(client, voter, {**values, "seen": "7.1"})
    assert (answer.status_code, answer.json["status"]) == (409, "voted-meanwhile")
    answer = send_json(client, voter, {**values, "seen": "0.9"})
    assert (answer.status_code, answer.json["status"]) == (409, "plan-changed")
    with time_machine.travel(voter.round.closes_at - timedelta(minutes=1)):
        client.enter(voter.building, voter.digits)
    with time_machine.travel(voter.round.closes_at):
        answer = send_json(client, voter, {**values, "csrf_token": client.token()})
    assert (answer.status_code, answer.json["status"]) == (409, "not-open")


def test_the_status_of_a_request_is_told_to_its_household_alone(client: PageClient) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    url = f"/rounds/{voter.round.id}/status?request_id={values['request_id']}"
    assert client.raw("get", url).json == {"status": "unknown"}
    sent = send_json(client, voter, values).json
    assert client.raw("get", url).json == sent
    neighbour = homes_of(voter.building)[1]
    client.enter(voter.building, issue_code(neighbour))
    assert client.raw("get", url).json == {"status": "unknown"}


def test_changing_begins_with_what_the_household_itself_says_now(client: PageClient) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NEITHER)
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert "上次选的是：不同意" in form.text
    assert "上次选的是：弃权" in form.text
    chosen = [r for r in form.all("input", type="radio") if r.get("checked") is not None]
    assert [radio["value"] for radio in chosen] == ["disagree", "abstain"]


def test_two_phones_of_one_household_never_overwrite_each_other_unseen(
    app: Any, client: PageClient, session: sa.orm.Session
) -> None:
    voter, other = signed_in(client), PageClient(app)
    other.enter(voter.building, voter.digits)
    mine = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    theirs = fill(other.get("rounds.vote", round_id=voter.round.id), voter.round, NO, NEITHER)
    send(other, voter, theirs)
    page = send(client, voter, mine, 409)
    assert "现在算数的" in page.text
    assert "不同意" in page.text
    assert "手机" in page.text
    assert votes(session) == 1
    replaced = client.submit(f"/rounds/{voter.round.id}/vote", page.form_values("/vote"))
    assert client.follow(replaced).h1 == "已经计入"
    assert [v.is_current for v in session.scalars(sa.select(Vote).order_by(Vote.number))] == [
        False,
        True,
    ]


def test_keeping_the_earlier_vote_is_one_link(client: PageClient, session: sa.orm.Session) -> None:
    voter = signed_in(client)
    mine = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    cast_quickly(voter.round, voter.home, NO, "request-of-another")
    page = send(client, voter, mine, 409)
    assert "/home" in {link["href"] for link in page.all("a", class_="button")}
    assert votes(session) == 1


def test_a_plan_that_changed_while_one_read_is_read_again_first(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    voter.round.plan_version = make_plan(voter.building.compound)
    page = send(client, voter, values, 409)
    assert page.h1 == "方案有了新版本"
    assert (
        "第 2 版"
        in page.one("a", href=f"/b/{voter.building.token}/plan?v=2&changes=open#changes").text
    )
    assert votes(session) == 0


def test_the_record_names_the_plan_that_was_shown(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    vote(client, voter, YES, YES)
    entry = session.scalars(sa.select(JournalEntry).where(JournalEntry.kind == Kind.VOTE)).one()
    assert f'"plan":"{"a" * 64}"' in entry.entry
    assert session.scalars(sa.select(Vote)).one().plan_version_id == voter.round.plan_version_id


def test_after_the_minute_nothing_counts_and_it_is_said(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = make_voter()
    with time_machine.travel(voter.round.closes_at - timedelta(minutes=5)):
        client.enter(voter.building, voter.digits)
        values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    with time_machine.travel(voter.round.closes_at):
        assert client.get("rounds.vote", round_id=voter.round.id).h1 == "现在不能表态"
        assert review(client, voter, values, 409).h1 == "没有计入"
        page = send(client, voter, values, 409)
    assert page.h1 == "没有计入"
    assert "已经截止" in page.one("p", role="alert").text
    assert votes(session) == 0


def test_a_home_that_came_after_the_freeze_is_told_it_is_not_on_the_register(
    client: PageClient,
) -> None:
    voter = make_voter()
    late = make_household(voter.building.entrances[0], "909")
    client.enter(voter.building, issue_code(late))
    page = client.get("rounds.vote", 409, round_id=voter.round.id)
    assert "不在这一轮的登记册里" in page.text


@pytest.mark.parametrize("endpoint", ["rounds.vote", "rounds.status"])
def test_only_a_household_of_the_compound_reaches_the_round(
    client: PageClient, endpoint: str
) -> None:
    voter = make_voter()
    client.get("rounds.building", token=voter.building.token)
    assert client.raw("get", f"/rounds/{voter.round.id}/vote").status_code == 303
    signed_in(client)
    client.get(endpoint, 404, round_id=voter.round.id)
    client.enter(voter.building, voter.digits)
    url = f"/rounds/{voter.round.id}/{endpoint.removeprefix('rounds.')}"
    assert client.raw("get", url).status_code == 200


@pytest.mark.parametrize("endpoint", ["rounds.review", "rounds.cast"])
def test_only_a_household_of_the_compound_sends_to_the_round(
    client: PageClient, session: sa.orm.Session, endpoint: str
) -> None:
    voter = make_voter()
    client.get("rounds.building", token=voter.building.token)
    answer = client.post(endpoint, {}, 303, round_id=voter.round.id)
    assert answer.headers["Location"] == f"/b/{voter.building.token}/enter"
    signed_in(client)
    client.post(endpoint, {}, 404, round_id=voter.round.id)
    assert votes(session) == 0


def test_a_round_that_residents_may_not_know_of_is_not_found(client: PageClient) -> None:
    voter = signed_in(client)
    voter.round.register_published_at = voter.round.opened_at = None
    client.get("rounds.vote", 404, round_id=voter.round.id)


def test_a_form_loaded_by_one_household_cannot_be_sent_by_the_next(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    values = fill(client.get("rounds.vote", round_id=voter.round.id), voter.round, YES, YES)
    client.enter(voter.building, issue_code(homes_of(voter.building)[1]))
    assert client.raw("post", f"/rounds/{voter.round.id}/vote", data=values).status_code == 403
    assert votes(session) == 0


def test_the_form_and_the_vote_cost_few_queries(client: PageClient, count_queries: Any) -> None:
    voter = signed_in(client)
    with count_queries() as statements:
        form = client.get("rounds.vote", round_id=voter.round.id)
    assert len(statements) <= 10, statements
    with count_queries() as statements:
        send(client, voter, fill(form, voter.round, YES, YES))
    assert len(statements) <= 28, statements


def test_what_a_household_saw_stands_in_the_form(
    client: PageClient, session: sa.orm.Session
) -> None:
    voter = signed_in(client)
    vote(client, voter, YES, YES)
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert form.form_values("/review")["seen"] == "1.1"
    assert session.scalar(sa.select(sa.func.max(RegisterEntry.votes))) == 1
