"""The list of homes that the office takes away: the columns of its ledger (RULES.md §7 D1).

Names stand in it in full, of phones only the end. What the roster does not know stays empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.db import db
from app.core.format import local
from app.core.guards import Identity
from app.core.sheets import Cell, Column, Table
from app.households.models import ChangeKind, HomeChange, Outcome
from app.households.search import Sought, all_ids
from app.roster.models import (
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Owner,
    Premises,
    Tenure,
)


@dataclass(frozen=True)
class HomeList:
    """The rows of a list, before they are a sheet."""

    rows: Sequence[Sequence[Cell]]

    def as_table(self) -> Table:
        """As a sheet, with the headings in the reader's language."""
        return Table(_("住户"), [Column(*one) for one in _columns()], self.rows)


@dataclass(frozen=True)
class _Phone:
    """A phone on file: whose, its end, and when and by which paper two persons confirmed it."""

    name: str
    end: str
    checked: datetime | None
    evidence: str


def table_of(asked: Sought, *, by: Identity) -> tuple[HomeList, int]:
    """The homes that are meant, all of them, and of how many compounds they are."""
    meant = all_ids(asked, by=by)
    owners, phones = _owners(meant), _phones(meant)
    places = db.session.execute(_places(meant)).all()
    rows = [_row(place, owners.get(place[0], []), phones.get(place[0], [])) for place in places]
    return HomeList(rows), len({place.compound_id for place in places})


def _columns() -> list[tuple[str, float]]:
    return [
        (_("小区"), 18),
        (_("楼栋"), 10),
        (_("单元"), 8),
        (_("房号"), 8),
        (_("用途"), 8),
        (_("面积（㎡）"), 10),
        (_("面积来源"), 10),
        (_("产权类型"), 12),
        (_("业主"), 16),
        (_("份额"), 8),
        (_("占用状态"), 10),
        (_("联系人"), 12),
        (_("电话（后四位）"), 14),
        (_("电话核验日期"), 14),
        (_("证据"), 24),
        (_("备注"), 24),
    ]


def _row(place: Any, owners: list[str], phones: list[_Phone]) -> list[Cell]:
    home: Premises = place.Premises
    checked = [local(one.checked).strftime("%Y-%m-%d") for one in phones if one.checked]
    return [
        place.compound,
        place.building,
        place.entrance,
        home.room,
        str(home.use.label),
        home.size / 100,
        "",
        home.ownership,
        "、".join(owners),
        "",
        str(home.occupancy.label),
        "、".join(dict.fromkeys(one.name for one in phones if one.name)),
        "、".join(one.end for one in phones),
        "、".join(dict.fromkeys(checked)),
        "、".join(dict.fromkeys(one.evidence for one in phones if one.evidence)),
        home.note,
    ]


def _places(meant: Any) -> Any:
    return (
        select(
            Household.id,
            Premises,
            Entrance.name.label("entrance"),
            Building.name.label("building"),
            Compound.name.label("compound"),
            Compound.id.label("compound_id"),
        )
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .join(Compound, Compound.id == Building.compound_id)
        .where(Household.id.in_(meant))
        .order_by(
            Compound.name, Building.position, Entrance.position, Premises.position, Household.id
        )
    )


def _owners(meant: Any) -> dict[int, list[str]]:
    rows = db.session.execute(
        select(Household.id, Owner.name)
        .join(Tenure, Tenure.premises_id == Household.premises_id)
        .join(Owner, Owner.id == Tenure.owner_id)
        .where(Household.id.in_(meant), Tenure.until.is_(None))
        .order_by(Tenure.id)
    )
    found: dict[int, list[str]] = {}
    for home, name in rows:
        found.setdefault(home, []).append(name)
    return found


def _phones(meant: Any) -> dict[int, list[_Phone]]:
    confirmed = (
        (HomeChange.household_id == Contact.household_id)
        & (HomeChange.phone == Contact.phone)
        & (HomeChange.kind == ChangeKind.PHONE)
        & (HomeChange.outcome == Outcome.APPROVED)
        & (HomeChange.settled_at >= Contact.since)
    )
    rows = db.session.execute(
        select(Contact, HomeChange.settled_at, HomeChange.evidence)
        .outerjoin(HomeChange, confirmed)
        .where(Contact.household_id.in_(meant), Contact.ended_at.is_(None))
        .order_by(Contact.id)
    )
    found: dict[int, list[_Phone]] = {}
    for contact, at, evidence in rows:
        phone = _Phone(contact.name, contact.phone[-4:], at, evidence or "")
        found.setdefault(contact.household_id, []).append(phone)
    return found
