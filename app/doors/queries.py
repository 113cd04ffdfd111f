"""Reading the doors of a round: which to knock on, in the order of walking, and what came of it.

A list costs the same few statements however long it is; nothing here tells a choice.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, func, or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.format import local, masked_phone
from app.core.guards import Identity
from app.core.paging import Stretch, paged
from app.doors.models import WALKERS, Assignment, Outcome, Visit
from app.roster.models import (
    Building,
    Compound,
    Contact,
    Entrance,
    Occupancy,
    Owner,
    Premises,
    Tenure,
)
from app.rounds.models import RegisterEntry, Voice, Vote

NEVER = "never"
# What was tapped by mistake and taken back is no attempt.
STANDS = Visit.taken_back_at.is_(None)


@dataclass(frozen=True)
class Wanted:
    """Which doors of a round are asked for; what is None or empty is not asked."""

    building_id: int | None = None
    entrance_id: int | None = None
    voice: Voice | None = None
    # An `Outcome`, or `NEVER` for homes nobody has tried to reach.
    outcome: str = ""
    is_due: bool = False
    # A staff id; 0 for doors that are nobody's.
    worker_id: int | None = None


@dataclass(frozen=True)
class Door:
    """A home whose word does not count yet, as one finds it; phones are masked."""

    id: int
    building_id: int
    building: str
    entrance_id: int
    entrance: str
    room: str
    floor: int | None
    voice: Voice
    worker: str
    outcome: Outcome | None
    last_at: datetime | None
    next_on: date | None
    attempts: int
    is_due: bool
    phones: tuple[str, ...]
    owners: tuple[str, ...]
    occupancy: Occupancy

    @property
    def address(self) -> str:
        """`2号楼1单元301`."""
        return f"{self.building}{self.entrance}{self.room}"


@dataclass(frozen=True)
class Place:
    """An entrance with its building, and how many doors there want a knock."""

    building_id: int
    building: str
    entrance_id: int
    entrance: str
    doors: int


def today() -> date:
    """The day on the office's calendar."""
    return local(clock.now()).date()


def to_visit(round_id: int) -> tuple[Any, ...]:
    """Which entries want a knock: silent, to be confirmed or in dispute."""
    return (RegisterEntry.round_id == round_id, *WANTS_A_KNOCK)


WANTS_A_KNOCK = (
    RegisterEntry.voice != Voice.COUNTED,
    RegisterEntry.removed_at.is_(None),
    RegisterEntry.is_household,
)


def doors_page(round_id: int, wanted: Wanted, number: int | None) -> Stretch[Door]:
    """One page of the doors that are asked for, in the order of walking."""
    found = paged(_doors(round_id, wanted), number)
    return Stretch(_as_doors(found.rows), found.number, found.total, found.size)


def all_doors(round_id: int, wanted: Wanted) -> list[Door]:
    """Every door that is asked for, in the order of walking."""
    return _as_doors(db.session.execute(_doors(round_id, wanted)).all())


def door_ids(round_id: int, wanted: Wanted) -> list[int]:
    """The entries of the doors that are asked for."""
    only_ids = _doors(round_id, wanted).order_by(None).with_only_columns(RegisterEntry.id)
    return list(db.session.scalars(only_ids))


def places_of(round_id: int) -> list[Place]:
    """The entrances of a round's doors, in the order of walking."""
    rows = db.session.execute(
        select(Building.id, Building.name, Entrance.id, Entrance.name, func.count())
        .select_from(RegisterEntry)
        .join(Building, Building.id == RegisterEntry.building_id)
        .join(Entrance, Entrance.id == RegisterEntry.entrance_id)
        .where(*to_visit(round_id))
        .group_by(Building.id, Entrance.id)
        .order_by(Building.position, Entrance.position)
    )
    return [Place(*row) for row in rows]


