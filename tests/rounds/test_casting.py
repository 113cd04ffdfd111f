"""Casting a vote: refusals change nothing, repetitions count once, and the sums always agree."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.core.db import db
from app.core.errors import Refused
from app.journal.models import JournalEntry, JournalHead
from app.rounds import casting, recounting, tallies
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Counter, RegisterEntry, Round, Vote, VoteChoice
from tests.factories import homes_of, make_building, make_household, make_round
from tests.rounds.voters import cast_quickly

TABLES = (Vote, VoteChoice, Counter, RegisterEntry, Round, JournalEntry, JournalHead)


def open_round(homes: int = 6) -> Round:
    return make_round(make_building(homes=homes).compound)


def ballot(round_: Round, choice: Choice = Choice.AGREE, **changes: Any) -> Ballot:
    whole = Ballot({m.id: choice for m in round_.matters}, "request-0001", 0, 1)
    return replace(whole, **changes)


def first_home(round_: Round) -> int:
    return homes_of(round_.compound.buildings[0])[0].id


def everything() -> list[list[tuple[Any, ...]]]:
    """Every row that casting may touch, as it is in the database."""
    db.session.flush()
    tables = [table.__table__ for table in TABLES]
    return [
        sorted((tuple(row) for row in db.session.execute(sa.select(t))), key=repr) for t in tables
    ]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"seen": 1}, casting.VotedMeanwhile),
        ({"plan_number": 2}, casting.PlanChanged),
        ({"choices": {}}, casting.Incomplete),
        ({"choices": {999_999: Choice.AGREE}}, casting.Incomplete),
    ],
)
def test_a_refused_ballot_leaves_everything_as_it_was(
    session: sa.orm.Session, changes: dict[str, Any], refusal: type[Refused]
) -> None:
    round_ = open_round()
    before = everything()
    with pytest.raises(refusal):
        cast(round_, first_home(round_), ballot(round_, **changes), via=Channel.PHONE)
    assert everything() == before


def test_a_ballot_with_half_its_answers_is_refused(session: sa.orm.Session) -> None:
    round_ = open_round()
    half = {round_.matters[0].id: Choice.AGREE}
    before = everything()
    with pytest.raises(casting.Incomplete):
        cast(round_, first_home(round_), ballot(round_, choices=half), via=Channel.PHONE)
    assert everything() == before


def test_a_home_that_is_not_on_the_register_cannot_vote(session: sa.orm.Session) -> None:
    round_ = open_round()
    late = make_household(round_.compound.buildings[0].entrances[0], "909")
    before = everything()
    with pytest.raises(casting.NotOnRegister):
        cast(round_, late.id, ballot(round_), via=Channel.PHONE)
    assert everything() == before


def test_nobody_votes_before_the_opening(session: sa.orm.Session) -> None:
    round_ = make_round(make_building().compound, opened=False)
    before = everything()
    with pytest.raises(casting.NotOpen):
        cast(round_, first_home(round_), ballot(round_), via=Channel.PHONE)
    assert everything() == before


def test_the_last_moment_counts_and_the_published_minute_does_not(session: sa.orm.Session) -> None:
    round_ = open_round()
    first, second = homes_of(round_.compound.buildings[0])[:2]
    with time_machine.travel(round_.closes_at - timedelta(milliseconds=1), tick=False):
        assert cast_quickly(round_, first, Choice.AGREE, "in-time-0001").number == 1
    before = everything()
    with (
        time_machine.travel(round_.closes_at, tick=False),
        pytest.raises(casting.NotOpen),
    ):
        cast_quickly(round_, second, Choice.AGREE, "too-late-0001")
    assert everything() == before


def test_a_request_recorded_in_time_gets_its_receipt_after_the_close_too(
    session: sa.orm.Session,
) -> None:
    round_ = open_round()
    home = homes_of(round_.compound.buildings[0])[0]
    receipt = cast_quickly(round_, home, Choice.AGREE, "request-0001")
    with time_machine.travel(round_.closes_at + timedelta(hours=1)):
        assert cast_quickly(round_, home, Choice.AGREE, "request-0001") == receipt


def test_the_same_request_changes_nothing_the_second_time(session: sa.orm.Session) -> None:
    round_ = open_round()
    home = homes_of(round_.compound.buildings[0])[0]
    first = cast_quickly(round_, home, Choice.AGREE, "request-0001")
    before = everything()
    assert cast_quickly(round_, home, Choice.AGREE, "request-0001") == first
    assert everything() == before


def test_the_same_request_with_other_answers_is_no_repetition(session: sa.orm.Session) -> None:
    round_ = open_round()
    home = homes_of(round_.compound.buildings[0])[0]
    cast_quickly(round_, home, Choice.AGREE, "request-0001")
    before = everything()
    with pytest.raises(casting.VotedMeanwhile):
        cast_quickly(round_, home, Choice.DISAGREE, "request-0001")
    assert everything() == before


def test_a_neighbour_cannot_use_my_request(session: sa.orm.Session) -> None:
    round_ = open_round()
    mine, theirs = homes_of(round_.compound.buildings[0])[:2]
    cast_quickly(round_, mine, Choice.AGREE, "request-0001")
    before = everything()
    with pytest.raises(casting.RequestTaken):
        cast_quickly(round_, theirs, Choice.AGREE, "request-0001")
    assert everything() == before


def test_whatever_is_cast_the_counters_equal_a_recount(session: sa.orm.Session) -> None:
    round_ = open_round(homes=9)
    homes, draw = homes_of(round_.compound.buildings[0]), random.Random(7)
    seen = dict.fromkeys([home.id for home in homes], 0)
    for number in range(60):
        home = draw.choice(homes)
        choices = {m.id: draw.choice(list(Choice)) for m in round_.matters}
        made = ballot(
            round_, choices=choices, request_id=f"request-{number:04d}", seen=seen[home.id]
        )
        seen[home.id] = cast(round_, home.id, made, via=Channel.PHONE).number
    session.expire_all()
    assert recounting.counters_agree(round_)
    assert tallies.results(round_).voted == len([n for n in seen.values() if n])
    assert session.scalar(sa.select(sa.func.count()).select_from(Vote)) == 60
    assert _current(session) == len([n for n in seen.values() if n])


def _current(session: sa.orm.Session) -> int:
    current = sa.select(sa.func.count()).select_from(Vote).where(Vote.is_current)
    return session.scalar(current) or 0
