"""Which homes somebody means: by door, by name or by phone, within the scope of who asks.

Pages show masked names and the end of phones only (THREATS.md T05).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from app.accounts.models import HouseholdCode
from app.core import clock
from app.core.db import db
from app.core.forms import canonical
from app.core.guards import Identity
from app.core.paging import Stretch, paged
from app.roster.models import (
    Area,
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Occupancy,
    Owner,
    Premises,
    Tenure,
)
from app.roster.people import phones as read_phones
from app.rounds.models import RegisterEntry, Round, Voice

LONGEST, LEAST_NAME = 40, 2
_PLACE = re.compile(r"[0-9A-Za-z \-–—_/.,#号楼栋幢座单元室户门层]+")
_LABEL = re.compile(r"[A-Za-z]?[0-9]+[A-Za-z]?")
_OF_BUILDING = re.compile(r"[号栋幢座]|楼")
_END = 4


class Only(StrEnum):
    """Which homes alone are looked for."""

    VACANT = "vacant"
    LET = "let"
    NO_PHONE = "no-phone"
    NO_CODE = "no-code"
    NOT_VOTED = "not-voted"

    @property
    def label(self) -> Any:
        labels = {
            "vacant": _l("空置"),
            "let": _l("出租"),
            "no-phone": _l("没有登记电话"),
            "no-code": _l("没有户码"),
            "not-voted": _l("还没有表态"),
        }
        return labels[self.value]


@dataclass(frozen=True)
class Sought:
    """What somebody looks for; `compound_id` narrows it to one compound."""

    words: str = ""
    only: Only | None = None
    compound_id: int | None = None

    @property
    def state(self) -> str:
        """The state alone that is looked for, as an address says it; '' for all."""
        return self.only.value if self.only else ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked: then nothing is listed either."""
        return not (self.words or self.only or self.compound_id)

    @property
    def is_too_short(self) -> bool:
        """Whether it is less of a name than anybody would be found by."""
        is_name = bool(self.words) and not _PLACE.fullmatch(self.words)
        return is_name and len(self.words) < LEAST_NAME


@dataclass(frozen=True)
class Found:
    """One home of a list: where it is, whose, how it can be reached."""

    household_id: int
    compound: str
    address: str
    occupancy: Occupancy
    owners: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()


def sought(words: str, only: str, compound_id: int | None) -> Sought:
    """What an address asks for; what it does not know is not asked."""
    chosen = Only(only) if only in set(Only) else None
    return Sought(canonical(words)[:LONGEST], chosen, compound_id)


def found_homes(asked: Sought, number: int | None, *, by: Identity) -> Stretch[Found]:
    """The homes that are meant, a page at a time, in four statements."""
    stretch = paged(_rows(asked, by), number)
    homes = [
        Found(row.id, row.compound, f"{row.building}{row.entrance}{row.room}", row.occupancy)
        for row in stretch.rows
    ]
    return Stretch(_with_people(homes), stretch.number, stretch.total, stretch.size)


def all_ids(asked: Sought, *, by: Identity) -> Select[int]:
    """The ids of all the homes that are meant."""
    return select(_rows(asked, by).order_by(None).subquery().c.id)


def _rows(asked: Sought, by: Identity) -> Any:
    found = (
        select(
            Household.id,
            Compound.name.label("compound"),
            Building.name.label("building"),
            Entrance.name.label("entrance"),
            Premises.room,
            Premises.occupancy,
        )
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(Area.path.startswith(by.area_path))
    )
    if asked.words:
        found = found.where(_meant(asked.words))
    if asked.only:
        found = found.where(_ONLY[asked.only]())
    if asked.compound_id:
        found = found.where(Compound.id == asked.compound_id)
    place = (Building.position, Entrance.position, Premises.position, Household.id)
    return found.order_by(Compound.name, Compound.id, *place)


def _meant(words: str) -> ColumnElement[bool]:
    """A door, a phone or a name; four digits may be a room or the end of a phone."""
    digits = re.sub(r"[ \-]", "", words)
    numbers = read_phones(words).numbers if len(digits) >= 7 else ()
    if numbers and digits.lstrip("+").isdigit():
        return _has_contact(Contact.phone.in_(numbers))
    if not _PLACE.fullmatch(words) or not _LABEL.search(words):
        return _is_called(words)
    if digits.isdigit() and len(digits) == _END:
        return or_(_at(words), _has_contact(Contact.phone.endswith(digits)))
    return _at(words)


