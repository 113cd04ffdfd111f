"""Accounts: make staff, sign them in, issue and end household codes."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import insert, select, update

from app.accounts.codes import Code, draw_code, hash_secret
from app.accounts.models import HouseholdCode, HouseholdSession, Staff
from app.core import clock, limits
from app.core.db import db, once, release
from app.core.errors import Refused, msg
from app.core.forms import canonical
from app.core.guards import Identity, Role
from app.core.jobs import Report
from app.core.tokens import random_token
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.notices.queries import can_tell
from app.roster.models import Area, Household

PASSWORD_LENGTH = 10
# Nobody makes an account of their own standing, or one person would be both persons.
MAY_MAKE: dict[Role, tuple[Role, ...]] = {
    Role.WORKER: (),
    Role.OFFICE: (Role.WORKER, Role.DESIGNER, Role.BUILDER),
    Role.DISTRICT: (Role.WORKER, Role.OFFICE, Role.DESIGNER, Role.BUILDER, Role.AUDITOR),
    Role.DESIGNER: (),
    Role.BUILDER: (),
    Role.AUDITOR: (),
    Role.ADMIN: tuple(Role),
}
STAFF_TRIES, STAFF_WINDOW = 5, timedelta(minutes=15)

_passwords = PasswordHasher()
_NO_PASSWORD = _passwords.hash(secrets.token_hex(16))


class NotAllowed(Refused):
    """This person may not do that to that account."""


class WeakPassword(Refused):
    """The password is too short."""


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
    password: str,
    *,
    by: Identity | None,
) -> Staff:
    """Make an account; `by` is None on the command line of the server.

    Refuses `WeakPassword`, `UsernameTaken`, and `NotAllowed` beyond the maker's own scope.
    """
    _check_may_make(by, role, area)
    if len(password) < PASSWORD_LENGTH:
        raise WeakPassword(msg("密码至少要 %(length)s 个字符。"), length=PASSWORD_LENGTH)
    staff = Staff(
        username=canonical(username).lower(),
        name=canonical(name),
        role=role,
        area=area,
        password_hash=_passwords.hash(password),
        made_by_id=by.id if by else None,
        created_at=clock.now(),
    )
    with once(UsernameTaken(msg("这个用户名已经有人用了，请换一个。"))):
        db.session.add(staff)
    actor = by.commitment if by else SYSTEM
    record(OFFICE, Kind.STAFF, {"made": staff.id, "role": role.value}, actor=actor)
    return staff


def close_staff(staff: Staff, *, by: Identity) -> None:
    """End an account and every session of it; refuses `NotAllowed` for oneself."""
    if staff.id == by.id:
        raise NotAllowed(msg("不能停用自己的账号，请让另一位管理员来做。"))
    if staff.role == Role.ADMIN and by.role != Role.ADMIN:
        raise NotAllowed(msg("只有系统管理员能停用管理员。"))
    _check_reach(by, staff.area)
    staff.closed_at = clock.now()
    staff.session_stamp = random_token()
    record(OFFICE, Kind.STAFF, {"closed": staff.id}, actor=by.commitment)


def check_password(username: str, password: str) -> Staff | None:
    """The member of staff who signs in, or None when name or password is wrong.

    Refuses `TooManyTries` after five tries in a quarter of an hour, whatever the name.
    """
    key = f"staff:{hashlib.sha256(canonical(username).lower().encode()).hexdigest()[:32]}"
    spent = limits.spend(key, most=STAFF_TRIES, window=STAFF_WINDOW)
    staff = db.session.scalar(
        select(Staff).where(
            Staff.username == canonical(username).lower(), Staff.closed_at.is_(None)
        )
    )
    staff_id, stored = (staff.id, staff.password_hash) if staff else (None, _NO_PASSWORD)
    release()  # The slow hash must not hold the write lock.
    try:
        _passwords.verify(stored, password)
    except VerificationError:
        return None
    if staff_id is None:
        return None
    limits.give_back(spent)
    return db.session.get_one(Staff, staff_id)


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


def _check_may_make(by: Identity | None, role: Role, area: Area | None) -> None:
    if by is None:
        return
    if by.role != Role.ADMIN and role not in MAY_MAKE[by.role]:
        raise NotAllowed(msg("您只能给下一级的同事建账号。"))
    _check_reach(by, area)


def _check_reach(by: Identity, area: Area | None) -> None:
    if not by.reaches(area.path if area else "/"):
        raise NotAllowed(msg("这个范围不归您管。"))


def _chunks(ids: list[int], size: int = 500) -> Iterable[list[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def home_ref(household: Household) -> HomeRef:
    """What issuing a code needs to know of a household."""
    entrance = household.premises.entrance
    return HomeRef(household.id, entrance.building_id, household.commitment)
