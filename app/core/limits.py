"""Limits that guard identity, counted in the database inside the transaction.

A limit never locks anybody out for good: it only looks back over a window of time.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import BigInt, Model, db, is_postgresql, release
from app.core.errors import Refused, msg

# How long one waits after so many tries that count.
Pause = Callable[[int], timedelta]


class Attempt(Model):
    """One try at something guarded; `key` names what was tried, never who tried."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    key: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime] = mapped_column(index=True)


class TooManyTries(Refused):
    """The window is full, or the pause after the last try is not over; waiting helps.

    `wait` is for how long; a person is told minutes, or hours where it is long.
    """

    def __init__(self, wait: timedelta) -> None:
        minutes = max(1, -(-int(wait.total_seconds()) // 60))
        if minutes <= 90:
            words = msg("试错次数太多，请过 %(minutes)s 分钟再试，或者打社区电话。")
            super().__init__(words, minutes=minutes)
        else:
            words = msg("试错次数太多，请过 %(hours)s 小时再试，或者打社区电话。")
            super().__init__(words, hours=-(-minutes // 60))
        self.wait = wait


def at_once(_tries: int) -> timedelta:
    """No pause: the next try may come as soon as it likes."""
    return timedelta(0)


def spend(key: str, *, most: int, window: timedelta, pause: Pause = at_once) -> int:
    """Take one try of `key` durably before it is judged; refuses `TooManyTries` when none is left.

    It commits: a try must count even when the slow check behind it crashes or runs beside a
    hundred others, and the check itself must hold no lock. Call it before changing anything.
    Returns the number of the try, for `give_back` when it turns out right.
    """
    try:
        number = take(key, most=most, window=window, pause=pause)
    except TooManyTries:
        release()
        raise
    db.session.commit()
    return number


def take(key: str, *, most: int, window: timedelta, pause: Pause = at_once) -> int:
    """Take one of `most` in the caller's own transaction: it counts if what it pays for happens.

    Whoever takes of the same key waits for that transaction, so that not even one too many is
    taken. Refuses `TooManyTries`.
    """
    # Others may be before us: what time it is counts from when it is our turn.
    db.session.connection()
    if is_postgresql():
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    now = clock.now()
    # What lies before the window decides nothing any more and must not pile up.
    db.session.execute(delete(Attempt).where(Attempt.key == key, Attempt.at <= now - window))
    of_key = select(Attempt.at).where(Attempt.key == key).order_by(Attempt.at.desc()).limit(most)
    tries = list(db.session.scalars(of_key))
    paused = pause(len(tries)) if tries else timedelta(0)
    # Clocks of several servers differ a little: without a pause the last try says nothing.
    free_again = [tries[0] + paused] if paused else []
    if len(tries) == most:
        free_again.append(tries[-1] + window)
    wait = max(free_again, default=now) - now
    if wait > timedelta(0):
        raise TooManyTries(wait)
    attempt = Attempt(key=key, at=now)
    db.session.add(attempt)
    db.session.flush()
    return attempt.id


def give_back(number: int) -> None:
    """Take back a try that turned out right; wrong ones before it still count."""
    db.session.execute(delete(Attempt).where(Attempt.id == number))


def taken(key: str, *, window: timedelta) -> int:
    """How many tries of `key` lie within the window; reads only."""
    within = (Attempt.key == key, Attempt.at > clock.now() - window)
    return db.session.scalar(select(func.count()).select_from(Attempt).where(*within)) or 0


def forget_tries(before: datetime) -> None:
    """Delete tries so old that no window reaches them: a key need never be tried again."""
    db.session.execute(delete(Attempt).where(Attempt.at <= before))


class TooFast(Refused):
    """Somebody reads faster than anybody reads."""


class Pace:
    """So many readings a minute for each who asks, in the memory of this process.

    For pages that only read and so write nothing, not even a try (THREATS.md T05).
    """

    def __init__(self, most: int, window: timedelta = timedelta(minutes=1)) -> None:
        self._most, self._window = most, window
        self._lately: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def keep(self, who: str) -> None:
        """Count one reading of `who`; refuses `TooFast` beyond the pace, without counting it."""
        now = clock.now()
        with self._lock:
            if len(self._lately) > _MANY_READERS:
                self._lately.clear()
            lately = self._lately.setdefault(who, deque())
            while lately and lately[0] <= now - self._window:
                lately.popleft()
            if len(lately) >= self._most:
                raise TooFast(msg("查得太快了，请过一分钟再查。"))
            lately.append(now)

    def forget(self) -> None:
        """Let everybody begin anew."""
        with self._lock:
            self._lately.clear()


_MANY_READERS = 5000
