"""The register as the office reads it: door by door, how each counts and why, and what changed."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.core.db import db
from app.core.errors import msg
from app.core.i18n import say
from app.journal.actions import OFFICE, book_of_round
from app.journal.models import JournalEntry, Kind
from app.roster.models import Building, Entrance, Household, Premises
from app.rounds.cases import Decision, DecisionKind, Outcome
from app.rounds.models import RegisterEntry, Round
from app.rounds.profile import Case, case_of
from app.rounds.queries import register_of
from app.rounds.register import differences, entries_values, premises_in_order, register_rows
from app.rounds.wording import as_household, as_property, case_name

_CHANGES = (
    DecisionKind.REGISTER_ADDITION,
    DecisionKind.REGISTER_REMOVAL,
    DecisionKind.REGISTER_CORRECTION,
    DecisionKind.TRANSFER,
)


@dataclass(frozen=True)
class Line:
    """One premises on the register; `held` is how many its holder has in all, itself included."""

    entry_id: int | None
    premises_id: int
    building_id: int
    entrance_id: int
    room: str
    size: int
    case: Case
    is_household: bool
    is_property: bool
    held: int
    added_at: datetime | None = None
    removed_at: datetime | None = None
    transferred_at: datetime | None = None
    removal: Decision | None = None
    waits: Decision | None = None

    @property
    def kind(self) -> str:
        """What it is, in a word."""
        return case_name(self.case)

    @property
    def among_households(self) -> str:
        """Whether and why it counts in consultations."""
        return as_household(self.case, counts=self.is_household)

    @property
    def among_owners(self) -> str:
        """Whether and why it counts in owners' decisions."""
        return as_property(self.case, counts=self.is_property)


@dataclass(frozen=True)
class Apart:
    """Premises of one kind that are no households: how many, and their area in 0.01 m²."""

    kind: str
    why: str
    count: int
    size: int


@dataclass(frozen=True)
class Listing:
    """The whole register; what was struck off is on it, but in no sum."""

    lines: tuple[Line, ...]
    heads: int

    @property
    def standing(self) -> tuple[Line, ...]:
        """What counts now."""
        return tuple(line for line in self.lines if line.removed_at is None)

    @property
    def households(self) -> int:
        """The whole of a consultation: 户."""
        return sum(line.is_household for line in self.standing)

    @property
    def area(self) -> int:
        """The area of an owners' decision, in 0.01 m²."""
        return sum(line.size for line in self.standing if line.is_property)

    @property
    def apart(self) -> tuple[Apart, ...]:
        """What is no household, kind by kind; not the owner's entry beside a household's."""
        homes = {line.premises_id for line in self.standing if line.is_household}
        found: dict[Case, list[Line]] = {}
        for line in self.standing:
            if line.premises_id not in homes:
                found.setdefault(line.case, []).append(line)
        return tuple(
            Apart(case_name(case), lines[0].among_households, len(lines), _area(lines))
            for case, lines in found.items()
        )

    def households_in(self, building_id: int) -> int:
        """How many households a building has."""
        here = (line for line in self.standing if line.building_id == building_id)
        return sum(line.is_household for line in here)

    def by_entrance(self, building: Building) -> dict[Entrance, list[Line]]:
        """The lines of a building, entrance by entrance, in the order of doors."""
        lines: dict[int, list[Line]] = {}
        for line in self.lines:
            lines.setdefault(line.entrance_id, []).append(line)
        return {e: lines[e.id] for e in building.entrances if e.id in lines}


def listing_of(round_: Round) -> Listing:
    """The frozen register with all its changes; before, what the roster would make of it now."""
    rows = _frozen_rows(round_) if round_.frozen_at else register_rows(round_)
    standing = [row for row in rows if not row.get("removed_at") and row["is_property"]]
    holders = Counter(str(row["holder"]) for row in standing)
    names = _names(round_)
    marks = _marks(round_) if round_.frozen_at else {}
    lines = tuple(_line(row, holders, names, marks) for row in rows)
    return Listing(lines, heads=len(holders))


