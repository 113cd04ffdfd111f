"""Homes of a community with names and phones, and the people of its office."""

from dataclasses import dataclass
from datetime import timedelta

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.households import actions
from app.households.actions import Evidence, PhoneChange
from app.households.models import HomeChange
from app.roster.models import Building, Contact, Household
from tests.client import PageClient
from tests.factories import homes_of, make_building, make_staff

OLD, NEW = "13800000001", "13900000009"
EVIDENCE = Evidence("住户当面说换了号码。", "身份证当面核对")


@dataclass(frozen=True)
class Place:
    """A building, its first home with one phone, a worker and two people of the office."""

    building: Building
    home: Household
    worker: Staff
    first: Staff
    second: Staff

    @property
    def contact(self) -> Contact:
        return self.home.contacts[0]

    def proposes(self, phone: str = NEW, ending: Contact | None = None) -> HomeChange:
        """The worker asks for another phone, in the place of one if it is named."""
        change = PhoneChange(phone, "女儿", ending.id if ending else None)
        return actions.propose_phone(self.home, change, EVIDENCE, by=self.worker.identity)


def make_place(homes: int = 4) -> Place:
    """The phone has been on file for a month."""
    building = make_building(homes=homes)
    home = homes_of(building)[0]
    home.contacts = [Contact(phone=OLD, since=clock.now() - timedelta(days=30))]
    area = building.compound.area
    db.session.flush()
    people = [make_staff(role, area) for role in (Role.WORKER, Role.OFFICE, Role.OFFICE)]
    return Place(building, home, *people)


def stranger() -> Staff:
    """Somebody of the office of another community."""
    return make_staff(Role.OFFICE, make_building(homes=1).compound.area)


def signed_in(client: PageClient, staff: Staff) -> PageClient:
    client.sign_in(staff)
    return client
