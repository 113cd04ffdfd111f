"""Coming in by phone, as tests do it: a home with a phone on file, and what its phone receives."""

import re
from typing import Any

from app.core import clock
from app.core.db import db
from app.roster.models import Building, Contact, Household
from tests.client import PageClient
from tests.factories import homes_of, make_building
from tests.notices.postbox import Postbox

MOBILE, OTHER_MOBILE = "13800000001", "13900000002"


def home_with(*phones: str, building: Building | None = None, number: int = 0) -> Household:
    """A home of a building, with these phones on file."""
    home = homes_of(building or make_building())[number]
    home.contacts = [Contact(phone=phone, since=clock.now()) for phone in phones]
    db.session.flush()
    return home


def building_of(home: Household) -> Building:
    return home.premises.entrance.building


def asking(home: Household, phone: str = MOBILE, **typed: str) -> dict[str, str]:
    """What somebody fills in who asks for a code."""
    entrance, room = home.premises.entrance.name, home.premises.room
    return {"entrance": entrance, "room": room, "phone": phone, **typed}


def ask(
    client: PageClient, home: Household, phone: str = MOBILE, status: int = 303, **typed: str
) -> Any:
    """Ask for a code at the phone door of the home's building."""
    token = building_of(home).token
    return client.post("accounts.enter", asking(home, phone, **typed), status, token=token)


def type_code(client: PageClient, home: Household, code: str, status: int = 303) -> Any:
    """Type the six digits."""
    return client.post("accounts.enter", {"otp": code}, status, token=building_of(home).token)


def received(postbox: Postbox) -> str:
    """The code of the newest message."""
    found = re.search(r"\d{6}", postbox.bodies[-1])
    assert found, postbox.bodies[-1]
    return found[0]


def another_code(code: str) -> str:
    """Another code than this one."""
    return f"{(int(code) + 1) % 10**6:06d}"


def come_in(client: PageClient, home: Household, postbox: Postbox, phone: str = MOBILE) -> Any:
    """The whole way by phone; the answer to the right code."""
    ask(client, home, phone)
    return type_code(client, home, received(postbox))