def outdated(round_: Round, building: Building) -> set[int]:
    """Entries of a building of which the roster says otherwise by now."""
    if not round_.frozen_at:
        return set()
    entries = (
        select(RegisterEntry)
        .where(RegisterEntry.round_id == round_.id, RegisterEntry.building_id == building.id)
        .where(RegisterEntry.removed_at.is_(None))
        .options(
            joinedload(RegisterEntry.household),
            joinedload(RegisterEntry.premises).options(
                selectinload(Premises.tenures),
                joinedload(Premises.entrance).joinedload(Entrance.building),
            ),
        )
    )
    return {entry.id for entry in db.session.scalars(entries) if differences(entry)}


def absent_premises(round_: Round) -> list[tuple[Premises, bool]]:
    """What the roster has and the frozen register has not: (premises, was struck off before)."""
    on_it: dict[int, datetime | None] = dict(
        db.session.execute(
            select(RegisterEntry.premises_id, RegisterEntry.removed_at).where(
                RegisterEntry.round_id == round_.id
            )
        ).all()
    )
    return [
        (premises, premises.id in on_it)
        for premises, _home in premises_in_order(round_.compound_id)
        if (premises.id not in on_it or on_it[premises.id]) and _belongs(premises)
    ]


def changes_of(entry: RegisterEntry) -> list[Decision]:
    """Every decision that was proposed about an entry of the register, the newest first."""
    about = select(Decision).where(Decision.entry_id == entry.id)
    return list(db.session.scalars(about.order_by(Decision.id.desc())))


def held_with(entry: RegisterEntry) -> int:
    """How many premises on the register its owner holds, this one included (解释 art. 9)."""
    same = (RegisterEntry.round_id == entry.round_id, RegisterEntry.holder == entry.holder)
    counts = (RegisterEntry.is_property, RegisterEntry.removed_at.is_(None))
    return db.session.scalar(select(func.count(RegisterEntry.id)).where(*same, *counts)) or 0


def household_of(premises: Premises) -> Household | None:
    """The household of premises, when they are a dwelling."""
    return db.session.scalar(select(Household).where(Household.premises_id == premises.id))


def _belongs(premises: Premises) -> bool:
    # Garages and stores stand on no register.
    return case_of(premises.use, premises.ownership, premises.occupancy) != Case.OTHER


def _area(lines: Iterable[Line]) -> int:
    return sum(line.size for line in lines)


_KEPT = (
    "id",
    "premises_id",
    "building_id",
    "entrance_id",
    "label",
    "size",
    "case",
    "is_household",
    "is_property",
    "holder",
    "added_at",
    "removed_at",
    "transferred_at",
)


def _frozen_rows(round_: Round) -> list[dict[str, Any]]:
    entries = select(RegisterEntry).where(RegisterEntry.round_id == round_.id)
    return [
        {name: getattr(entry, name) for name in _KEPT}
        for entry in db.session.scalars(entries.order_by(RegisterEntry.position))
    ]


def _names(round_: Round) -> dict[int, str]:
    """Entrance id → building and entrance, as every label of a door begins."""
    return {
        entrance.id: f"{building.name}{entrance.name}"
        for building in round_.compound.buildings
        for entrance in building.entrances
    }


def _marks(round_: Round) -> dict[int, dict[str, Decision]]:
    """Entry id → its newest removal, and what waits for a second person."""
    marks: dict[int, dict[str, Decision]] = {}
    found = select(Decision).where(Decision.round_id == round_.id, Decision.kind.in_(_CHANGES))
    for decision in db.session.scalars(found.order_by(Decision.id)):
        mark = marks.setdefault(decision.entry_id or 0, {})
        if decision.is_waiting:
            mark["waits"] = decision
        is_removal = decision.kind == DecisionKind.REGISTER_REMOVAL
        if is_removal and decision.outcome == Outcome.APPROVED:
            mark["removal"] = decision
    return marks


def _line(
    row: Mapping[str, Any],
    holders: Mapping[str, int],
    names: Mapping[int, str],
    marks: Mapping[int, dict[str, Decision]],
) -> Line:
    entry_id = row.get("id")
    return Line(
        entry_id=entry_id,
        premises_id=row["premises_id"],
        building_id=row["building_id"],
        entrance_id=row["entrance_id"],
        room=row["label"].removeprefix(names.get(row["entrance_id"], "")),
        size=row["size"],
        case=row["case"],
        is_household=row["is_household"],
        is_property=row["is_property"],
        held=holders.get(row["holder"], 1) if row["is_property"] else 1,
        added_at=row.get("added_at"),
        removed_at=row.get("removed_at"),
        transferred_at=row.get("transferred_at"),
        **marks.get(entry_id or 0, {}),
    )