def voices_of(round_id: int) -> Counter[Voice]:
    """How many homes want a knock, and why."""
    counted = select(RegisterEntry.voice, func.count()).where(*to_visit(round_id))
    return Counter(dict(db.session.execute(counted.group_by(RegisterEntry.voice)).all()))


def walkers_of(compound: Compound) -> list[Staff]:
    """Who may be given doors of a compound: open accounts of the community and the office."""
    above = [int(part) for part in compound.area.path.strip("/").split("/")]
    staff = (
        select(Staff)
        .where(
            Staff.closed_at.is_(None),
            Staff.role.in_(WALKERS),
            or_(Staff.area_id.in_(above), Staff.area_id.is_(None)),
        )
        .order_by(Staff.role.desc(), Staff.name)
    )
    return list(db.session.scalars(staff))


def visits_of(entry_id: int) -> list[Visit]:
    """Every attempt to reach a home in this round, also those taken back, the newest first."""
    mine = select(Visit).where(Visit.entry_id == entry_id).options(joinedload(Visit.made_by))
    return list(db.session.scalars(mine.order_by(Visit.made_at.desc(), Visit.id.desc())))


def may_take_back(visit: Visit, by: Identity) -> bool:
    """Whether this person did it, within ten minutes, and nothing came of the home since."""
    if not visit.may_be_taken_back(by):
        return False
    home = (Visit.entry_id == visit.entry_id, Visit.taken_back_at.is_(None))
    later = select(Visit.id).where(*home, Visit.id > visit.id)
    said = select(Vote.id).where(Vote.entry_id == visit.entry_id, Vote.cast_at >= visit.made_at)
    return all(db.session.scalar(found.limit(1)) is None for found in (later, said))


def visits_of_home(household_id: int, since: datetime | None) -> list[Visit]:
    """Every attempt to reach a home in all rounds, the newest first, for the home itself to see;

    only what befell its owners of today, where they came `since` (RULES.md §5).
    """
    of_home = select(Visit).join(RegisterEntry, RegisterEntry.id == Visit.entry_id)
    found = of_home.where(RegisterEntry.household_id == household_id)
    if since is not None:
        found = found.where(Visit.made_at >= since)
    whole = found.options(joinedload(Visit.made_by))
    return list(db.session.scalars(whole.order_by(Visit.made_at.desc(), Visit.id.desc())))


def worker_of(entry_id: int) -> Staff | None:
    """Whose door it is."""
    held = select(Staff).join(Assignment, Assignment.worker_id == Staff.id)
    return db.session.scalar(held.where(Assignment.entry_id == entry_id))


