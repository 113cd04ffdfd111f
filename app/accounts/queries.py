"""Reading accounts: identities with a short memory, people within a scope, areas to choose from."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.accounts.desk_sessions import stands, token_digest
from app.accounts.models import (
    HouseholdCode,
    HouseholdSession,
    Invitation,
    Staff,
    StaffSession,
)
from app.core.db import db
from app.core.guards import Claim, Home, Identity
from app.core.tokens import commitment
from app.roster.models import Area, Building, Compound, Contact, Entrance, Household, Premises

# An ended account may act for at most this many seconds more (THREATS.md T25).
MEMORY_SECONDS = 1.0


# Whoever asked within so many seconds is looked up again together, a little before it is needed.
_LATELY, _AHEAD, _AT_ONCE = 5.0, 0.2, 1000


@dataclass
class _Remembered:
    identity: Identity
    until: float
    asked_at: float


_memory: dict[str, _Remembered] = {}
_renewing = threading.Lock()


def remembered(session_key: str) -> Identity | None:
    """Who a session belongs to, if that was looked up within the last second.

    None also for the one caller who is to look everybody up again while the others need not wait.
    """
    known, now = _memory.get(session_key), time.monotonic()
    if known is None:
        return None
    known.asked_at = now
    is_due = known.until - now < _AHEAD and not _renewing.locked()
    return None if is_due or known.until <= now else known.identity


def identity_of(session_key: str) -> Identity | None:
    """Whom a sign-in's token speaks for, while it stands; remembered for a second,

    so that a page which polls costs no query (PERFORMANCE.md row 4): everybody who asked lately is
    looked up at once, so that many pages cost no more than one.
    """
    if known := remembered(session_key):
        return known
    if not _renewing.acquire(blocking=False):
        return _look_up({session_key}).get(session_key)
    try:
        since = time.monotonic() - _LATELY
        lately = [key for key, one in list(_memory.items()) if one.asked_at > since]
        return _look_up({session_key, *lately[:_AT_ONCE]}).get(session_key)
    finally:
        _renewing.release()


def _look_up(keys: set[str]) -> dict[str, Identity]:
    """Who these sessions belong to, as far as they stand; remembered from now on."""
    if len(_memory) > 5000:
        forget_identities()
    standing, now = _standing(keys), time.monotonic()
    for key in keys:
        before = _memory.pop(key, None)
        if identity := standing.get(key):
            asked_at = before.asked_at if before else now
            _memory[key] = _Remembered(identity, now + MEMORY_SECONDS, asked_at)
    return standing


def _standing(keys: set[str]) -> dict[str, Identity]:
    """Those of the sign-ins that still stand, with whom they belong to, in one statement."""
    tokens = {token_digest(key): key for key in keys}
    # Columns and no rows of the session: there may be hundreds, every second.
    people = (
        select(
            StaffSession.token_digest,
            Staff.id,
            Staff.username,
            Staff.name,
            Staff.role,
            func.coalesce(Area.path, "/"),
            Staff.salt,
        )
        .join(Staff, Staff.id == StaffSession.staff_id)
        .outerjoin(Area, Area.id == Staff.area_id)
        .where(StaffSession.token_digest.in_(tokens), *stands())
    )
    return {
        tokens[digest]: Identity(
            id_, username, name, role, path, commitment("staff", salt, str(id_)), tokens[digest]
        )
        for digest, id_, username, name, role, path, salt in db.session.execute(people)
    }


def as_signed_in(staff: Staff, token: str) -> Identity:
    """The identity of somebody in the browser that holds this token."""
    return replace(staff.identity, session_token=token)


def forget_identities() -> None:
    """Look everybody up anew from here on."""
    _memory.clear()


def are_two_persons(first_id: int | None, second: Identity) -> bool:
    """Whether a step taken by `first_id` may be confirmed by `second` (decision 6): somebody else,

    both known to be persons of their own, and neither made the other's account.
    """
    if first_id is None or first_id == second.id:
        return False
    is_near = select(literal(first_id).in_(near_to(second)))
    return not db.session.scalar(is_near)


def too_near(by: Identity) -> set[int]:
    """`near_to` at once, for many steps."""
    return set(db.session.scalars(near_to(by)))


def near_to(by: Identity) -> Select[int]:
    """Whose steps `by` can never confirm, as ids of staff: the rule of `are_two_persons`.

    Their own, of whose account they made, of who made theirs, and of everybody for whom nobody
    vouched; of all, while nobody vouched for `by`.
    """
    me, one = aliased(Staff), aliased(Staff)
    is_near = or_(
        one.id == me.id,
        one.made_by_id == me.id,
        one.id == me.made_by_id,
        ~one.is_vouched,
        ~me.is_vouched,
    )
    return select(one.id).join(me, me.id == by.id).where(is_near)


@dataclass(frozen=True)
class Colleague:
    """Somebody of the desk as the list shows them; `invited_until` while a link waits for them."""

    staff: Staff
    last_sign_in: datetime | None
    invited_until: datetime | None

    @property
    def is_waiting(self) -> bool:
        """Whether they have not set a password yet, be the link still good or not."""
        return self.staff.password_hash is None


def people_within(by: Identity, words: str = "") -> Select[Any]:
    """Open accounts whose scope lies within this person's, by area and name; of some words only.

    Rows are the fields of `Colleague`, for `core.paging`.
    """
    last = (
        select(func.max(StaffSession.began_at))
        .where(StaffSession.staff_id == Staff.id)
        .scalar_subquery()
    )
    until = (
        select(func.max(Invitation.expires_at))
        .where(Invitation.staff_id == Staff.id)
        .where(Invitation.used_at.is_(None), Invitation.ended_at.is_(None))
        .scalar_subquery()
    )
    people: Any = (
        select(Staff, last, until)
        .outerjoin(Area, Area.id == Staff.area_id)
        .where(Staff.closed_at.is_(None))
        .options(joinedload(Staff.area))
        .order_by(Area.path, Staff.name, Staff.id)
    )
    if by.area_path != "/":
        people = people.where(Area.path.startswith(by.area_path))
    if words:
        names = (Staff.name, Staff.username, Area.name)
        people = people.where(or_(*(name.contains(words, autoescape=True) for name in names)))
    return people  # type: ignore[no-any-return]


def colleague(staff: Staff, by: Identity) -> Colleague:
    """One of `people_within`."""
    row = db.session.execute(people_within(by).where(Staff.id == staff.id)).one()
    return Colleague(*row)


def areas_within(by: Identity) -> list[Area]:
    """The area tree as far as this person reaches, parents before children."""
    areas = select(Area).where(Area.path.startswith(by.area_path)).order_by(Area.path)
    return list(db.session.scalars(areas))


def home_of_session(claim: Claim) -> Home | None:
    """The household a browser's session speaks for, unless it ended or its code was revoked."""
    row = db.session.execute(
        select(
            HouseholdSession.household_id,
            Entrance.building_id,
            HouseholdSession.id,
            Building.name,
            Entrance.name,
            Premises.room,
        )
        .join(Household, Household.id == HouseholdSession.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .outerjoin(HouseholdCode, HouseholdCode.id == HouseholdSession.code_id)
        .where(
            HouseholdSession.token_digest == claim.digest,
            HouseholdSession.began_at > claim.began_after,
            session_stands(),
        )
    ).one_or_none()
    return Home(*row[:3], address="".join(row[3:])) if row else None


def session_stands() -> ColumnElement[bool]:
    """Whether a household's session, joined with its code, was neither ended nor revoked.

    One that began by phone stands as long as that phone is on file for the home.
    """
    is_valid = or_(HouseholdSession.code_id.is_(None), HouseholdCode.revoked_at.is_(None))
    on_file = exists().where(Contact.id == HouseholdSession.contact_id, Contact.ended_at.is_(None))
    is_reached = or_(HouseholdSession.contact_id.is_(None), on_file)
    return and_(HouseholdSession.ended_at.is_(None), is_valid, is_reached)


@dataclass(frozen=True)
class OwnHome:
    """A home that this browser's phone is on file for; `is_here` is the one it speaks for."""

    household_id: int
    address: str
    is_here: bool


@dataclass(frozen=True)
class SignedIn:
    """A browser that speaks for the household: since when, how it came in, whether it is this."""

    since: datetime
    by_phone: bool
    is_this: bool


def building_of_home(household_id: int) -> Building:
    """The building of a home."""
    return db.session.execute(
        select(Building)
        .join(Entrance, Entrance.building_id == Building.id)
        .join(Premises, Premises.entrance_id == Entrance.id)
        .join(Household, Household.premises_id == Premises.id)
        .where(Household.id == household_id)
    ).scalar_one()


def homes_on_phone(home: Home) -> list[OwnHome]:
    """The homes of the phone by which a session began, by address; none if it began by a code."""
    mine, other = aliased(Contact), aliased(Contact)
    rows = db.session.execute(
        select(Household.id, Compound.name, Building.name, Entrance.name, Premises.room)
        .select_from(HouseholdSession)
        .join(mine, mine.id == HouseholdSession.contact_id)
        .join(other, other.phone == mine.phone)
        .join(Household, Household.id == other.household_id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .where(HouseholdSession.id == home.session_id, other.ended_at.is_(None))
        .order_by(Compound.name, Building.position, Entrance.position, Premises.position)
    )
    return [
        OwnHome(id_, f"{compound} {''.join(place)}", id_ == home.household_id)
        for id_, compound, *place in rows
    ]


def signed_in(home: Home, began_after: datetime) -> list[SignedIn]:
    """The browsers that speak for this household and have not left, the newest first."""
    return [
        SignedIn(began_at, contact_id is not None, id_ == home.session_id)
        for id_, began_at, contact_id in signed_in_at(home.household_id, began_after)
    ]


def signed_in_at(
    household_id: int, began_after: datetime
) -> Sequence[Row[int, datetime, int | None]]:
    """(id, when it began, the phone it came by) of every browser that speaks for a household."""
    return db.session.execute(
        select(HouseholdSession.id, HouseholdSession.began_at, HouseholdSession.contact_id)
        .outerjoin(HouseholdCode, HouseholdCode.id == HouseholdSession.code_id)
        .where(
            HouseholdSession.household_id == household_id,
            HouseholdSession.began_at > began_after,
            session_stands(),
        )
        .order_by(HouseholdSession.began_at.desc(), HouseholdSession.id.desc())
    ).all()
