"""What can be sent, whom it would reach, and what a home was told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import phonenumbers
from flask import current_app
from sqlalchemy import Select, select

from app.core.db import db
from app.core.format import masked_phone
from app.notices.models import Message, MessageKind, MessageState
from app.notices.wording import Door
from app.roster.models import (
    Area,
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Premises,
)

GATEWAY = "juyi_gateway"
EXPORT = "export"
# So many ids fit into one statement on both engines with room to spare.
_AT_ONCE = 5000


@dataclass(frozen=True)
class Recipient:
    """One current phone of a home that can receive a message."""

    household_id: int
    phone: str
    door: Door


def can_send() -> bool:
    """Whether a message leaves within seconds: only then is a one-time code worth asking for."""
    return current_app.extensions.get(GATEWAY) is not None


def can_tell() -> bool:
    """Whether messages are queued at all, be it for a gateway or for the office's own platform."""
    return can_send() or current_app.extensions["juyi_config"].sms == EXPORT


def recipients(household_ids: Iterable[int]) -> Iterator[Recipient]:
    """Every current mainland mobile number of these homes, in as few questions as possible.

    Destinations are the numbers on the roster, nothing else (THREATS.md T03).
    """
    ids = sorted(set(household_ids))
    for start in range(0, len(ids), _AT_ONCE):
        of_these = Contact.household_id.in_(ids[start : start + _AT_ONCE])
        yield from _reached(_contacts().where(of_these))


def recipient(household_id: int, phone: str) -> Recipient | None:
    """One phone of a home, if it is on file for exactly that home now and can receive messages."""
    on_file = (Contact.household_id == household_id, Contact.phone == phone)
    return next(_reached(_contacts().where(*on_file)), None)


@dataclass(frozen=True)
class Told:
    """One message as the home may see it: of what, when, to which phone, how far it came."""

    kind: MessageKind
    at: datetime
    phone: str
    state: MessageState


def told(household_id: int) -> list[Told]:
    """What this home's phones were told lately, the newest first.

    Only its current phones: what a former owner was told is not for the next one.
    """
    messages = (
        select(Message.kind, Message.finished_at, Message.queued_at, Message.phone, Message.state)
        .join(
            Contact,
            (Contact.household_id == Message.household_id)
            & (Contact.phone == Message.phone)
            & Contact.ended_at.is_(None),
        )
        .where(Message.household_id == household_id)
        .order_by(Message.id.desc())
        .limit(10)
    )
    return [
        Told(row.kind, row.finished_at or row.queued_at, masked_phone(row.phone), row.state)
        for row in db.session.execute(messages)
    ]


def is_mobile(phone: str) -> bool:
    """Whether this is a mainland mobile number as the roster writes it: 11 digits."""
    if len(phone) != 11 or not phone.isascii() or not phone.isdecimal():
        return False
    # Not parsed: that would take longer than everything else that telling does.
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(phone))
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def _contacts() -> Select[int, str, str, str, str, str, str, str]:
    return (
        select(
            Contact.household_id,
            Contact.phone,
            Building.name,
            Entrance.name,
            Premises.room,
            Compound.name,
            Compound.phone,
            Area.name,
        )
        .join(Household, Household.id == Contact.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Contact.ended_at.is_(None))
        .order_by(Contact.id)
    )


def _reached(
    contacts: Select[int, str, str, str, str, str, str, str],
) -> Iterator[Recipient]:
    for home, phone, building, entrance, room, compound, office, area in db.session.execute(
        contacts
    ):
        if is_mobile(phone):
            door = Door(area, compound, building, f"{building}{entrance}{room}", office)
            yield Recipient(home, phone, door)
