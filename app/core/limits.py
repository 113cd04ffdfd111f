"""Limits that guard identity, counted in the database inside the transaction.

A limit never locks anybody out for good: it only looks back over a window of time.
"""

from datetime import datetime, timedelta

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import BigInt, Model, db
from app.core.errors import Refused, msg


class Attempt(Model):
    """One try at something guarded; `key` names what was tried, never who tried."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    key: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime]


class TooManyTries(Refused):
    """The window is full; waiting helps."""


def spend(key: str, *, most: int, window: timedelta) -> int:
    """Take one try of `key` durably before it is judged; refuses `TooManyTries` when none is left.

    It commits: a try must count even when the slow check behind it crashes or runs beside a
    hundred others, and the check itself must hold no lock. Call it before changing anything.
    Returns the number of the try, for `give_back` when it turns out right.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    # What lies before the window decides nothing any more and must not pile up.
    db.session.execute(
        delete(Attempt).where(Attempt.key == key, Attempt.at <= clock.now() - window)
    )
    count = db.session.scalar(select(func.count()).select_from(Attempt).where(Attempt.key == key))
    if (count or 0) >= most:
        raise TooManyTries(
            msg("试错次数太多，请过 %(minutes)s 分钟再试，或者打社区电话。"),
            minutes=int(window.total_seconds() // 60),
        )
    attempt = Attempt(key=key, at=clock.now())
    db.session.add(attempt)
    db.session.flush()
    number = attempt.id
    db.session.commit()
    return number


def give_back(number: int) -> None:
    """Take back a try that turned out right; wrong ones before it still count."""
    db.session.execute(delete(Attempt).where(Attempt.id == number))
