"""A sign-in of a member of staff as a row: how it begins, what is listed, how it ends."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update

from app.accounts.models import Staff, StaffSession
from app.accounts.standing import check_may_look_after
from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind

# A working day; half an hour without a page ends it before (the cookie knows).
LONGEST = timedelta(hours=8)
KEPT = timedelta(days=90)
# What a browser calls itself → what people call it; the first that fits.
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("QQBrowser", "QQ浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def token_digest(token: str) -> str:
    """What is stored of the token that a browser holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(staff_id: int, browser: str) -> str:
    """Let a browser act for a member of staff; returns the token it has to keep."""
    token = secrets.token_urlsafe(24)
    db.session.add(
        StaffSession(
            token_digest=token_digest(token),
            staff_id=staff_id,
            browser=browser[:60],
            began_at=clock.now(),
        )
    )
    return token


def leave(token: str) -> None:
    """End the sign-in of this browser."""
    db.session.execute(
        update(StaffSession)
        .where(StaffSession.token_digest == token_digest(token), StaffSession.ended_at.is_(None))
        .values(ended_at=clock.now())
    )


def end(found: StaffSession, *, by: Identity) -> None:
    """End one sign-in, one's own or of somebody one looks after; it is dead within a second.

    Refuses `NotAllowed` for anybody else's.
    """
    if found.staff_id != by.id:
        check_may_look_after(by, found.staff)
    if found.ended_at is None:
        found.ended_at = clock.now()
        facts = {"session_ended": found.staff_id}
        record(OFFICE, Kind.STAFF, facts, actor=by.commitment)


def end_all(staff_id: int, *, but: str = "") -> None:
    """End every sign-in of somebody, on whatever machine, except the one with this token."""
    db.session.execute(
        update(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
            StaffSession.token_digest != token_digest(but),
        )
        .values(ended_at=clock.now())
    )


def standing(staff_id: int) -> list[StaffSession]:
    """The sign-ins of somebody that may still act, the newest first."""
    return list(
        db.session.scalars(
            select(StaffSession)
            .where(
                StaffSession.staff_id == staff_id,
                StaffSession.ended_at.is_(None),
                StaffSession.began_at > clock.now() - LONGEST,
            )
            .order_by(StaffSession.began_at.desc(), StaffSession.id.desc())
        )
    )


def forget(before: datetime) -> None:
    """Delete sign-ins so old that nobody need look at them; the journal keeps that they were."""
    db.session.execute(delete(StaffSession).where(StaffSession.began_at <= before))


def browser_name(user_agent: str) -> str:
    """What a person calls this browser and machine: `Chrome · Windows`."""
    found = [
        next((name for sign, name in signs if sign in user_agent), "")
        for signs in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(name for name in found if name)


def stands() -> tuple[ColumnElement[bool], ...]:
    """What holds of a sign-in that may still act, joined with whose it is: it was not ended and is

    not too old, and the account is open.
    """
    return (
        StaffSession.ended_at.is_(None),
        StaffSession.began_at > clock.now() - LONGEST,
        Staff.closed_at.is_(None),
    )
