"""The review between form and vote: a page of its own that the phone's Back never sends again."""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.rounds.counting import Choice
from app.rounds.models import Vote
from app.rounds.reasons import Reason
from tests.client import ORIGIN, Page, PageClient
from tests.factories import homes_of, issue_code
from tests.rounds.offices import votes_of
from tests.rounds.voters import Voter, fill, signed_in, vote

YES, NO, NEITHER = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN


def reviewed(client: PageClient, voter: Voter, words: str = "") -> Page:
    """The review of a ballot that was filled in just now."""
    form = client.get("rounds.vote", round_id=voter.round.id)
    values = fill(form, voter.round, YES, NO, comment=words)
    return client.follow(client.post("rounds.review", values, round_id=voter.round.id))


def kept(client: PageClient) -> bool:
    """Whether this browser still holds a ballot."""
    host = urlsplit(ORIGIN).hostname or ""
    return client.http.get_cookie("ballot", domain=host) is not None


def leads_to_the_form(client: PageClient, voter: Voter, step: str = "review") -> bool:
    answer = client.raw("get", f"/rounds/{voter.round.id}/{step}")
    return bool(answer.status_code == 303 and answer.location == f"/rounds/{voter.round.id}/vote")


def test_the_review_can_be_loaded_again_and_stays_the_same(client: PageClient) -> None:
    voter = signed_in(client)
    first = reviewed(client, voter, "路灯要亮")
    again = client.get("rounds.review", round_id=voter.round.id)
    # The token carries the second in which it was made.
    values = [{**page.form_values("/vote"), "csrf_token": ""} for page in (first, again)]
    assert values[0] == values[1]
    assert "路灯要亮" in again.one("dl").text


@pytest.mark.parametrize("step", ["review", "edit"])
def test_without_a_filled_in_form_one_is_led_to_the_form(client: PageClient, step: str) -> None:
    voter = signed_in(client)
    assert leads_to_the_form(client, voter, step)


def test_after_the_vote_nothing_of_it_stays_in_the_cookie(client: PageClient) -> None:
    voter = signed_in(client)
    sent = reviewed(client, voter).form_values("/vote")
    assert kept(client)
    client.submit(f"/rounds/{voter.round.id}/vote", sent)
    assert not kept(client)
    assert leads_to_the_form(client, voter)


def test_leaving_forgets_what_was_filled_in(client: PageClient) -> None:
    voter = signed_in(client)
    reviewed(client, voter)
    client.post("accounts.leave")
    assert not kept(client)


def test_the_next_household_of_the_phone_never_sees_it(client: PageClient) -> None:
    voter = signed_in(client)
    reviewed(client, voter, "我家的话")
    client.enter(voter.building, issue_code(homes_of(voter.building)[1]))
    assert leads_to_the_form(client, voter)
    assert "我家的话" not in client.get("rounds.vote", round_id=voter.round.id).html


def test_a_new_form_begins_empty_although_a_ballot_is_kept(client: PageClient) -> None:
    voter = signed_in(client)
    reviewed(client, voter, "路灯要亮")
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert not [r for r in form.all("input", type="radio") if r.get("checked") is not None]


def test_after_the_minute_the_review_is_no_more(client: PageClient) -> None:
    voter = signed_in(client)
    with time_machine.travel(voter.round.closes_at - timedelta(minutes=2)):
        client.enter(voter.building, voter.digits)
        reviewed(client, voter)
    with time_machine.travel(voter.round.closes_at):
        assert leads_to_the_form(client, voter)


def test_five_hundred_characters_of_any_script_fit_into_the_cookie(client: PageClient) -> None:
    voter = signed_in(client)
    chance = random.Random(7)
    for first, last in ((0x4E00, 0x9FFF), (0x20000, 0x2A6DF), (0x1F300, 0x1FAFF)):
        words = "".join(chr(chance.randint(first, last)) for _ in range(500))
        assert reviewed(client, voter, words).form_values("/vote")["comment"] == words
        cookie = client.http.get_cookie("juyi", domain="127.0.0.1")
        assert cookie is not None
        assert len(cookie.value) < 3900


def test_a_vote_may_be_sent_without_any_review(app: Flask, session: sa.orm.Session) -> None:
    client = PageClient(app)
    voter = signed_in(client)
    vote(client, voter, YES, NO, comment="直接来的")
    assert session.scalars(sa.select(Vote.comment)).all() == ["直接来的"]


def test_former_words_stand_in_the_box_when_one_votes_again(client: PageClient) -> None:
    voter = signed_in(client)
    vote(client, voter, NO, NEITHER, comment="先修水管\n再修路")
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert form.form_values("/review")["comment"] == "先修水管\n再修路"
    vote(client, voter, YES, NEITHER, comment="")
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert form.form_values("/review")["comment"] == ""


def test_the_form_has_a_way_home(client: PageClient) -> None:
    voter = signed_in(client)
    form = client.get("rounds.vote", round_id=voter.round.id)
    assert form.one("main").all("a", href="/home")


def test_what_was_changed_after_its_review_is_another_request(client: PageClient) -> None:
    voter = signed_in(client)
    first = reviewed(client, voter, "路灯").form_values("/vote")
    edit = client.get("rounds.edit", round_id=voter.round.id)
    names = []
    for words in ("路灯", "路灯要亮"):
        values = fill(edit, voter.round, YES, NO, comment=words)
        sent = client.follow(client.post("rounds.review", values, round_id=voter.round.id))
        names.append(sent.form_values("/vote")["request_id"])
    assert names[0] == first["request_id"]
    assert names[1] != first["request_id"]


@pytest.mark.parametrize("other", [{"comment": "别的话"}, {"may_call": "y"}, {"reason": "noise"}])
def test_the_same_request_with_other_words_is_never_called_recorded(
    client: PageClient, other: dict[str, str]
) -> None:
    voter = signed_in(client)
    sent = reviewed(client, voter, "路灯").form_values("/vote")
    client.submit(f"/rounds/{voter.round.id}/vote", sent)
    if "reason" in other:
        asked = voter.round.matters[1].id
        other = {f"reason-{asked}": next(iter(Reason)).value}
    client.submit(f"/rounds/{voter.round.id}/vote", sent)
    client.submit(f"/rounds/{voter.round.id}/vote", {**sent, **other}, 409)


@pytest.mark.parametrize("how", ["zeros", "twice"])
def test_two_answers_to_one_question_are_none(client: PageClient, how: str) -> None:
    voter = signed_in(client)
    sent: dict[str, Any] = reviewed(client, voter).form_values("/vote")
    asked = voter.round.matters[0].id
    more = {f"matter-00{asked}": "disagree"} if how == "zeros" else {}
    if how == "twice":
        sent[f"matter-{asked}"] = ["agree", "disagree"]
    address = f"/rounds/{voter.round.id}/vote"
    told = client.raw(
        "post", address, data={**sent, **more}, headers={"Accept": "application/json"}
    )
    assert (told.status_code, told.get_json()["status"]) == (422, "incomplete")
    assert votes_of(voter.round, voter.home) == []
