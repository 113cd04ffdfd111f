"""The life of a round: each step, and each refusal."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.journal.models import JournalEntry, Kind
from app.rounds import actions, queries, recounting, register, steps, tallies
from app.rounds.casting import Ballot, NotOpen, VotedMeanwhile, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, State
from tests.factories import homes_of, make_building, make_plan, make_round, make_staff

pytestmark = pytest.mark.usefixtures("session")
FACTS = (
    "commitment",
    "building_id",
    "entrance_id",
    "size",
    "is_household",
    "is_property",
    "holder",
)


def ballot_of(round_: Round, choice: Choice, request_id: str, seen: int = 0) -> Ballot:
    return Ballot({m.id: choice for m in round_.matters}, request_id, seen, 1)


def test_a_round_goes_from_draft_to_open_by_facts_alone() -> None:
    building = make_building()
    round_ = make_round(building.compound, opened=False)
    assert round_.state == State.FROZEN
    opened = make_round(make_building().compound)
    assert opened.state == State.OPEN
    assert opened.register_hash is not None
    assert tallies.results(opened).total == 6


def test_the_person_who_submitted_the_profile_cannot_confirm_it() -> None:
    building = make_building()
    make_plan(building.compound)
    person = make_staff().identity
    now = clock.now()
    terms = actions.RoundTerms("一", now, now + timedelta(days=15), "0953-5550100")
    round_ = actions.draft_round(building.compound, terms, by=person)
    actions.submit_round(round_, by=person)
    with pytest.raises(steps.NotYourself):
        actions.confirm_profile(round_, by=person)
    assert round_.confirmed_at is None


def test_a_round_without_codes_and_posters_does_not_open() -> None:
    round_ = make_round(make_building().compound, opened=False)
    with pytest.raises(steps.NotReady):
        actions.open_round(round_, by=make_staff().identity)
    assert round_.state == State.FROZEN


def test_a_vote_counts_and_changes_only_the_last_one_counts(session: sa.orm.Session) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    home = homes_of(building)[0]
    first = cast(round_, home.id, ballot_of(round_, Choice.AGREE, "r1"), via=Channel.PHONE)
    again = cast(round_, home.id, ballot_of(round_, Choice.AGREE, "r1"), via=Channel.PHONE)
    assert again == first
    cast(round_, home.id, ballot_of(round_, Choice.DISAGREE, "r2", seen=1), via=Channel.PHONE)
    session.expire_all()
    tally = tallies.results(round_).matters[0].tally
    assert (tally.agree, tally.disagree) == (0, 1)
    assert recounting.counters_agree(round_)


def test_a_stale_form_is_refused_and_changes_nothing(session: sa.orm.Session) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    home = homes_of(building)[0]
    cast(round_, home.id, ballot_of(round_, Choice.AGREE, "r1"), via=Channel.PHONE)
    session.expire_all()
    with pytest.raises(VotedMeanwhile):
        cast(round_, home.id, ballot_of(round_, Choice.DISAGREE, "r2"), via=Channel.PHONE)
    assert tallies.results(round_).matters[0].tally.agree == 1


def test_the_round_closes_at_its_minute_for_votes_and_in_the_record(
    session: sa.orm.Session,
) -> None:
    building = make_building()
    round_ = make_round(building.compound)
    home = homes_of(building)[0]
    with time_machine.travel(round_.closes_at - timedelta(milliseconds=100), tick=False):
        cast(round_, home.id, ballot_of(round_, Choice.AGREE, "r1"), via=Channel.PHONE)
    with time_machine.travel(round_.closes_at, tick=False):
        assert round_.state == State.CLOSED
        with pytest.raises(NotOpen):
            cast(round_, home.id, ballot_of(round_, Choice.AGREE, "r2", 1), via=Channel.PHONE)
        assert actions.close_due_rounds() == [round_]
        assert actions.close_due_rounds() == []
    kinds = session.scalars(
        sa.select(JournalEntry.kind)
        .where(JournalEntry.book == f"round-{round_.id}")
        .order_by(JournalEntry.seq)
    ).all()
    assert list(kinds)[-2:] == [Kind.VOTE, Kind.CLOSE]


def test_a_result_is_certified_by_a_second_person_after_the_objection_days() -> None:
    round_ = make_round(make_building().compound)
    first, second = make_staff().identity, make_staff().identity
    with time_machine.travel(round_.closes_at + timedelta(minutes=1), tick=False):
        actions.publish_result(round_, by=first)
        with pytest.raises(steps.NotReady):
            actions.certify(round_, by=second)
    with time_machine.travel(queries.objections_end(round_), tick=False):
        with pytest.raises(steps.NotYourself):
            actions.certify(round_, by=first)
        actions.certify(round_, by=second)
        assert round_.state == State.CERTIFIED


@pytest.mark.parametrize("part", FACTS)
def test_whatever_counts_of_a_household_changes_the_fingerprint_of_the_register(part: str) -> None:
    rows = [dict.fromkeys(FACTS, 6), dict.fromkeys(FACTS, 7)]
    changed = [rows[0], {**rows[1], part: 0}]
    assert register.register_hash(rows) != register.register_hash(changed)
    assert register.register_hash(rows) != register.register_hash(rows[::-1])
