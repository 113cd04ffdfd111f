"""Coming in with the code of the slip: the try is counted, then judged, then a session begins.

`guessing` says how often one may try, `codes` what a code is, `sessions` what follows.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.accounts import guessing, sessions
from app.accounts.codes import Code, is_secret
from app.accounts.guessing import Door
from app.accounts.models import HouseholdCode
from app.core import limits
from app.core.db import db, release
from app.core.tokens import keyed_digest
from app.roster.models import Entrance, Household, Premises


@dataclass(frozen=True)
class Marker:
    """What a browser keeps of the codes it came in with: a name of its own, and their marks."""

    browser: str = ""
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entered:
    """A session that has just begun, and the mark of the code by which it did."""

    token: str
    mark: str


def enter(
    building_id: int, code: Code, key: str, *, door: Door | None = None, marker: Marker = Marker()
) -> Entered | None:
    """Sign a browser in with a household code; None when code or door is wrong.

    Refuses `NeedsDoor` and `TooManyTries` as `guessing` says; a new slip from the office helps at
    once, for it has other digits.
    """
    found = _code(building_id, code.selector)
    is_known = found is not None and mark_of(found.id, key) in marker.codes
    if is_known:
        spent = guessing.try_known(found.id, marker.browser)
    else:
        spent = guessing.try_code(building_id, code, door)
    release()  # The slow hash must not hold the write lock.
    fits = found is not None and (is_known or door is None or door == _door_of(found))
    if not is_secret(found.secret_hash if fits else None, code.secret, key):
        if not is_known:
            guessing.note_wrong(building_id)
        return None
    return _begin(found.id, spent, key)


def is_own_code(household_id: int, code: Code, key: str) -> bool:
    """Whether a home's own slip says this, typed at its door on a phone of the office.

    A try of that door, like a stranger's: counted first, and given back where it is right. Refuses
    `TooManyTries`.
    """
    found = _code_of(household_id, code.selector)
    building_id, door = _home_of(household_id)
    spent = guessing.try_code(building_id, code, door)
    release()  # The slow hash must not hold the write lock.
    if not is_secret(found.secret_hash if found else None, code.secret, key):
        guessing.note_wrong(building_id)
        return False
    limits.give_back(spent)
    return True


def mark_of(code_id: int, key: str) -> str:
    """What a browser keeps of a code it came in with: it tells nobody else which code that is."""
    return keyed_digest(key, f"came in with {code_id}")[:16]


def _code(building_id: int, selector: str) -> Any:
    """The valid code of these four digits, with the door of its home."""
    return db.session.execute(
        select(HouseholdCode.id, HouseholdCode.secret_hash, Entrance.name, Premises.room)
        .join(Household, Household.id == HouseholdCode.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .where(
            HouseholdCode.building_id == building_id,
            HouseholdCode.selector == selector,
            HouseholdCode.revoked_at.is_(None),
        )
    ).one_or_none()


def _code_of(household_id: int, selector: str) -> Any:
    """The valid code of this home, if it begins with these digits."""
    mine = (HouseholdCode.household_id == household_id, HouseholdCode.revoked_at.is_(None))
    found = select(HouseholdCode.secret_hash).where(*mine, HouseholdCode.selector == selector)
    return db.session.execute(found).one_or_none()


def _home_of(household_id: int) -> tuple[int, Door]:
    building_id, entrance, room = db.session.execute(
        select(Entrance.building_id, Entrance.name, Premises.room)
        .join(Premises, Premises.entrance_id == Entrance.id)
        .join(Household, Household.premises_id == Premises.id)
        .where(Household.id == household_id)
    ).one()
    return building_id, Door(entrance, room)


def _door_of(found: Any) -> Door:
    return Door(found.name, found.room)


def _begin(code_id: int, spent: int, key: str) -> Entered | None:
    # Read again: the code may have been revoked while the hash was computed.
    found = db.session.scalar(
        select(HouseholdCode).where(HouseholdCode.id == code_id, HouseholdCode.revoked_at.is_(None))
    )
    if found is None:
        return None
    limits.give_back(spent)
    token = sessions.begin(found.household_id, code_id=found.id)
    return Entered(token, mark_of(found.id, key))
