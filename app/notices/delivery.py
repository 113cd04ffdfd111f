"""From the queue to its end: who may send a message now, and what becomes of it (FAULTS.md §5).

queued → claimed (a lease) → sent | unknown | failed; the last three are for good. Nothing here
sends or commits; `tasks` does, one transaction after each letter.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, case, select, update

from app.core import clock
from app.core.db import db
from app.core.format import local
from app.core.log import mask
from app.notices.gateways import Letter
from app.notices.models import Message, MessageKind, MessageState

# Longer than any gateway may take; whoever holds a message longer than that has died.
LEASE = timedelta(seconds=30)
# A notice that could not be sent for so long is no news any more (FAULTS.md F09).
LIFE = timedelta(hours=4)
# Nobody's phone rings at night for anything but a code just asked for (RULES.md §9).
MORNING, EVENING = time(8), time(20)
# Between one try and the next; the last one repeats until the message is no news any more.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 20, 40))
# Whoever waits for a code looks at the phone now: one more try, then the slip helps.
PAUSE_OF_CODE = timedelta(seconds=10)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Sent:
    """The gateway took it, under this name."""

    provider_id: str


@dataclass(frozen=True)
class Later:
    """The gateway certainly took nothing, and may be asked again."""

    error: str


@dataclass(frozen=True)
class Never:
    """The gateway certainly took nothing, and never will."""

    error: str


@dataclass(frozen=True)
class Unanswered:
    """Nobody knows whether the gateway took it."""

    error: str


Outcome = Sent | Later | Never | Unanswered


def end_of_news(queued_at: datetime) -> datetime:
    """Until when a notice queued now is worth sending: four hours, of which the night is none."""
    start = local(queued_at)
    if not MORNING <= start.time() < EVENING:
        start = _morning(start)
    end, evening = start + LIFE, datetime.combine(start.date(), EVENING, start.tzinfo)
    return end if end <= evening else _morning(evening) + (end - evening)


def _morning(night: datetime) -> datetime:
    """The next morning, seen from a moment at night."""
    day = night.date() + timedelta(days=1 if night.time() >= EVENING else 0)
    return datetime.combine(day, MORNING, night.tzinfo)


def claim(*, codes_only: bool = False) -> Letter | None:
    """Take the most urgent message that is due, for as long as the lease; codes come first.

    At night there are only codes.
    Two who claim at once get different ones: a row that another holds is passed over, and SQLite
    has one writer at a time.
    """
    now = clock.now()
    is_code = Message.kind == MessageKind.CODE
    due = (
        select(Message)
        .where(
            Message.finished_at.is_(None),
            Message.state == MessageState.QUEUED,
            Message.due_at <= now,
            Message.expires_at > now,
        )
        .order_by(case((is_code, 0), else_=1), Message.due_at, Message.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    is_day = MORNING <= local(now).time() < EVENING
    message = db.session.scalar(due if is_day and not codes_only else due.where(is_code))
    if message is None:
        return None
    message.state = MessageState.CLAIMED
    message.claimed_until = now + LEASE
    message.attempts += 1
    return _letter(message)


def _letter(message: Message) -> Letter:
    assert message.phone is not None
    assert message.body is not None
    is_code = message.kind == MessageKind.CODE
    return Letter(message.id, message.attempts, message.phone, message.body, is_code)


def settle(letter: Letter, outcome: Outcome) -> timedelta | None:
    """Write down what became of a letter; how long until it may be tried again, if it may.

    An answer that comes after the lease was over changes nothing: somebody else has decided.
    """
    message = db.session.scalar(
        select(Message)
        .where(
            Message.id == letter.message_id,
            Message.state == MessageState.CLAIMED,
            Message.attempts == letter.attempt,
        )
        .with_for_update()
    )
    if message is None:
        return None
    if isinstance(outcome, Sent):
        message.provider_id = outcome.provider_id[:80]
        _finish(message, MessageState.SENT)
        return None
    # A provider likes to repeat the number it was given.
    message.error = mask(outcome.error)[:200]
    if isinstance(outcome, Never):
        _finish(message, MessageState.FAILED)
    elif isinstance(outcome, Unanswered):
        return _doubt(message)
    else:
        return _try_again(message, _pause(message), MessageState.FAILED)
    return None


def tidy() -> None:
    """Put aside what is too late to be sent, and decide about what a dead worker left behind.

    A code whose sending nobody saw the end of is never sent twice; any other message once more.
    """
    now = clock.now()
    overdue = (Message.finished_at.is_(None), Message.state == MessageState.QUEUED)
    _close(MessageState.FAILED, "too late", now, *overdue, Message.expires_at <= now)
    left = (Message.state == MessageState.CLAIMED, Message.claimed_until <= now)
    is_final = (
        (Message.kind == MessageKind.CODE) | (Message.unanswered > 0) | (Message.expires_at <= now)
    )
    _close(MessageState.UNKNOWN, "left behind", now, *left, is_final)
    db.session.execute(
        update(Message)
        .where(*left)
        .values(
            state=MessageState.QUEUED,
            claimed_until=None,
            unanswered=Message.unanswered + 1,
            error="left behind",
        )
        .execution_options(synchronize_session=False)
    )


def blank_old() -> int:
    """Forget phone and text of what ended 30 days ago; how many messages were blanked."""
    old = select(Message.id).where(
        Message.body.is_not(None), Message.finished_at < clock.now() - KEPT
    )
    ids = list(db.session.scalars(old.limit(5000)))
    blank = update(Message).where(Message.id.in_(ids)).values(phone=None, body=None)
    db.session.execute(blank.execution_options(synchronize_session=False))
    return len(ids)


def take_for_export() -> list[Message]:
    """Everything that waits for the office's own platform, as sent from now on; no codes.

    They are sent when the transaction is over: whoever cannot write them down rolls back.
    """
    now = clock.now()
    waiting = (
        select(Message)
        .where(
            Message.finished_at.is_(None),
            Message.state == MessageState.QUEUED,
            Message.kind != MessageKind.CODE,
            Message.expires_at > now,
        )
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    )
    taken = list(db.session.scalars(waiting))
    for message in taken:
        message.provider_id = "export"
        _finish(message, MessageState.SENT)
    return taken


def _doubt(message: Message) -> timedelta | None:
    """After an attempt of which nobody knows: one more for a notice, none for a code."""
    message.unanswered += 1
    if message.kind == MessageKind.CODE or message.unanswered > 1:
        _finish(message, MessageState.UNKNOWN)
        return None
    return _try_again(message, PAUSES[0], MessageState.UNKNOWN)


def _pause(message: Message) -> timedelta | None:
    if message.kind == MessageKind.CODE:
        return PAUSE_OF_CODE if message.attempts == 1 else None
    return PAUSES[min(message.attempts, len(PAUSES)) - 1]


def _try_again(
    message: Message, pause: timedelta | None, otherwise: MessageState
) -> timedelta | None:
    """Queue it again after a pause, unless its life is over by then."""
    if pause is None or clock.now() + pause >= message.expires_at:
        _finish(message, otherwise)
        return None
    message.state = MessageState.QUEUED
    message.claimed_until = None
    message.due_at = clock.now() + pause
    return pause


def _finish(message: Message, state: MessageState) -> None:
    message.state = state
    message.claimed_until = None
    message.finished_at = clock.now()


def _close(state: MessageState, error: str, now: datetime, *which: ColumnElement[bool]) -> None:
    """Finish at once every message for which all of `which` holds."""
    finished = {"state": state, "claimed_until": None, "finished_at": now, "error": error}
    closing = update(Message).where(*which).values(finished)
    db.session.execute(closing.execution_options(synchronize_session=False))
