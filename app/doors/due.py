"""What waits at the doors of all open rounds of a person's scope: due today, theirs, in all."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.doors.models import Assignment, Visit
from app.doors.queries import WANTS_A_KNOCK, last_attempts, today
from app.roster.models import Area, Compound
from app.rounds.models import RegisterEntry, Round, Voice


@dataclass(frozen=True)
class OwnDoors:
    """Doors of an open round that were given to somebody and want a knock."""

    round_id: int
    compound: str
    doors: int


@dataclass(frozen=True)
class DueDoors:
    """Doors of an open round that somebody said to come back to by today."""

    round_id: int
    compound: str
    doors: int
    mine: int


def doors_due_today(by: Identity) -> list[DueDoors]:
    """The open rounds of a person's scope with doors to come back to by today."""
    last = last_attempts(Visit.round_id.in_(open_rounds(by)))
    mine = func.sum(case((Assignment.worker_id == by.id, 1), else_=0))
    rows = db.session.execute(
        select(Round.id, Compound.name, func.count(), mine)
        .select_from(last)
        .join(RegisterEntry, RegisterEntry.id == last.c.entry_id)
        .join(Round, Round.id == RegisterEntry.round_id)
        .join(Compound, Compound.id == Round.compound_id)
        .outerjoin(Assignment, Assignment.entry_id == RegisterEntry.id)
        .where(
            last.c.next_on <= today(),
            RegisterEntry.voice != Voice.COUNTED,
            RegisterEntry.removed_at.is_(None),
        )
        .group_by(Round.id, Compound.name)
        .order_by(Compound.name, Round.id)
    )
    return [DueDoors(id_, compound, doors, int(own)) for id_, compound, doors, own in rows]


def doors_given_to(by: Identity) -> list[OwnDoors]:
    """The open rounds in which doors that want a knock are this person's."""
    rows = db.session.execute(
        select(Round.id, Compound.name, func.count())
        .select_from(RegisterEntry)
        .join(Assignment, Assignment.entry_id == RegisterEntry.id)
        .join(Round, Round.id == RegisterEntry.round_id)
        .join(Compound, Compound.id == Round.compound_id)
        .where(Assignment.worker_id == by.id, *_wanting_a_knock(by))
        .group_by(Round.id, Compound.name)
        .order_by(Compound.name, Round.id)
    )
    return [OwnDoors(*row) for row in rows]


def doors_open(by: Identity) -> dict[int, int]:
    """Open round of a person's scope → how many doors there want a knock."""
    counted = select(RegisterEntry.round_id, func.count()).where(*_wanting_a_knock(by))
    return dict(db.session.execute(counted.group_by(RegisterEntry.round_id)).all())


def open_rounds(by: Identity) -> Select[int]:
    """The rounds of a person's scope in which a vote counts now."""
    return (
        select(Round.id)
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(
            Round.opened_at.is_not(None),
            Round.closed_at.is_(None),
            Round.closes_at > clock.now(),
            Round.withdrawn_at.is_(None),
            Area.path.startswith(by.area_path),
        )
    )


def _wanting_a_knock(by: Identity) -> tuple[Any, ...]:
    return (RegisterEntry.round_id.in_(open_rounds(by)), *WANTS_A_KNOCK)
