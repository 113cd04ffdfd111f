"""What can be sent, whom it would reach, and what a home was told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import phonenumbers
from flask import current_app
from sqlalchemy import Select, Subquery, exists, func, select
from sqlalchemy.orm import aliased

from app.core import clock
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
# As long as a message keeps its phone and its text (`delivery.KEPT`).
LISTED_FOR = timedelta(days=30)
# Waits, and nobody has begun to send it.
unsent = (Message.state == MessageState.QUEUED) & (Message.attempts == 0)


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


def failed_within(area_path: str) -> Any:
    """The messages of the last 30 days that did not arrive, or perhaps not, the newest first.

    One-time codes are left out: whoever asked has long asked again. An area's path says where.
    """
    return (
        select(
            Message.id,
            Message.household_id,
            Message.kind,
            Message.state,
            Message.phone,
            Message.error,
            Message.finished_at,
            Compound.name.label("compound"),
            Building.name.label("building"),
            Entrance.name.label("entrance"),
            Premises.room,
        )
        .join(Household, Household.id == Message.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(
            Message.state.in_((MessageState.FAILED, MessageState.UNKNOWN)),
            Message.kind != MessageKind.CODE,
            Message.finished_at > clock.now() - LISTED_FOR,
            Area.path.startswith(area_path),
        )
        .order_by(Message.finished_at.desc(), Message.id.desc())
    )


def failed_count(area_path: str) -> int:
    """How many these are."""
    rows = failed_within(area_path).order_by(None).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def lately_told(
    household_ids: Iterable[int], kinds: Iterable[MessageKind], since: datetime
) -> Iterator[Any]:
    """The messages of these kinds to phones of these homes since then, sent or not."""
    ids = sorted(set(household_ids))
    of_kinds = (Message.kind.in_(set(kinds)), Message.queued_at > since)
    for start in range(0, len(ids), _AT_ONCE):
        of_these = Message.household_id.in_(ids[start : start + _AT_ONCE])
        yield from db.session.execute(_MESSAGES.where(of_these, *of_kinds))


# After so long nobody looks any more why a message did not arrive.
_LATELY = timedelta(days=14)


def unreached_homes(within: str) -> dict[str, int]:
    """Compound → its homes with a phone that the last message to it did not reach, below this path.

    Correcting the phone, or a later message that arrives, takes a home off the list.
    """
    later = aliased(Message)
    to_it = (later.household_id == Message.household_id, later.phone == Message.phone)
    is_last = ~exists().where(*to_it, later.id > Message.id, later.finished_at.is_not(None))
    found = (
        select(Compound.name, func.count(Household.id.distinct()))
        .select_from(Message)
        .join(Contact, Contact.household_id == Message.household_id)
        .join(Household, Household.id == Message.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(
            Message.state == MessageState.FAILED,
            Message.body.is_not(None),
            Message.finished_at > clock.now() - _LATELY,
            Contact.phone == Message.phone,
            Contact.ended_at.is_(None),
            is_last,
            Area.path.startswith(within),
        )
        .group_by(Compound.id, Compound.name)
    )
    return {row[0]: row[1] for row in db.session.execute(found)}


def busy_compounds(since: datetime, for_each_home: int) -> list[int]:
    """Compounds whose phones were sent more than so many messages for each home since then."""
    homes = _count_by_compound(select(Household.id))
    sent = _count_by_compound(
        select(Message.household_id).where(
            Message.finished_at > since,
            Message.body.is_not(None),
            Message.state == MessageState.SENT,
        )
    )
    busy = select(sent.c.compound_id).join(homes, homes.c.compound_id == sent.c.compound_id)
    return sorted(db.session.scalars(busy.where(sent.c.number > homes.c.number * for_each_home)))


def _count_by_compound(homes: Select[int]) -> Subquery:
    """How often homes of each compound stand among `homes`."""
    one = homes.subquery()
    return (
        select(Building.compound_id, func.count().label("number"))
        .select_from(one)
        .join(Household, Household.id == one.c[0])
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .group_by(Building.compound_id)
        .subquery()
    )


def is_mobile(phone: str) -> bool:
    """Whether this is a mainland mobile number as the roster writes it: 11 digits."""
    if len(phone) != 11 or not phone.isascii() or not phone.isdecimal():
        return False
    # Not parsed: that would take longer than everything else that telling does.
    number = phonenumbers.PhoneNumber(country_code=86, national_number=int(phone))
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


_MESSAGES = select(
    Message.id,
    Message.household_id,
    Message.phone,
    Message.kind,
    Message.cause,
    unsent.label("is_unsent"),
)


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