def owner_names(premises_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Premises id → the names of those who own it now."""
    rows = db.session.execute(
        select(Tenure.premises_id, Owner.name)
        .join(Owner, Owner.id == Tenure.owner_id)
        .where(Tenure.until.is_(None), Tenure.premises_id.in_(premises_ids))
        .order_by(Tenure.id)
    )
    return _grouped(rows)


def contact_attempts(round_id: int) -> dict[int, int]:
    """Entry id → how often somebody tried to reach that home, in whichever way (T31)."""
    tried = select(Visit.entry_id, func.count()).where(Visit.round_id == round_id, STANDS)
    return dict(db.session.execute(tried.group_by(Visit.entry_id)).all())


def homes_never_contacted(round_id: int) -> int:
    """How many homes want a knock and were never tried: to be told with the result (T31)."""
    tried = select(Visit.entry_id).where(Visit.round_id == round_id, STANDS)
    missed = select(func.count()).where(*to_visit(round_id), RegisterEntry.id.not_in(tried))
    return db.session.scalar(missed) or 0


def last_outcomes(round_id: int) -> dict[int, Outcome]:
    """Entry id → what came of the last attempt there, for the plan of doors of a building."""
    last = last_attempts(Visit.round_id == round_id)
    return dict(db.session.execute(select(last.c.entry_id, last.c.outcome)).all())


def last_attempts(which: ColumnElement[bool]) -> Subquery:
    """The last attempt of each home, and how many there were."""
    of_home: dict[str, Any] = {"partition_by": Visit.entry_id}
    newest = (Visit.made_at.desc(), Visit.id.desc())
    numbered = (
        select(
            Visit.entry_id,
            Visit.way,
            Visit.outcome,
            Visit.made_at,
            Visit.next_on,
            func.count().over(**of_home).label("attempts"),
            func.row_number().over(**of_home, order_by=newest).label("place"),
        )
        .where(which, STANDS)
        .subquery()
    )
    return select(numbered).where(numbered.c.place == 1).subquery()


def _doors(round_id: int, wanted: Wanted) -> Any:
    last = last_attempts(Visit.round_id == round_id)
    found = (
        select(
            RegisterEntry.id,
            RegisterEntry.premises_id,
            RegisterEntry.household_id,
            RegisterEntry.voice,
            Building.id.label("building_id"),
            Building.name.label("building"),
            Entrance.id.label("entrance_id"),
            Entrance.name.label("entrance"),
            Premises.room,
            Premises.floor,
            Premises.occupancy,
            Staff.name.label("worker"),
            last.c.outcome,
            last.c.made_at,
            last.c.next_on,
            last.c.attempts,
        )
        .join(Building, Building.id == RegisterEntry.building_id)
        .join(Entrance, Entrance.id == RegisterEntry.entrance_id)
        .join(Premises, Premises.id == RegisterEntry.premises_id)
        .outerjoin(last, last.c.entry_id == RegisterEntry.id)
        .outerjoin(Assignment, Assignment.entry_id == RegisterEntry.id)
        .outerjoin(Staff, Staff.id == Assignment.worker_id)
        .where(*to_visit(round_id), *_conditions(wanted, last))
    )
    return found.order_by(Building.position, Entrance.position, Premises.position, RegisterEntry.id)


def _conditions(wanted: Wanted, last: Subquery) -> Iterable[ColumnElement[bool]]:
    if wanted.building_id is not None:
        yield RegisterEntry.building_id == wanted.building_id
    if wanted.entrance_id is not None:
        yield RegisterEntry.entrance_id == wanted.entrance_id
    if wanted.voice is not None:
        yield RegisterEntry.voice == wanted.voice
    if wanted.outcome == NEVER:
        yield last.c.entry_id.is_(None)
    elif wanted.outcome:
        yield last.c.outcome == Outcome(wanted.outcome)
    if wanted.is_due:
        yield last.c.next_on <= today()
    if wanted.worker_id is not None:
        is_nobodys = Assignment.worker_id.is_(None)
        yield Assignment.worker_id == wanted.worker_id if wanted.worker_id else is_nobodys


def _as_doors(rows: Sequence[Any]) -> list[Door]:
    phones = _phones([row.household_id for row in rows])
    owners = owner_names([row.premises_id for row in rows])
    now = today()
    return [
        Door(
            row.id,
            row.building_id,
            row.building,
            row.entrance_id,
            row.entrance,
            row.room,
            row.floor,
            row.voice,
            row.worker or "",
            row.outcome,
            row.made_at,
            row.next_on,
            row.attempts or 0,
            row.next_on is not None and row.next_on <= now,
            tuple(masked_phone(phone) for phone in phones.get(row.household_id, ())),
            owners.get(row.premises_id, ()),
            row.occupancy,
        )
        for row in rows
    ]


def _phones(household_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = db.session.execute(
        select(Contact.household_id, Contact.phone)
        .where(Contact.ended_at.is_(None), Contact.household_id.in_(household_ids))
        .order_by(Contact.id)
    )
    return _grouped(rows)


def _grouped(rows: Iterable[Any]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = defaultdict(list)
    for id_, text in rows:
        found[id_].append(text)
    return {id_: tuple(texts) for id_, texts in found.items()}
