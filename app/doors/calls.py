"""Whom the office is to call: homes that asked for it with their vote, or at the door.

A call that reached somebody takes the home off the list; the vote itself is not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import selectinload

from app.core.db import db
from app.core.guards import Identity
from app.doors.models import REACHED_BY_CALL, Outcome, Visit, Way
from app.doors.queries import open_rounds
from app.roster.models import Compound, Household
from app.rounds.models import RegisterEntry, Round, Voice
from app.rounds.queries import calls_asked

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
    rounds = db.session.execute(
        select(Round.id, Compound.name)
        .join(Compound, Compound.id == Round.compound_id)
        .where(Round.id.in_(open_rounds(by)))
        .order_by(Compound.name, Round.id)
    ).all()
    asked = _asked([id_ for id_, _name in rounds])
    homes = {id_: sum(one.round_id == id_ and one.waits for one in asked) for id_, _name in rounds}
    return [Calls(id_, name, homes[id_]) for id_, name in rounds if homes[id_]]


def calls_of(round_id: int) -> list[CallBack]:
    """The homes of a round that asked to be called, in the order of doors."""
    asked = {one.entry_id: one for one in _asked([round_id])}
    entries = (
        select(RegisterEntry)
        .where(RegisterEntry.id.in_(asked))
        .options(selectinload(RegisterEntry.household).selectinload(Household.contacts))
        .order_by(RegisterEntry.position, RegisterEntry.id)
    )
    return [_call_back(entry, asked[entry.id]) for entry in db.session.scalars(entries)]


@dataclass(frozen=True)
class _Asked:
    round_id: int
    entry_id: int
    words: str
    asked_at: datetime
    by_vote: bool
    called_at: datetime | None

    @property
    def waits(self) -> bool:
        return self.called_at is None or self.called_at < self.asked_at


def _asked(round_ids: Sequence[int]) -> list[_Asked]:
    """Each home that asked, once: by its vote, or at its door."""
    told = {row.entry_id: row for row in _told(round_ids)}
    by_vote = {one.entry_id: one for one in calls_asked(round_ids)}
    found = [
        _Asked(
            one.round_id,
            one.entry_id,
            one.words,
            one.asked_at,
            True,
            told[one.entry_id].called_at if one.entry_id in told else None,
        )
        for one in by_vote.values()
    ]
    at_the_door = (
        _Asked(row.round_id, row.entry_id, "", row.asked_at, False, row.called_at)
        for row in told.values()
        if row.asked_at and row.voice != Voice.COUNTED and row.entry_id not in by_vote
    )
    return [*found, *at_the_door]


def _told(round_ids: Sequence[int]) -> Sequence[Any]:
    """Of each home that was tried: when it last asked at the door, when a call last reached it."""
    return db.session.execute(
        select(
            Visit.round_id,
            Visit.entry_id,
            RegisterEntry.voice,
            _latest(Visit.outcome == Outcome.NEEDS_CALL).label("asked_at"),
            _latest(_REACHED).label("called_at"),
        )
        .join(RegisterEntry, RegisterEntry.id == Visit.entry_id)
        .where(Visit.round_id.in_(round_ids), RegisterEntry.removed_at.is_(None))
        .group_by(Visit.round_id, Visit.entry_id, RegisterEntry.voice)
    ).all()


def _latest(which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.max(case((which, Visit.made_at)))


def _call_back(entry: RegisterEntry, asked: _Asked) -> CallBack:
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
