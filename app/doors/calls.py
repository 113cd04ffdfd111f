"""Whom the office is to call: homes that asked for it with their vote, or at the door.

A call that reached somebody takes the home off the list; the vote itself is not told.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import selectinload

from app.core.db import db
from app.core.guards import Identity
from app.doors.due import open_rounds
from app.doors.models import REACHED_BY_CALL, Outcome, Visit, Way
from app.doors.queries import STANDS
from app.roster.models import Compound, Household
from app.rounds.models import RegisterEntry, Round, Voice
from app.rounds.queries import asking_for_call

_REACHED = and_(Visit.way == Way.CALL, Visit.outcome.in_(REACHED_BY_CALL))


@dataclass(frozen=True)
class Calls:
    """How many homes of an open round wait for a call."""

    round_id: int
    compound: str
    homes: int


@dataclass(frozen=True)
class CallBack:
    """A home to call: with whole phones, for whoever calls; never its choice."""

    entry_id: int
    home: str
    phones: tuple[str, ...]
    words: str
    asked_at: datetime
    by_vote: bool
    called_at: datetime | None = None


def calls_waiting(by: Identity) -> list[Calls]:
    """The open rounds of a person's scope in which homes wait for a call."""
    asked = _asked()
    rows = db.session.execute(
        select(Round.id, Compound.name, func.count())
        .join(Compound, Compound.id == Round.compound_id)
        .join(asked, asked.c.round_id == Round.id)
        .where(Round.id.in_(open_rounds(by)), asked.c.waits)
        .group_by(Round.id, Compound.name)
        .order_by(Compound.name, Round.id)
    )
    return [Calls(*row) for row in rows]


def calls_of(round_id: int) -> list[CallBack]:
    """The homes of a round that asked to be called, in the order of doors."""
    asked = _asked()
    rows = db.session.execute(
        select(RegisterEntry, asked)
        .join(asked, asked.c.entry_id == RegisterEntry.id)
        .where(RegisterEntry.round_id == round_id)
        .options(selectinload(RegisterEntry.household).selectinload(Household.contacts))
        .order_by(RegisterEntry.position, RegisterEntry.id)
    )
    return [_call_back(row.RegisterEntry, row) for row in rows]


def _asked() -> Subquery:
    """Each home that asked, once: by its vote, or at its door and has not spoken since."""
    vote, told = asking_for_call().subquery(), _told()
    asked_at = func.coalesce(vote.c.cast_at, told.c.asked_at)
    at_the_door = and_(told.c.asked_at.is_not(None), RegisterEntry.voice != Voice.COUNTED)
    return (
        select(
            RegisterEntry.id.label("entry_id"),
            RegisterEntry.round_id,
            asked_at.label("asked_at"),
            func.coalesce(vote.c.comment, "").label("words"),
            vote.c.entry_id.is_not(None).label("by_vote"),
            told.c.called_at,
            or_(told.c.called_at.is_(None), told.c.called_at < asked_at).label("waits"),
        )
        .outerjoin(vote, vote.c.entry_id == RegisterEntry.id)
        .outerjoin(told, told.c.entry_id == RegisterEntry.id)
        .where(RegisterEntry.removed_at.is_(None), or_(vote.c.entry_id.is_not(None), at_the_door))
        .subquery()
    )


def _told() -> Subquery:
    """Of each home that was tried: when it last asked at the door, when a call last reached it."""
    return (
        select(
            Visit.entry_id,
            _latest(Visit.outcome == Outcome.NEEDS_CALL).label("asked_at"),
            _latest(_REACHED).label("called_at"),
        )
        .where(STANDS)
        .group_by(Visit.entry_id)
        .subquery()
    )


def _latest(which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.max(case((which, Visit.made_at)))


def _call_back(entry: RegisterEntry, asked: Any) -> CallBack:
    contacts = entry.household.contacts if entry.household else []
    return CallBack(
        entry.id,
        entry.label,
        tuple(contact.phone for contact in contacts if contact.ended_at is None),
        asked.words,
        asked.asked_at,
        asked.by_vote,
        None if asked.waits else asked.called_at,
    )
