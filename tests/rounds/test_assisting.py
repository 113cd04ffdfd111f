"""Helping a home at its door: one home, a reason, ten minutes; and the home sees it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.accounts.codes import read_code
from app.core import clock
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Identity, Role
from app.core.limits import Attempt, TooManyTries
from app.journal.models import JournalEntry, Kind
from app.notices.models import Message
from app.rounds import assisting, casting, effects
from app.rounds.assisting import AssistedSession, HelpReason, Reason, Speaker, begin, end, submit
from app.rounds.casting import Ballot, cast
from app.rounds.conflicts import open_conflicts, propose_resolution
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds, approve
from app.rounds.models import Channel, RegisterEntry, Round, Voice, Vote
from app.rounds.queries import register_of
from app.rounds.steps import NotYourself
from tests.factories import issue_code, make_building, make_round, make_staff

WHY = Reason(HelpReason.CANNOT_SEE)


@pytest.fixture
def round_(session: object) -> Round:
    return make_round(make_building(homes=4).compound)


@pytest.fixture
def worker(round_: Round) -> Identity:
    return make_staff(Role.WORKER, round_.compound.area).identity


def said(entry: RegisterEntry, request_id: str = "said-at-the-door", seen: int = 0) -> Ballot:
    choices = dict.fromkeys([m.id for m in entry.round.matters], Choice.AGREE)
    return Ballot(choices, request_id, seen, 1)


def by_phone(entry: RegisterEntry, request_id: str = "by-phone", seen: int = 0) -> None:
    home = entry.household_id or 0
    cast(entry.round, home, said(entry, request_id, seen), via=Channel.PHONE)


def steps(round_: Round) -> list[str]:
    """What the journal says of sessions, shortened to the word that tells them apart."""
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.ASSISTED)
    entries = db.session.scalars(told.order_by(JournalEntry.id)).all()
    words = ("cast", "left", "time", "another", "signed out")
    return [next((w for w in words if f'"how":"{w}"' in e), "began") for e in entries]


def votes() -> list[Vote]:
    return list(db.session.scalars(sa.select(Vote).order_by(Vote.id)))


def test_what_is_said_at_the_door_counts_and_names_who_keyed_it(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    submit(session, said(entry), by=worker)
    [vote] = votes()
    assert (vote.channel, vote.keyed_by_id) == (Channel.VISIT, worker.id)
    assert (session.vote_id, session.is_going) == (vote.id, False)
    assert steps(round_) == ["began", "cast"]
    assert entry.voice == Voice.COUNTED


def test_the_same_request_again_is_the_same_vote_also_once_it_is_over(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    first = submit(session, said(entry), by=worker)
    assert submit(session, said(entry), by=worker) == first
    with pytest.raises(assisting.SessionOver):
        submit(session, said(entry, "another-request", 1), by=worker)
    assert len(votes()) == 1


@pytest.mark.parametrize(("seconds", "is_taken"), [(599.999, True), (600, False), (601, False)])
def test_it_ends_after_exactly_ten_minutes(
    round_: Round, worker: Identity, seconds: float, is_taken: bool
) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    with time_machine.travel(session.began_at + timedelta(seconds=seconds), tick=False):
        if is_taken:
            submit(session, said(entry), by=worker)
        else:
            with pytest.raises(assisting.SessionOver):
                submit(session, said(entry), by=worker)
    assert len(votes()) == int(is_taken)


def test_beginning_with_another_home_ends_the_first(round_: Round, worker: Identity) -> None:
    first, second = register_of(round_.id)[:2]
    session = begin(first, WHY, by=worker)
    begin(second, WHY, by=worker)
    with pytest.raises(assisting.SessionOver):
        submit(session, said(first), by=worker)
    assert steps(round_) == ["began", "another", "began"]
    going = sa.select(sa.func.count()).where(AssistedSession.ended_at.is_(None))
    assert db.session.scalar(going) == 1


def test_one_that_ran_out_is_recorded_as_ended_by_time(round_: Round, worker: Identity) -> None:
    session = begin(register_of(round_.id)[0], WHY, by=worker)
    with time_machine.travel(session.began_at + timedelta(minutes=20), tick=False):
        end(session, by=worker)
    assert session.ended_at == session.ends_at
    assert steps(round_) == ["began", "time"]


def test_nobody_goes_on_with_what_another_began(round_: Round, worker: Identity) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    other = make_staff(Role.WORKER, round_.compound.area).identity
    for deed in (lambda: submit(session, said(entry), by=other), lambda: end(session, by=other)):
        with pytest.raises(assisting.NotYours):
            deed()
    assert votes() == []


def test_another_reason_is_said_in_words(round_: Round, worker: Identity) -> None:
    entry = register_of(round_.id)[0]
    with pytest.raises(assisting.WordsMissing):
        begin(entry, Reason(HelpReason.OTHER, "  "), by=worker)
    session = begin(entry, Reason(HelpReason.OTHER, "手受伤了"), by=worker)
    assert session.words == "手受伤了"
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.ASSISTED)
    assert "手受伤了" not in str(db.session.scalars(told).all())


def test_a_home_that_voted_must_want_to_replace_it(round_: Round, worker: Identity) -> None:
    entry = register_of(round_.id)[0]
    submit(begin(entry, WHY, by=worker), said(entry, "first-time"), by=worker)
    with pytest.raises(assisting.VotedBefore):
        begin(entry, WHY, by=worker)
    session = begin(entry, Reason(HelpReason.NOT_ABLE, replaces=True), by=worker)
    submit(session, said(entry, seen=session.seen), by=worker)
    assert [vote.is_current for vote in votes()] == [False, True]


def with_code(digits: str | None) -> Reason:
    code = read_code(digits) if digits else None
    return Reason(HelpReason.NOT_ABLE, replaces=True, code=code)


def test_what_a_home_said_itself_is_replaced_with_its_code_alone(
    round_: Round, worker: Identity, app: Flask
) -> None:
    entry, neighbour = register_of(round_.id)[:2]
    key = app.extensions["juyi_config"].code_key
    own, others = (issue_code(one.household) for one in (entry, neighbour) if one.household)
    by_phone(entry)
    with pytest.raises(assisting.CodeNeeded):
        begin(entry, with_code(None), by=worker, key=key)
    with pytest.raises(assisting.WrongCode):
        begin(entry, with_code(others), by=worker, key=key)
    assert db.session.query(AssistedSession).count() == 0
    session = begin(entry, with_code(own), by=worker, key=key)
    submit(session, said(entry, seen=session.seen), by=worker)
    assert [vote.is_current for vote in votes()] == [False, True]
    # What was said with the code is the home's own word too.
    with pytest.raises(assisting.CodeNeeded):
        begin(entry, with_code(None), by=worker, key=key)


def test_guessing_a_homes_code_at_its_door_comes_to_an_end(
    round_: Round, worker: Identity, app: Flask
) -> None:
    entry = register_of(round_.id)[0]
    assert entry.household is not None
    own = issue_code(entry.household)
    by_phone(entry)
    guess, start = own[:4] + "".join(str(9 - int(digit)) for digit in own[4:]), clock.now()
    told: list[type[Exception]] = []
    for hours in range(7):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            digits = own if hours == 6 else guess
            key = app.extensions["juyi_config"].code_key
            with pytest.raises(Refused) as refused:
                begin(entry, with_code(digits), by=worker, key=key)
            told.append(refused.type)
    assert told == [assisting.WrongCode] * 5 + [TooManyTries] * 2
    assert steps(round_) == []


def test_a_silent_home_needs_no_code_and_uses_up_no_try(round_: Round, worker: Identity) -> None:
    code = read_code("1234 5678 9012")
    begin(register_of(round_.id)[0], Reason(HelpReason.NO_PHONE, code=code), by=worker)
    assert db.session.query(Attempt).count() == 0


def test_a_vote_of_its_own_that_came_back_meanwhile_is_not_replaced(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    by_phone(entry)
    submit_again = said(entry, "second", 1)
    cast(round_, entry.household_id or 0, submit_again, via=Channel.VISIT, keyed_by_id=worker.id)
    session = begin(entry, Reason(HelpReason.NOT_ABLE, replaces=True), by=worker)
    # Two persons strike out the second vote while the worker is at the door.
    effects.make_current(entry, votes()[0])
    db.session.flush()
    with pytest.raises(assisting.CodeNeeded):
        submit(session, said(entry, "third", 2), by=worker)


def test_no_other_sign_in_goes_on_with_it(round_: Round, worker: Identity) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=replace(worker, session_token="first"))
    with pytest.raises(assisting.SessionOver):
        submit(session, said(entry), by=replace(worker, session_token="second"))
    submit(session, said(entry), by=replace(worker, session_token="first"))
    assert len(votes()) == 1


def test_it_is_told_who_took_down_how_many_homes(round_: Round, worker: Identity) -> None:
    entries = register_of(round_.id)
    other = make_staff(Role.WORKER, round_.compound.area).identity
    for entry, by in ((entries[0], worker), (entries[1], worker), (entries[2], other)):
        submit(begin(entry, WHY, by=by), said(entry, f"of {entry.id}"), by=by)
    again = Reason(HelpReason.NOT_ABLE, replaces=True)
    submit(begin(entries[0], again, by=worker), said(entries[0], "again", 1), by=worker)
    begin(entries[3], WHY, by=other)
    helpers = [(one.name, one.homes) for one in assisting.assisted_by_worker(round_.id)]
    assert helpers == [(worker.name, 2), (other.name, 1)]


def test_the_journal_learns_who_spoke_as_a_code(round_: Round, worker: Identity) -> None:
    why = Reason(HelpReason.NOT_ABLE, who=Speaker.AGENT)
    assert begin(register_of(round_.id)[0], why, by=worker).who == Speaker.AGENT
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.ASSISTED)
    assert '"who":"agent"' in str(db.session.scalars(told).one())


def test_a_vote_that_came_meanwhile_is_not_replaced_unseen(round_: Round, worker: Identity) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    by_phone(entry)
    with pytest.raises(casting.VotedMeanwhile):
        submit(session, said(entry, seen=session.seen), by=worker)
    assert session.vote_id is None
    assert len(votes()) == 1


@pytest.mark.parametrize("what", ["closed", "removed", "disputed"])
def test_no_home_is_helped_where_its_word_could_not_count(
    round_: Round, worker: Identity, what: str
) -> None:
    entry = register_of(round_.id)[0]
    refusal: Any = casting.NotOpen
    if what == "closed":
        round_.closed_at = clock.now()
    elif what == "removed":
        entry.removed_at, refusal = clock.now(), casting.NotOnRegister
    else:
        entry.voice, refusal = Voice.DISPUTED, casting.BeingSettled
    db.session.flush()
    with pytest.raises(refusal):
        begin(entry, WHY, by=worker)
    assert steps(round_) == []


def test_what_changes_after_the_beginning_is_refused_at_the_end(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    session = begin(entry, WHY, by=worker)
    round_.closed_at = clock.now()
    db.session.flush()
    with pytest.raises(casting.NotOpen):
        submit(session, said(entry), by=worker)
    assert votes() == []


def test_who_owns_the_home_now_is_not_told_of_help_given_to_the_seller(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    end(begin(entry, WHY, by=worker), by=worker)
    assert len(assisting.helped([entry])) == 1
    entry.transferred_at = clock.now()
    assert assisting.helped([entry]) == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 0


def test_whoever_keyed_one_of_two_votes_does_not_agree_to_which_one_counts(
    round_: Round, worker: Identity
) -> None:
    entry = register_of(round_.id)[0]
    keyed_by, proposer, third = (make_staff().identity for _ in range(3))
    submit(begin(entry, WHY, by=worker), said(entry), by=worker)
    no = dict.fromkeys([m.id for m in round_.matters], Choice.DISAGREE)
    casting.cast_on_paper(round_, entry, Ballot(no, "on-paper", 1, 1), keyed_by=keyed_by)
    [conflict] = open_conflicts(round_.id)
    asked = propose_resolution(conflict, keep_held=True, grounds=Grounds("问过住户"), by=proposer)
    for hand in (worker, keyed_by):
        with pytest.raises(NotYourself):
            approve(asked, by=hand)
    approve(asked, by=third)
    assert conflict.resolved_at is not None
