"""Telling a home something: rows of the queue, written in the transaction of what they tell.

Nothing is sent here; `tasks` does that when the transaction is over.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Table, delete
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock, jobs
from app.core.db import db, is_postgresql
from app.notices.delivery import end_of_news
from app.notices.models import Message, MessageKind, MessageState
from app.notices.queries import (
    Recipient,
    can_send,
    can_tell,
    lately_told,
    recipient,
    recipients,
    unsent,
)
from app.notices.wording import text_of

# What the office sends with its own platform waits until somebody fetches it.
LIFE_IN_EXPORT = timedelta(days=3)
# The same words reach one number three times a day at most (RULES.md §9), for each of its homes.
# A first vote is one a round by itself, and a code has limits of its own.
MOST_OF_A_KIND, DAY = 3, timedelta(hours=24)
_UNCAPPED = {MessageKind.VOTED, MessageKind.CODE}
# The name under which the background sends what cannot wait.
CODES = "notices.codes"

_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@dataclass(frozen=True)
class Notice:
    """What a home is to be told: the kind, its cause, and the values of its text."""

    household_id: int
    kind: MessageKind
    cause: str
    params: Mapping[str, str] = field(default_factory=dict)


def tell(household_ids: Iterable[int], kind: MessageKind, cause: str, **params: str) -> int:
    """Queue one message for each current mobile of these homes; how many rows are new.

    Telling the same cause again queues nothing, nor does a fourth message of a kind to a phone of
    a home within a day; of changes that still wait the last is told. Without a gateway nothing is
    queued.
    """
    return tell_each([Notice(home, kind, cause, params) for home in household_ids])


def tell_each(notices: Sequence[Notice]) -> int:
    """Queue different things for different homes, in as many statements as for one of them.

    As `tell` otherwise.
    """
    if not notices or not _is_heard():
        return 0
    # The statements name the homes, so each is looked up once whatever it is told.
    reached: dict[int, list[Recipient]] = {}
    for one in recipients(notice.household_id for notice in notices):
        reached.setdefault(one.household_id, []).append(one)
    now = clock.now()
    expires = end_of_news(now) if can_send() else now + LIFE_IN_EXPORT
    rows = [
        _row(one, notice.kind, notice.cause, text, now, expires)
        for notice in notices
        for one in reached.get(notice.household_id, ())
        for text in [text_of(notice.kind, one.door, **notice.params)]
    ]
    return _queue(_not_too_many(rows, now))


def tell_phone(
    household_id: int,
    phone: str,
    kind: MessageKind,
    cause: str,
    *,
    expires_at: datetime,
    **params: str,
) -> None:
    """Queue one message for one phone, to leave as soon as the transaction is over, at any hour.

    A phone that is not on file for exactly this home gets nothing, whoever asked. What is in
    `params` stands in the text (`code` of a one-time code), which is dead at `expires_at`.
    """
    if not (can_send() and _is_heard()):
        return
    one = recipient(household_id, phone)
    if one is None:
        return
    now = clock.now()
    # Whoever said "ten minutes" a moment ago means ten.
    minutes = str(round((expires_at - now) / timedelta(minutes=1)))
    text = text_of(kind, one.door, minutes=minutes, **params)
    if _queue([_row(one, kind, cause, text, now, expires_at)]):
        jobs.call(CODES)


@contextmanager
def unheard() -> Iterator[None]:
    """Inside, nobody is told anything: the people of the sample do not exist, their phones may."""
    token = _unheard.set(True)
    try:
        yield
    finally:
        _unheard.reset(token)


def _is_heard() -> bool:
    return can_tell() and not _unheard.get()


def _row(
    one: Recipient, kind: MessageKind, cause: str, text: str, now: datetime, expires: datetime
) -> dict[str, Any]:
    return {
        "household_id": one.household_id,
        "phone": one.phone,
        "body": text,
        "kind": kind,
        "cause": cause,
        "state": MessageState.QUEUED,
        "queued_at": now,
        "due_at": now,
        "expires_at": expires,
        "attempts": 0,
        "unanswered": 0,
        "error": "",
    }


def _not_too_many(rows: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Those of `rows` that their phones may still be told today; older news makes way for them."""
    kinds = {row["kind"] for row in rows} - _UNCAPPED
    if not kinds:
        return rows
    told: Counter[tuple[int, str, MessageKind]] = Counter()
    waiting: dict[tuple[int, str, MessageKind], dict[str, int]] = {}
    for one in lately_told((row["household_id"] for row in rows), kinds, now - DAY):
        key = (one.household_id, one.phone, one.kind)
        if one.kind == MessageKind.CHANGED and one.is_unsent:
            waiting.setdefault(key, {})[one.cause] = one.id
        else:
            told[key] += 1
    kept: list[dict[str, Any]] = []
    outdated: list[int] = []
    for row in rows:
        key = (row["household_id"], row["phone"], row["kind"])
        if row["kind"] not in _UNCAPPED and told[key] >= MOST_OF_A_KIND:
            continue
        told[key] += 1
        kept.append(row)
        if row["cause"] not in waiting.get(key, {}):
            outdated += waiting.pop(key, {}).values()
    _forget_waiting(outdated)
    return kept


def _forget_waiting(ids: list[int]) -> None:
    """Drop what nobody has begun to send: newer news of the same kind takes its place."""
    if ids:
        # Somebody may have begun to send it meanwhile: then it stays.
        gone = delete(Message).where(Message.id.in_(ids), unsent)
        db.session.execute(gone.execution_options(synchronize_session=False))


def _queue(rows: Iterable[dict[str, Any]]) -> int:
    rows = list(rows)
    if not rows:
        return 0
    queued = db.session.execute(_IN_POSTGRESQL if is_postgresql() else _IN_SQLITE, rows)
    return cast("CursorResult[Any]", queued).rowcount


_message = cast("Table", Message.__table__)
# Whoever comes second with the same cause is silently late.
_COUNTED = {"preserve_rowcount": True}
_IN_POSTGRESQL = postgresql.insert(_message).on_conflict_do_nothing().execution_options(**_COUNTED)
_IN_SQLITE = sqlite.insert(_message).on_conflict_do_nothing().execution_options(**_COUNTED)
