"""A phone put on file since the register of a round froze: for a day its votes wait (T33).

Whoever got a number of their own onto somebody's home, with a second person who looked away, has
gained nothing until the home had a day to notice. The slip, an older phone and paper wait for
nothing. It does not matter who put the number there: two persons, or a ledger.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.models import HouseholdSession
from app.core import clock
from app.core.db import db
from app.roster.models import Contact
from app.rounds.models import Round

HOLD = timedelta(hours=24)


def waits_until(round_: Round, session_id: int | None) -> datetime | None:
    """From when on a vote of this browser would count; None: at once."""
    if session_id is None or round_.frozen_at is None:
        return None
    phone = (
        select(Contact.since)
        .join(HouseholdSession, HouseholdSession.contact_id == Contact.id)
        .where(HouseholdSession.id == session_id)
    )
    return ripe_at(db.session.scalar(phone), round_.frozen_at)


def ripe_at(since: datetime | None, frozen_at: datetime) -> datetime | None:
    """When a phone on file `since` then is a day old; None if it is, or was there at the freezing.

    A browser that came in by a slip has no such phone: `since` is None.
    """
    if since is None or since <= frozen_at or clock.now() >= since + HOLD:
        return None
    return since + HOLD
