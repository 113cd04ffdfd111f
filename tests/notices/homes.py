"""Homes with phones, and what is queued for them."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock
from app.core.db import db
from app.notices import actions as notices
from app.notices.models import Message, MessageKind, MessageState
from app.roster.models import Building, Contact, Household
from tests.factories import homes_of, make_building

MOBILE, OTHER_MOBILE = "13800000001", "13800000002"


def home_with(*phones: str) -> Household:
    """A home that can be reached by these phones."""
    home = homes_of(make_building(homes=1))[0]
    give_phones(home, *phones)
    return home


def give_phones(home: Household, *phones: str) -> None:
    """Put phones of a home on file."""
    home.contacts += [Contact(phone=phone, since=clock.now()) for phone in phones]
    db.session.flush()


def homes_with_a_phone_each(count: int, building: Building | None = None) -> list[Household]:
    """Homes of which each has one mobile of its own."""
    homes = homes_of(building or make_building(homes=count, entrances=4))
    for number, home in enumerate(homes):
        give_phones(home, f"1380000{number:04d}")
    return homes


def ask_for_code(home: Household, cause: str = "otp:1", minutes: int = 10) -> None:
    """Queue a one-time code for the first phone of a home."""
    notices.tell_phone(
        home.id,
        home.contacts[0].phone,
        MessageKind.CODE,
        cause,
        expires_at=clock.now() + timedelta(minutes=minutes),
        code="204918",
    )


def let_all_leave() -> None:
    """What is queued has been sent by now; unlike `tasks`, it leaves the test its session."""
    sent = {"state": MessageState.SENT, "finished_at": clock.now()}
    db.session.execute(sa.update(Message).where(Message.finished_at.is_(None)).values(sent))


def queued(*which: Any) -> list[Message]:
    """The messages there are, in the order in which they were queued."""
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Message).where(*which).order_by(Message.id)))


def only_message() -> Message:
    """The one message there is."""
    (message,) = queued()
    return message
