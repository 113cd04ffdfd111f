"""Changing the roster: importing a household ledger, all of it or nothing.

Importing the same ledger twice changes nothing. What a ledger does not mention stays: homes are
not deleted, empty cells erase nothing, other compounds are not touched.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import insert, or_, select, update

from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.journal.actions import OFFICE, SYSTEM, record
from app.journal.models import Kind
from app.roster.areas import Destination, Placement, destination_of
from app.roster.differences import DWELLING, Change
from app.roster.guarding import homes_named, tell_old_phones
from app.roster.ledger import Home, Ledger, Problem, position
from app.roster.models import (
    Area,
    AreaKind,
    Building,
    Compound,
    Contact,
    Entrance,
    Household,
    Owner,
    Premises,
    Tenure,
)
from app.roster.queries import Arrival, preview

Report = Callable[[int, int], None]

FIRST_YEAR = 1900
_PLAIN = {"size", "use", "ownership", "occupancy", "floor", "note"}
_FRIENDLY = (
    "清风 明月 晨光 晚霞 春雨 秋水 冬阳 青松 翠竹 白云 暖阳 星河 甘泉 远山 平湖 细雨",
    "石榴 葡萄 枸杞 红枣 核桃 苹果 牡丹 茉莉 海棠 桂花 莲花 月季 喜鹊 燕子 白鸽 蜻蜓",
)


class NotImportable(Refused):
    """The ledger has errors; `problems` are those of the preview."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(msg("台账里有 %(count)s 处错误，没有导入。"), count=len(problems))
        self.problems = problems


class BadFact(Refused):
    """A fact of a compound cannot be as it was typed."""


@dataclass(frozen=True)
class CompoundFacts:
    """What an office may say of a compound (RULES.md §7 D1); '' and None mean not known."""

    address: str
    cluster: str
    built_year: int | None
    ownership: str
    manager: str
    property_status: str
    needs: str
    hazards: str
    inspection: str
    phone: str


class Author(Protocol):
    """Who imports, as the journal names them: by a salted commitment (an `Identity` has one)."""

    @property
    def commitment(self) -> str: ...


@dataclass(frozen=True)
class Imported:
    """What an import did, in homes; `compounds` are the ids of all compounds of the ledger."""

    added: int
    changed: int
    unchanged: int
    compounds: tuple[int, ...]


def import_roster(
    ledger: Ledger, placement: Placement, *, report: Report | None = None, by: Author | None
) -> Imported:
    """Make the roster say what `ledger` says (RULES.md §7 D1) in the caller's transaction.

    `report` hears of homes done and in all; `by` is None for the operator's command line.
    Refuses with `NotImportable` when the ledger has errors or leaves the scope of `placement`, with
    `Ambiguous` when an area has namesakes; nothing is changed then. Names the homes whose owners or
    phones change in the journal, and tells the phones that were on file (THREATS.md T33).
    """
    plan = preview(ledger, placement)
    if plan.errors:
        raise NotImportable(plan.errors)
    changes = [change for each in plan.arrivals for change in each.difference.changed]
    tell_old_phones(changes)
    actor = by.commitment if by else SYSTEM
    progress = _Progress(report, plan.added + plan.changed)
    with once(Refused(msg("刚刚有人也在导入这些小区。请重新预览，再导入一次。"))):
        compounds = [_import_compound(arrival, placement, progress) for arrival in plan.arrivals]
    done = Imported(plan.added, plan.changed, plan.unchanged, tuple(compounds))
    if done.added or done.changed:
        facts = {"added": done.added, "changed": done.changed, "compounds": list(compounds)}
        record(OFFICE, Kind.ROSTER_CHANGE, facts, actor=actor)
        for homes in homes_named(changes):
            record(OFFICE, Kind.ROSTER_CHANGE, {"people_of": homes}, actor=actor)
    return done


def edit_compound(compound: Compound, facts: CompoundFacts, *, by: Author) -> Compound:
    """Keep what is known of a compound (RULES.md §7 D1); the journal hears which facts changed.

    Refuses with `BadFact` a year in which no such house can have been built.
    """
    year = facts.built_year
    if year is not None and not FIRST_YEAR <= year <= clock.now().year:
        most = clock.now().year
        raise BadFact(msg("建成年份要在 %(least)s 到 %(most)s 之间。"), least=FIRST_YEAR, most=most)
    said = {name: getattr(facts, name) for name in CompoundFacts.__dataclass_fields__}
    changed = [name for name, value in said.items() if getattr(compound, name) != value]
    for name in changed:
        setattr(compound, name, said[name])
    if changed:
        about = {"compound": compound.id, "facts": changed}
        record(OFFICE, Kind.ROSTER_CHANGE, about, actor=by.commitment)
    return compound


