"""What has happened to a round so far and who did it, in the order in which it happens."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.accounts.models import Staff
from app.core.db import db
from app.core.errors import msg
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.rounds.models import Round

# Steps whose actor stands in the journal only. Each happens once and before the first vote.
_IN_JOURNAL = (Kind.REGISTER_PUBLISHED, Kind.REGISTER_FROZEN, Kind.ROUND_OPEN)


@dataclass(frozen=True)
class Event:
    """One step: when it was done, None while it is still to come, and by whom, as far as known."""

    title: str
    at: datetime | None
    by: str


def timeline(round_: Round) -> list[Event]:
    """Every step of a round; its end is nobody's doing, it comes with the minute."""
    people = db.session.scalars(select(Staff)).all()
    names = {person.id: person.name for person in people}
    actors = {person.identity.commitment: person.name for person in people}
    written = {kind: actors.get(actor, "") for kind, actor in _actors_in_journal(round_.id)}
    steps: tuple[tuple[str, datetime | None, int | Kind | None], ...] = (
        (msg("起草"), round_.drafted_at, round_.drafted_by_id),
        (msg("提交确认"), round_.submitted_at, round_.submitted_by_id),
        (msg("口径确认"), round_.confirmed_at, round_.confirmed_by_id),
        (msg("登记册公示"), round_.register_published_at, Kind.REGISTER_PUBLISHED),
        (msg("登记册锁定"), round_.frozen_at, Kind.REGISTER_FROZEN),
        (msg("开始"), round_.opened_at, Kind.ROUND_OPEN),
        (msg("截止"), round_.closes_at if round_.has_closed else None, None),
        (msg("初步结果"), round_.preliminary_at, round_.preliminary_by_id),
        (msg("最终结果"), round_.certified_at, round_.certified_by_id),
    )
    return [
        Event(
            title,
            at,
            written.get(by, "") if isinstance(by, Kind) else names.get(by or 0, ""),
        )
        for title, at, by in steps
    ]


def _actors_in_journal(round_id: int) -> list[tuple[Kind, str]]:
    # The limit keeps the reading from going on through every vote of the book.
    rows = db.session.execute(
        select(JournalEntry.kind, JournalEntry.entry)
        .where(JournalEntry.book == book_of_round(round_id), JournalEntry.kind.in_(_IN_JOURNAL))
        .order_by(JournalEntry.seq)
        .limit(len(_IN_JOURNAL))
    )
    return [(row.kind, json.loads(row.entry)["actor"]) for row in rows]
