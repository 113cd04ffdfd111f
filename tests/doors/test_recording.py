"""The ledger of attempts: once each, at the time it was, refused where it cannot be."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.core.db import db
from app.doors import due, queries
from app.doors.actions import (
    Attempt,
    DoorGone,
    NotPossible,
    RequestTaken,
    RoundOver,
    record_visit,
)
from app.doors.calls import calls_of, calls_waiting
from app.doors.models import POSSIBLE, Outcome, Visit, Way
from app.journal.models import JournalEntry, Kind
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Voice
from tests.doors.conftest import Street
from tests.factories import make_staff


def visits() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) or 0


def test_the_same_request_makes_one_row_and_names_it_again(street: Street) -> None:
    attempt = Attempt(Outcome.NOT_AT_HOME, "request-of-a-phone", note="下午再来")
    by = street.worker.identity
    first = record_visit(street.entries[0], attempt, by=by)
    again = record_visit(street.entries[0], attempt, by=by)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.visit_id == again.visit_id
    assert visits() == 1


@pytest.mark.parametrize("other", ["door", "person", "outcome"])
def test_a_request_that_says_something_else_is_refused(street: Street, other: str) -> None:
    by = street.worker.identity
    record_visit(street.entries[0], Attempt(Outcome.NOT_AT_HOME, "one-request"), by=by)
    entry = street.entries[1 if other == "door" else 0]
    outcome = Outcome.REFUSES if other == "outcome" else Outcome.NOT_AT_HOME
    somebody = make_staff().identity if other == "person" else by
    with pytest.raises(RequestTaken):
        record_visit(entry, Attempt(outcome, "one-request"), by=somebody)
    assert visits() == 1


def test_a_refusal_at_the_door_is_no_vote(street: Street) -> None:
    street.knock(0, Outcome.REFUSES)
    db.session.refresh(street.entries[0])
    assert (street.entries[0].voice, street.entries[0].votes) == (Voice.SILENT, 0)


def test_the_journal_learns_that_a_home_was_tried_and_not_what_came_of_it(street: Street) -> None:
    street.knock(0, Outcome.REFUSES, note="很生气")
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.VISIT)
    [entry] = db.session.scalars(told).all()
    assert street.entries[0].commitment in entry
    assert '"way":"visit"' in entry
    assert "refuses" not in entry
    assert "很生气" not in entry


@pytest.mark.parametrize("way", Way)
def test_only_outcomes_that_belong_to_a_way_are_taken(street: Street, way: Way) -> None:
    by = street.worker.identity
    for outcome in Outcome:
        attempt = Attempt(outcome, f"{way}-{outcome}", way)
        if outcome in POSSIBLE[way]:
            record_visit(street.entries[0], attempt, by=by)
        else:
            with pytest.raises(NotPossible):
                record_visit(street.entries[0], attempt, by=by)


def test_what_a_phone_sends_late_bears_the_time_at_which_it_was(street: Street) -> None:
    at = clock.now() - timedelta(hours=3)
    street.knock(0, Outcome.WILL_THINK, made_at=at)
    street.knock(0, Outcome.NOT_AT_HOME, made_at=at - timedelta(hours=1))
    assert queries.last_outcomes(street.round.id) == {street.entries[0].id: Outcome.WILL_THINK}
    assert queries.visits_of(street.entries[0].id)[0].made_at == at


@pytest.mark.parametrize("hours", [1, -24 * 7 - 1])
def test_no_visit_was_tomorrow_or_a_week_and_more_ago(street: Street, hours: int) -> None:
    with pytest.raises(NotPossible):
        street.knock(0, Outcome.SPOKEN, made_at=clock.now() + timedelta(hours=hours))


@pytest.mark.parametrize("days", [-1, 367])
def test_the_next_visit_is_from_today_on_and_within_a_year(street: Street, days: int) -> None:
    with pytest.raises(NotPossible):
        street.knock(0, Outcome.SPOKEN, next_on=queries.today() + timedelta(days=days))
    street.knock(0, Outcome.SPOKEN, next_on=queries.today())
    assert visits() == 1


def test_a_home_struck_off_and_a_round_that_is_over_want_no_visit(street: Street) -> None:
    street.entries[0].removed_at = clock.now()
    with pytest.raises(DoorGone):
        street.knock(0, Outcome.SPOKEN)
    street.round.archived_at = street.round.withdrawn_at = clock.now()
    with pytest.raises(RoundOver):
        street.knock(1, Outcome.SPOKEN)
    assert visits() == 0


def test_attempts_are_counted_and_homes_never_tried_are_told(street: Street) -> None:
    street.knock(0, Outcome.NOT_AT_HOME)
    street.knock(0, Outcome.DELIVERED, Way.LETTER)
    street.knock(1, Outcome.SPOKEN)
    attempts = queries.contact_attempts(street.round.id)
    assert attempts == {street.entries[0].id: 2, street.entries[1].id: 1}
    assert queries.homes_never_contacted(street.round.id) == 4


def test_doors_are_due_on_their_day_until_somebody_was_there(street: Street) -> None:
    by, tomorrow = street.worker.identity, queries.today() + timedelta(days=1)
    street.knock(0, Outcome.NOT_AT_HOME, next_on=tomorrow)
    assert due.doors_due_today(by) == []
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        [found] = due.doors_due_today(by)
        assert (found.compound, found.doors, found.mine) == ("枣园小区", 1, 0)
        assert due.doors_due_today(make_staff(area=None).identity) == [found]
        street.knock(0, Outcome.SPOKEN)
        assert due.doors_due_today(by) == []


def test_a_home_asks_for_a_call_at_the_door_until_a_call_reached_it(street: Street) -> None:
    by = street.worker.identity
    start = clock.now()
    for minute, outcome, way in (
        (1, Outcome.NEEDS_CALL, Way.VISIT),
        (2, Outcome.NO_ANSWER, Way.CALL),
    ):
        with time_machine.travel(start + timedelta(minutes=minute), tick=False):
            street.knock(2, outcome, way)
            assert [one.homes for one in calls_waiting(by)] == [1]
    with time_machine.travel(start + timedelta(minutes=3), tick=False):
        street.knock(2, Outcome.CALLED, Way.CALL)
        assert calls_waiting(by) == []
        [call] = calls_of(street.round.id)
        assert call.called_at == clock.now()


def test_a_call_asked_for_with_a_vote_is_off_the_list_once_called(street: Street) -> None:
    entry, by = street.entries[0], street.worker.identity
    start = clock.now()
    said = dict.fromkeys([m.id for m in street.round.matters], Choice.DISAGREE)
    ballot = Ballot(said, "asks-for-a-call", 0, 1, "说说钱的事", may_call=True)
    cast(street.round, entry.household_id or 0, ballot, via=Channel.PHONE)
    [call] = calls_of(street.round.id)
    assert (call.words, call.by_vote, call.called_at) == ("说说钱的事", True, None)
    with time_machine.travel(start + timedelta(minutes=1), tick=False):
        street.knock(0, Outcome.CALLED, Way.CALL)
        assert calls_waiting(by) == []
    with time_machine.travel(start + timedelta(minutes=2), tick=False):
        again = Ballot(said, "asks-once-more", 1, 1, "再说说", may_call=True)
        cast(street.round, entry.household_id or 0, again, via=Channel.PHONE)
        assert [one.homes for one in calls_waiting(by)] == [1]
