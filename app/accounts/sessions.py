"""A browser that speaks for a household: how that begins, and every way in which it ends."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import and_, select, update

from app.accounts.models import HouseholdSession
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Home
from app.roster.models import Contact

# However busy it is, a browser speaks for a household no longer than this.
HALF_A_DAY = timedelta(hours=12)


class NotOnThisPhone(Refused):
    """The phone is not, or no longer, on file for that home."""


def token_digest(token: str) -> str:
    """What is stored of a token that a browser holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(
    household_id: int,
    *,
    code_id: int | None = None,
    contact_id: int | None = None,
    began_at: datetime | None = None,
) -> str:
    """Let a browser speak for a household; returns the token it has to keep.

    It came by a code or by a phone on file, and is ended by the end of that (`session_stands`).
    """
    token = secrets.token_urlsafe(24)
    db.session.add(
        HouseholdSession(
            token_digest=token_digest(token),
            household_id=household_id,
            code_id=code_id,
            contact_id=contact_id,
            began_at=began_at or clock.now(),
        )
    )
    return token


def leave(session_id: int) -> None:
    """End one browser's session."""
    _end(HouseholdSession.id == session_id)


def end_all(household_id: int) -> None:
    """End every session of a household, on whichever phone (THREATS.md T25)."""
    _end(HouseholdSession.household_id == household_id)


def end_others(household_id: int, *, but: int) -> None:
    """End every session of a household except this one, as when somebody else voted for it."""
    _end(and_(HouseholdSession.household_id == household_id, HouseholdSession.id != but))


def move(home: Home, household_id: int) -> str:
    """Let a browser that came in by phone speak for another home of that phone instead.

    Half a day counts from when it came in, whichever home it spoke for. Refuses `NotOnThisPhone`.
    """
    here = db.session.get_one(HouseholdSession, home.session_id)
    phone = here.contact.phone if here.contact else None
    there = db.session.scalar(
        select(Contact.id).where(
            Contact.household_id == household_id,
            Contact.phone == phone,
            Contact.ended_at.is_(None),
        )
    )
    if there is None:
        raise NotOnThisPhone(msg("这个手机号没有登记在那一户，请打社区电话。"))
    leave(home.session_id)
    return begin(household_id, contact_id=there, began_at=here.began_at)


def _end(which: object) -> None:
    db.session.execute(
        update(HouseholdSession)
        .where(which, HouseholdSession.ended_at.is_(None))  # type: ignore[arg-type]
        .values(ended_at=clock.now())
    )
