"""Accounts: make staff, change what they may do, issue and end household codes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from app.accounts import desk_sessions
from app.accounts.codes import Code, draw_code, hash_secret
from app.accounts.models import HouseholdCode, HouseholdSession, Staff
from app.accounts.passwords import hashed
from app.accounts.standing import check_may_look_after, check_may_make
from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.forms import canonical
from app.core.guards import Identity, Role
from app.core.jobs import Report
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.notices.queries import can_tell
from app.roster.models import Area, Household


class UsernameTaken(Refused):
    """Somebody has this user name already, perhaps written differently."""


@dataclass(frozen=True)
class HomeRef:
    """A household and the building in which its code is looked up."""

    household_id: int
    building_id: int
    commitment: str


@dataclass(frozen=True)
class PreparedCode:
    """A drawn code with its slow hash, not yet valid; `digits` are printed once and forgotten."""

    home: HomeRef
    code: Code
    secret_hash: str

    @property
    def digits(self) -> str:
        """The 12 digits for the slip."""
        return self.code.digits


def create_staff(
    username: str,
    name: str,
    role: Role,
    area: Area | None,
    password: str | None,
    *,
    by: Identity | None,
) -> Staff:
    """Make an account; without a password it opens by an invitation only.

    `by` is None on the command line of the server. Refuses `WeakPassword`, `UsernameTaken`, and
    `NotAllowed` beyond the maker's own scope.
    """
    check_may_make(by, role, area)
    staff = Staff(
        username=canonical(username).lower(),
        name=canonical(name),
        role=role,
        area=area,
        password_hash=None if password is None else hashed(password),
        made_by_id=by.id if by else None,
        created_at=clock.now(),
    )
    with once(UsernameTaken(msg("这个用户名已经有人用了，请换一个。"))):
        db.session.add(staff)
    actor = by.commitment if by else SYSTEM
    record(OFFICE, Kind.STAFF, {"made": staff.id, "role": role.value}, actor=actor)
    return staff


def change_staff(staff: Staff, role: Role, area: Area | None, *, by: Identity) -> bool:
    """Give somebody below another role or scope; whether that changed anything.

    Refuses `NotAllowed` for oneself, and where either standing is not below the person's own.
    """
    check_may_look_after(by, staff)
    check_may_make(by, role, area)
    if (staff.role, staff.area_id) == (role, area.id if area else None):
        return False
    staff.role, staff.area = role, area
    facts = {"changed": staff.id, "role": role.value, "area": area.id if area else 0}
    record(OFFICE, Kind.STAFF, facts, actor=by.commitment)
    return True


def change_password(staff: Staff, password_hash: str, *, keep: str, by: Identity) -> None:
    """Set a person's own new password; every sign-in but this one (`keep`) ends."""
    staff.password_hash = password_hash
    desk_sessions.end_all(staff.id, but=keep)
    record(OFFICE, Kind.STAFF, {"password": staff.id}, actor=by.commitment)


def close_staff(staff: Staff, *, by: Identity) -> None:
    """End an account of somebody below, and every session of it; refuses `NotAllowed` else."""
    check_may_look_after(by, staff)
    staff.closed_at = clock.now()
    desk_sessions.end_all(staff.id)
    record(OFFICE, Kind.STAFF, {"closed": staff.id}, actor=by.commitment)


def prepare_codes(
    homes: Sequence[HomeRef], key: str, report: Report, *, taken: set[tuple[int, str]]
) -> list[PreparedCode]:
    """Draw and hash one code per household; slow (about 8 ms each), touches no database.

    `taken` are the (building, selector) pairs of `selectors_in_use`; `issue_codes` makes the
    codes valid.
    """
    taken = set(taken)
    prepared = []
    for done, home in enumerate(homes, start=1):
        code = draw_code()
        while (home.building_id, code.selector) in taken:
            code = draw_code()
        taken.add((home.building_id, code.selector))
        prepared.append(PreparedCode(home, code, hash_secret(code.secret, key)))
        report(done, len(homes))
    return prepared


def selectors_in_use(homes: Iterable[HomeRef]) -> set[tuple[int, str]]:
    """(building, selector) pairs that other households of the same buildings hold now."""
    homes = list(homes)
    own = {home.household_id for home in homes}
    rows = db.session.execute(
        select(HouseholdCode.building_id, HouseholdCode.selector, HouseholdCode.household_id).where(
            HouseholdCode.building_id.in_({home.building_id for home in homes}),
            HouseholdCode.revoked_at.is_(None),
        )
    )
    return {(row.building_id, row.selector) for row in rows if row.household_id not in own}


class CodesCollide(Refused):
    """Another household of the building drew the same four digits meanwhile; try again."""


def issue_codes(prepared: Sequence[PreparedCode], *, by: Identity | None) -> int:
    """Make prepared codes valid and every older code of these households dead, at once.

    Sessions opened with the old codes end too, and whoever had a code is told. Returns the number
    of codes.
    """
    now = clock.now()
    homes = [one.home.household_id for one in prepared]
    replaced = _with_code_before(homes)
    _end_codes(homes)
    rows = [
        {
            "household_id": one.home.household_id,
            "building_id": one.home.building_id,
            "selector": one.code.selector,
            "secret_hash": one.secret_hash,
            "issued_at": now,
            "issued_by_id": by.id if by else None,
        }
        for one in prepared
    ]
    with once(CodesCollide(msg("户码和别家的重了，请再打印一次。"))):
        db.session.execute(insert(HouseholdCode), rows)
    tell(replaced, MessageKind.CODE_REISSUED, f"code:{now.isoformat()}")
    record(
        OFFICE,
        Kind.CODE_ISSUED,
        {"households": [one.home.commitment for one in prepared]},
        actor=by.commitment if by else SYSTEM,
    )
    return len(rows)


def _with_code_before(household_ids: list[int]) -> list[int]:
    """The homes among these that were given a code before, be it dead by now.

    Nobody is told of the very first one: it comes with the slip.
    """
    if not can_tell():
        return []
    found: list[int] = []
    for chunk in _chunks(household_ids):
        before = select(HouseholdCode.household_id).where(HouseholdCode.household_id.in_(chunk))
        found += db.session.scalars(before.distinct())
    return found


def revoke_codes(homes: Sequence[Household], *, by: Identity) -> None:
    """End the codes of these households and every session of theirs; they need a new slip."""
    _end_codes([home.id for home in homes])
    revoked = {"households": [home.commitment for home in homes]}
    record(OFFICE, Kind.CODE_REVOKED, revoked, actor=by.commitment)


def _end_codes(household_ids: list[int]) -> None:
    now = clock.now()
    for chunk in _chunks(household_ids):
        db.session.execute(
            update(HouseholdCode)
            .where(HouseholdCode.household_id.in_(chunk), HouseholdCode.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        db.session.execute(
            update(HouseholdSession)
            .where(HouseholdSession.household_id.in_(chunk), HouseholdSession.ended_at.is_(None))
            .values(ended_at=now)
        )


def _chunks(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def home_ref(household: Household) -> HomeRef:
    """What issuing a code needs to know of a household."""
    entrance = household.premises.entrance
    return HomeRef(household.id, entrance.building_id, household.commitment)