def _at(words: str) -> ColumnElement[bool]:
    """`2-1-301`, `2号楼1单元301`, `2-301`, `1单元301`, `301`, `2号楼`."""
    labels = _LABEL.findall(words)[:3]
    if len(labels) == 3:
        return and_(*map(_starts, _DOOR, labels))
    if len(labels) == 1:
        is_building = _OF_BUILDING.search(words) and "单元" not in words
        return _starts(Building.name if is_building else Premises.room, labels[0])
    if "单元" in words and not _OF_BUILDING.search(words):
        return and_(_starts(Entrance.name, labels[0]), _starts(Premises.room, labels[1]))
    inner = Entrance.name if words.endswith("单元") else Premises.room
    return and_(_starts(Building.name, labels[0]), _starts(inner, labels[1]))


_DOOR = (Building.name, Entrance.name, Premises.room)


def _starts(name: Any, label: str) -> ColumnElement[bool]:
    """`2` starts 2号楼 and is 2, but does not start 21号楼."""
    following = func.substr(name, len(label) + 1, 1)
    return and_(func.upper(name).startswith(label.upper()), following.not_in(list("0123456789")))


def _is_called(words: str) -> ColumnElement[bool]:
    """Whether an owner or a contact of today bears this name, or part of it."""
    owned = exists().where(
        Tenure.premises_id == Premises.id,
        Tenure.until.is_(None),
        Owner.id == Tenure.owner_id,
        Owner.name.contains(words, autoescape=True),
    )
    return or_(owned, _has_contact(Contact.name.contains(words, autoescape=True)))


def _has_contact(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    # As a set of ids it is looked up once; asked home by home it is asked ten thousand times.
    of_homes = select(Contact.household_id).where(Contact.ended_at.is_(None), *which)
    return Household.id.in_(of_homes)


def _has_no_code() -> ColumnElement[bool]:
    standing = HouseholdCode.revoked_at.is_(None)
    return ~exists().where(HouseholdCode.household_id == Household.id, standing)


def _has_not_voted() -> ColumnElement[bool]:
    now = clock.now()
    silent = (
        select(RegisterEntry.household_id)
        .join(Round, Round.id == RegisterEntry.round_id)
        .where(
            Round.opened_at.is_not(None),
            Round.closed_at.is_(None),
            Round.closes_at > now,
            RegisterEntry.voice == Voice.SILENT,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.household_id.is_not(None),
        )
    )
    return Household.id.in_(silent)


_ONLY: dict[Only, Any] = {
    Only.VACANT: lambda: Premises.occupancy == Occupancy.VACANT,
    Only.LET: lambda: Premises.occupancy == Occupancy.LET,
    Only.NO_PHONE: lambda: ~_has_contact(),
    Only.NO_CODE: _has_no_code,
    Only.NOT_VOTED: _has_not_voted,
}


def _with_people(homes: list[Found]) -> list[Found]:
    ids = [home.household_id for home in homes]
    owners = _gathered(
        select(Household.id, Owner.name)
        .join(Tenure, Tenure.premises_id == Household.premises_id)
        .join(Owner, Owner.id == Tenure.owner_id)
        .where(Household.id.in_(ids), Tenure.until.is_(None))
        .order_by(Tenure.id)
    )
    phones = _gathered(
        select(Contact.household_id, Contact.phone)
        .where(Contact.household_id.in_(ids), Contact.ended_at.is_(None))
        .order_by(Contact.id)
    )
    return [
        Found(
            home.household_id,
            home.compound,
            home.address,
            home.occupancy,
            tuple(owners.get(home.household_id, ())),
            tuple(phone[-_END:] for phone in phones.get(home.household_id, ())),
        )
        for home in homes
    ]


def _gathered(pairs: Select[int, str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    rows: Iterable[Any] = db.session.execute(pairs)
    for home, name in rows:
        found.setdefault(home, []).append(name)
    return found
