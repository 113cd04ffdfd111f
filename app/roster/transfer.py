"""Premises change hands: who owned them until now stays on record with its end."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.roster.models import Contact, Household, Owner, Premises, Tenure


def make_owners(compound_id: int, names: Sequence[str]) -> list[int]:
    """Put people on the roster who own nothing yet; returns their ids in this order."""
    owners = [Owner(compound_id=compound_id, name=name) for name in names]
    db.session.add_all(owners)
    db.session.flush()
    return [owner.id for owner in owners]


def change_owners(
    premises: Premises, owner_ids: Sequence[int], *, by: Identity, since: datetime | None = None
) -> None:
    """Let `owner_ids` own the premises from now on, or `since` the day of the deed.

    The telephones of the old ones end now.
    """
    now = clock.now()
    since = since or now
    held = (Tenure.premises_id == premises.id, Tenure.until.is_(None))
    db.session.execute(update(Tenure).where(*held).values(until=since))
    homes = select(Household.id).where(Household.premises_id == premises.id)
    reached = (Contact.household_id.in_(homes), Contact.ended_at.is_(None))
    db.session.execute(update(Contact).where(*reached).values(ended_at=now))
    db.session.add_all(
        Tenure(premises_id=premises.id, owner_id=owner_id, since=since) for owner_id in owner_ids
    )
    db.session.flush()
    db.session.expire(premises, ["tenures"])
    changed = {"premises": premises.id, "owners": len(owner_ids)}
    record(OFFICE, Kind.ROSTER_CHANGE, changed, actor=by.commitment)