@dataclass(frozen=True)
class Since:
    """What became of the roster since the register was put up: then, now, and what was done."""

    households_then: int
    notes: tuple[tuple[datetime, str], ...]


def since_publication(round_: Round) -> Since | None:
    """What changed since residents could check the list; None unless it hangs and is not frozen.

    The journal knows what was done to the roster; the list itself is always the roster of now.
    """
    if round_.frozen_at or not round_.register_published_at:
        return None
    published = select(JournalEntry.entry).where(
        JournalEntry.book == book_of_round(round_.id),
        JournalEntry.kind == Kind.REGISTER_PUBLISHED,
    )
    told = db.session.scalars(published.order_by(JournalEntry.seq.desc()).limit(1)).one()
    done = select(JournalEntry.at, JournalEntry.entry).where(
        JournalEntry.book == OFFICE,
        JournalEntry.kind == Kind.ROSTER_CHANGE,
        JournalEntry.at > round_.register_published_at,
    )
    rows = [(at, json.loads(text)) for at, text in db.session.execute(done.order_by("seq"))]
    labels = _labels(round_, [facts["premises"] for _at, facts in rows if "premises" in facts])
    notes = tuple((at, words) for at, facts in rows if (words := _note(round_, facts, labels)))
    return Since(json.loads(told)["households"], notes)


def _labels(round_: Round, premises_ids: Iterable[int]) -> dict[int, str]:
    names = _names(round_)
    found = select(Premises).where(Premises.id.in_(list(premises_ids)))
    return {
        premises.id: f"{names[premises.entrance_id]}{premises.room}"
        for premises in db.session.scalars(found)
        if premises.entrance_id in names
    }


# What `roster.correction` calls the facts of a home.
_FACTS = {
    "use": msg("用途"),
    "ownership": msg("产权性质"),
    "occupancy": msg("居住情况"),
    "size": msg("建筑面积"),
}


def _note(round_: Round, facts: Mapping[str, Any], labels: Mapping[int, str]) -> str:
    """One change of the roster in words; empty when it is about another compound."""
    if round_.compound_id in facts.get("compounds", ()):
        told = {"added": facts["added"], "changed": facts["changed"]}
        if len(facts["compounds"]) > 1:
            return _("导入台账（几个小区合计增加 %(added)s 套，改动 %(changed)s 套）", **told)
        return _("导入台账：增加 %(added)s 套，改动 %(changed)s 套", **told)
    place = labels.get(facts.get("premises", 0))
    if place is None:
        return ""
    if "owners" in facts:
        return _("%(place)s：换了业主", place=place)
    changed = _("、").join(say(_FACTS[name]) for name in facts.get("facts", ()))
    return _("%(place)s：更正%(facts)s", place=place, facts=changed)


def rooms_on_register(round_: Round, building_id: int) -> dict[str, list[str]]:
    """The doors of one building by entrance, in order: as frozen, or as the roster is now.

    Rooms and nothing else: neither names nor areas are for passers-by (RULES.md §5).
    """
    rooms: dict[str, list[str]] = {}
    for entrance, label in _doors(round_):
        if entrance.building_id != building_id:
            continue
        room = label.removeprefix(f"{entrance.building.name}{entrance.name}")
        rooms.setdefault(entrance.name, []).append(room)
    return rooms


def _doors(round_: Round) -> list[tuple[Entrance, str]]:
    """What counts as one household: on the frozen register, or as the roster would make it now."""
    if round_.frozen_at:
        entries = [entry for entry in register_of(round_.id) if entry.is_household]
        return [(entry.premises.entrance, entry.label) for entry in entries]
    found = premises_in_order(round_.compound_id)
    rows = [
        (p.entrance, row) for p, home in found for row in entries_values(p, home, round_.switches)
    ]
    return [(entrance, str(row["label"])) for entrance, row in rows if row["is_household"]]
