"""Browsers that came in by a phone, put on file before a round opened or during it."""

from datetime import datetime

from app.accounts import sessions
from app.accounts.models import HouseholdSession
from app.core import clock
from app.core.db import db
from app.roster.models import Contact, Household
from tests.client import ORIGIN, PageClient

NEW, OLD = "13900000009", "13800000001"


def put_on_file(home: Household, phone: str = NEW, since: datetime | None = None) -> Contact:
    """A phone of a home, since now unless told otherwise."""
    contact = Contact(household_id=home.id, phone=phone, since=since or clock.now())
    db.session.add(contact)
    db.session.flush()
    return contact


def browser_of(contact: Contact) -> int:
    """A browser that comes in by this phone; its session."""
    sessions.begin(contact.household_id, contact_id=contact.id)
    db.session.flush()
    newest = db.session.query(HouseholdSession).order_by(HouseholdSession.id.desc()).first()
    assert newest is not None
    return newest.id


def come_in_by(client: PageClient, contact: Contact) -> None:
    """Sign this client in as who holds the phone, as the one-time code does."""
    token = sessions.begin(contact.household_id, contact_id=contact.id)
    db.session.commit()
    building = contact.household.premises.entrance.building
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        stored["building"] = building.token
        stored["household"] = {"token": token, "seen": int(clock.now().timestamp())}