class _Progress:
    """Counts homes and tells the progress bar."""

    def __init__(self, report: Report | None, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def step(self, homes: int) -> None:
        self._done += homes
        if self._report:
            self._report(self._done, self._total)


def _import_compound(arrival: Arrival, placement: Placement, progress: _Progress) -> int:
    now = clock.now()
    compound = arrival.compound or _make_compound(arrival, placement)
    owners = _Owners(compound.id)
    if arrival.difference.added:
        entrances = _make_entrances(compound.id, arrival.difference.added)
        _add_homes(arrival.difference.added, entrances, owners, now)
    progress.step(len(arrival.difference.added))
    owners.hold([_change_home(change, now) for change in arrival.difference.changed], now)
    progress.step(len(arrival.difference.changed))
    return compound.id


def _make_compound(arrival: Arrival, placement: Placement) -> Compound:
    """The compound, and the areas above it that do not exist yet."""
    first = arrival.homes[0]
    # An arrival before this one may have made the areas since the preview.
    destination = destination_of(first.town, first.community, placement)
    compound = Compound(name=arrival.name, area=_make_area(destination))
    db.session.add(compound)
    db.session.flush()
    return compound


def _make_area(destination: Destination) -> Area:
    above = destination.nearest
    for kind, name in destination.missing:
        area = Area(kind=AreaKind(kind), name=name, parent=above, path="")
        db.session.add(area)
        db.session.flush()
        area.path = f"{above.path if above else '/'}{area.id}/"
        above = area
    if above is None:
        raise ValueError("a destination names at least one area")
    db.session.flush()
    return above


def _make_buildings(compound_id: int, homes: Iterable[Home]) -> dict[str, int]:
    """Building ids by name; those that are missing are made, those that grew are noted."""
    known = select(Building.name, Building.id).where(Building.compound_id == compound_id)
    buildings: dict[str, int] = dict(db.session.execute(known).all())
    heights = _heights(homes)
    _raise_buildings({row_id: heights.get(name, 0) for name, row_id in buildings.items()})
    missing = [name for name in heights if name not in buildings]
    rows = [
        {
            "compound_id": compound_id,
            "name": name,
            "position": position(name),
            "floors": heights[name] or None,
            "check_phrase": " ".join(secrets.choice(words.split()) for words in _FRIENDLY),
        }
        for name in missing
    ]
    return buildings | dict(zip(missing, _insert(Building, rows, "name"), strict=True))


def _make_entrances(compound_id: int, homes: Iterable[Home]) -> dict[tuple[str, str], int]:
    """Entrance ids by building and entrance name; those that are missing are made."""
    buildings = _make_buildings(compound_id, homes)
    known = (
        select(Building.name, Entrance.name, Entrance.id)
        .join(Entrance, Entrance.building_id == Building.id)
        .where(Building.compound_id == compound_id)
    )
    entrances = {(above, name): row_id for above, name, row_id in db.session.execute(known)}
    wanted = dict.fromkeys((home.building, home.entrance) for home in homes)
    missing = [place for place in wanted if place not in entrances]
    rows = [
        {"building_id": buildings[building], "name": name, "position": position(name)}
        for building, name in missing
    ]
    made = _insert(Entrance, rows, "building_id", "name")
    return entrances | dict(zip(missing, made, strict=True))


def _add_homes(
    homes: Sequence[Home], entrances: dict[tuple[str, str], int], owners: "_Owners", now: datetime
) -> None:
    """Premises, and for dwellings a household with its contacts; owners with their tenures."""
    premises_ids = _insert(
        Premises,
        [
            {
                "entrance_id": entrances[home.building, home.entrance],
                "room": home.room,
                "position": position(home.room),
                "floor": home.floor,
                "use": home.use,
                "size": home.area,
                "ownership": home.ownership,
                "occupancy": home.occupancy,
                "note": home.note,
            }
            for home in homes
        ],
        "entrance_id",
        "room",
    )
    placed = list(zip(homes, premises_ids, strict=True))
    dwellings = [(home, row_id) for home, row_id in placed if home.use == DWELLING]
    household_ids = _insert(
        Household, [{"premises_id": row_id} for _, row_id in dwellings], "premises_id"
    )
    _insert_contacts(
        (household_id, phone)
        for (home, _), household_id in zip(dwellings, household_ids, strict=True)
        for phone in home.phones
    )
    owners.hold(placed, now)


def _insert_contacts(pairs: Iterable[tuple[int, str]]) -> None:
    rows = [{"household_id": owner, "phone": phone, "since": clock.now()} for owner, phone in pairs]
    if rows:
        db.session.execute(insert(_table(Contact)), rows)


class _Owners:
    """The owners of one compound: the same name with a shared phone is the same owner."""

    def __init__(self, compound_id: int) -> None:
        self.compound_id = compound_id
        self._by_phone: dict[tuple[str, str], int] = {}
        reached = (
            select(Owner.name, Contact.phone, Owner.id)
            .join(Tenure, Tenure.owner_id == Owner.id)
            .join(Household, Household.premises_id == Tenure.premises_id)
            .join(Contact, Contact.household_id == Household.id)
            .where(Owner.compound_id == compound_id)
            .where(Tenure.until.is_(None), Contact.ended_at.is_(None))
            .order_by(Owner.id.desc())
        )
        for name, phone, owner_id in db.session.execute(reached):
            self._by_phone[name, phone] = owner_id

    def hold(self, placed: Sequence[tuple[Home, int]], now: datetime) -> None:
        """Give each home (with its premises id) the owners that its row names."""
        names: list[str] = []
        wanted: list[tuple[int, int]] = []
        for home, premises_id in placed:
            for name in home.owners:
                wanted.append((premises_id, self._known(name, home.phones, names)))
        rows = [{"compound_id": self.compound_id, "name": name} for name in names]
        ids = _insert(Owner, rows, "name")
        # A negative number stands for the owner made at that place of the list.
        self._by_phone = {
            key: ids[-known - 1] if known < 0 else known for key, known in self._by_phone.items()
        }
        tenures = {
            (premises_id, ids[-owner - 1] if owner < 0 else owner) for premises_id, owner in wanted
        }
        if tenures:
            held = [
                {"premises_id": premises_id, "owner_id": owner, "since": now}
                for premises_id, owner in sorted(tenures)
            ]
            db.session.execute(insert(_table(Tenure)), held)

    def _known(self, name: str, phones: Sequence[str], names: list[str]) -> int:
        """The id of an owner, or the negative place in `names` of one that is to be made."""
        known = next((self._by_phone[name, p] for p in phones if (name, p) in self._by_phone), None)
        if known is None:
            names.append(name)
            known = -len(names)
        for phone in phones:
            self._by_phone.setdefault((name, phone), known)
        return known


def _change_home(change: Change, now: datetime) -> tuple[Home, int]:
    """Bring a known home in line with its row; what ends is kept with its end.

    Returns the home with only its new owners, and its premises id, for `_Owners.hold`.
    """
    home, standing, fields = change.home, change.standing, set(change.fields)
    values = {name: getattr(home, "area" if name == "size" else name) for name in fields & _PLAIN}
    if values:
        this = Premises.id == standing.premises_id
        db.session.execute(update(Premises).where(this).values(values))
    household_id = standing.household_id
    if household_id is None and home.use == DWELLING:
        (household_id,) = _insert(Household, [{"premises_id": standing.premises_id}], "premises_id")
    if "phones" in fields and household_id is not None:
        _change_phones(household_id, change, now)
    new_owners: tuple[str, ...] = ()
    if "owners" in fields:
        gone = [row_id for name, row_id in standing.tenures.items() if name not in home.owners]
        db.session.execute(update(Tenure).where(Tenure.id.in_(gone)).values(until=now))
        new_owners = tuple(name for name in home.owners if name not in standing.tenures)
    phones = home.phones or tuple(standing.contacts)
    return replace(home, owners=new_owners, phones=phones), standing.premises_id


def _change_phones(household_id: int, change: Change, now: datetime) -> None:
    kept = change.standing.contacts
    gone = [row_id for phone, row_id in kept.items() if phone not in change.home.phones]
    db.session.execute(update(Contact).where(Contact.id.in_(gone)).values(ended_at=now))
    _insert_contacts((household_id, phone) for phone in change.home.phones if phone not in kept)


def _heights(homes: Iterable[Home]) -> dict[str, int]:
    """A building is as high as its highest home; 0 when no home tells."""
    highest: dict[str, int] = {}
    for home in homes:
        highest[home.building] = max(highest.get(home.building, 0), home.floor or 0)
    return highest


def _raise_buildings(heights: dict[int, int]) -> None:
    for building_id, floors in heights.items():
        lower = or_(Building.floors.is_(None), Building.floors < floors)
        if floors:
            this = Building.id == building_id
            db.session.execute(update(Building).where(this, lower).values(floors=floors))


def _insert(model: type[Any], rows: Sequence[dict[str, Any]], *key: str) -> list[int]:
    """Insert many rows in few statements; returns their ids in the order of `rows`.

    `key` are columns that tell the rows apart, or at least rows that may not be confused:
    databases answer a statement of many rows in any order.
    """
    if not rows:
        return []
    table = _table(model)
    columns = [table.c[name] for name in key]
    ids: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row_id, *values in db.session.execute(insert(table).returning(table.c.id, *columns), rows):
        ids[tuple(values)].append(row_id)
    return [ids[tuple(row[name] for name in key)].pop() for row in rows]


def _table(model: type[Any]) -> Any:
    """The bare table: rows by the ten thousand need no objects."""
    return model.__table__
