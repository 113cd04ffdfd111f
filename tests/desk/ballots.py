"""Homes and votes in bulk: the rows that are otherwise written one by one."""

from collections import Counter as Count

import sqlalchemy as sa

from app.core import clock
from app.core.db import db
from app.core.tokens import random_bytes
from app.projects.queries import current_version
from app.roster.models import Building, Household, Premises
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Counter, RegisterEntry, Round, Voice, Vote, VoteChoice
from tests.factories import make_building, make_round


def make_large_building(homes: int) -> Building:
    """A building with many homes in one staircase."""
    building = make_building(homes=0)
    entrance_id = building.entrances[0].id
    premises = [
        {"entrance_id": entrance_id, "room": str(n), "position": n, "size": 8000}
        for n in range(1, homes + 1)
    ]
    db.session.execute(sa.insert(Premises), premises)
    ids = db.session.scalars(sa.select(Premises.id).where(Premises.entrance_id == entrance_id))
    households = [{"premises_id": id_, "salt": random_bytes()} for id_ in ids.all()]
    db.session.execute(sa.insert(Household), households)
    return building


def make_quick_round(building: Building) -> Round:
    """An open round without codes, which take their time to make."""
    round_ = make_round(building.compound, opened=False)
    version = current_version(building.compound_id)
    assert version is not None
    round_.plan_version_id, round_.opened_at = version.id, clock.now()
    return round_


def fill(round_: Round, agree: int, disagree: int = 0, abstain: int = 0) -> None:
    """Let that many households, in the order of doors, say the same on every matter."""
    said = [Choice.AGREE] * agree + [Choice.DISAGREE] * disagree + [Choice.ABSTAIN] * abstain
    entries = db.session.scalars(
        sa.select(RegisterEntry)
        .where(RegisterEntry.round_id == round_.id)
        .order_by(RegisterEntry.position)
        .limit(len(said))
    ).all()
    assert len(entries) == len(said)
    for entry, choice in zip(entries, said, strict=True):
        db.session.add(_vote(round_, entry, choice))
        entry.votes, entry.voice = 1, Voice.COUNTED
    for (building_id, choice), households in Count(
        (entry.building_id, choice) for entry, choice in zip(entries, said, strict=True)
    ).items():
        db.session.execute(
            sa.update(Counter)
            .where(
                Counter.matter_id.in_([m.id for m in round_.matters]),
                Counter.building_id == building_id,
                Counter.choice == choice,
            )
            .values(households=households)
        )
    round_.revision += 1
    db.session.flush()


def say(round_: Round, household: Household, choice: Choice = Choice.AGREE) -> None:
    """Cast one vote as a household's phone does."""
    ballot = Ballot({m.id: choice for m in round_.matters}, f"say-{household.id}", 0, 1)
    cast(round_, household.id, ballot, via=Channel.PHONE)


def _vote(round_: Round, entry: RegisterEntry, choice: Choice) -> Vote:
    assert round_.plan_version_id is not None
    return Vote(
        round_id=round_.id,
        entry_id=entry.id,
        number=1,
        request_id=f"fill-{entry.id}",
        seq=1000 + entry.position,
        receipt=f"{round_.id:04d}{entry.position:08d}",
        channel=Channel.PHONE,
        plan_version_id=round_.plan_version_id,
        cast_at=clock.now(),
        is_current=True,
        choices=[VoteChoice(matter_id=m.id, choice=choice) for m in round_.matters],
    )
