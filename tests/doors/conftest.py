"""Two entrances of an open round, and a worker of its community."""

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from app.accounts.models import Staff
from app.core.db import db
from app.core.guards import Role
from app.core.tokens import random_token
from app.doors.actions import Attempt, record_visit
from app.doors.models import Outcome, Way
from app.rounds.models import RegisterEntry, Round
from tests.factories import make_building, make_compound, make_round, make_staff


@dataclass(frozen=True)
class Street:
    """An open round with six homes in two entrances, and who walks there."""

    round: Round
    worker: Staff
    entries: list[RegisterEntry]

    def knock(self, at: int, outcome: Outcome, way: Way = Way.VISIT, **facts: object) -> Attempt:
        """The worker was at the door of this place in the list."""
        attempt = Attempt(outcome, random_token(24), way, **facts)  # type: ignore[arg-type]
        record_visit(self.entries[at], attempt, by=self.worker.identity)
        return attempt


def entries_of(round_: Round) -> list[RegisterEntry]:
    """The homes of a round in the order of walking."""
    mine = sa.select(RegisterEntry).where(RegisterEntry.round_id == round_.id)
    return list(db.session.scalars(mine.order_by(RegisterEntry.position)))


@pytest.fixture
def street(session: object) -> Street:
    compound = make_compound("枣园小区")
    make_building(compound, homes=6, entrances=2)
    round_ = make_round(compound)
    return Street(round_, make_staff(Role.WORKER, compound.area), entries_of(round_))
