"""Reading the roster: areas within a scope, where a ledger belongs, what an import would do."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.jobs import Job
from app.roster.differences import DWELLING, Difference, Place, Standing, compare
from app.roster.ledger import SAME_HOME, Home, Ledger, Problem, same_home
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

# The kinds of background work of an import.
PREVIEW, IMPORT = "roster-preview", "roster-import"
UNNAMED_DISTRICT = "本区县"
UNNAMED_TOWN = "未填乡镇"

Branch = tuple[AreaKind, str]


class Ambiguous(Refused):
    """The names given fit several areas."""


@dataclass(frozen=True)
class Placement:
    """Where a ledger belongs as its uploader says: rows may name town and community themselves.

    `scope` is the `area_path` of the person: nothing outside it is reached.
    """

    community: str
    district: str = ""
    scope: str = "/"


@dataclass(frozen=True)
class Destination:
    """Where a compound belongs on the area tree: the last area that exists and those to make."""

    nearest: Area | None
    missing: tuple[Branch, ...]

    @property
    def area(self) -> Area | None:
        """The community, when it exists."""
        return None if self.missing else self.nearest

    @property
    def name(self) -> str:
        """`利通区 胜利镇 裕西社区`, whether it exists or not."""
        names = [self.nearest.full_name] if self.nearest else []
        return " ".join([*names, *(name for _, name in self.missing)])

    def is_within(self, scope: str) -> bool:
        """Whether all of it lies within an `area_path`."""
        return (self.nearest.path if self.nearest else "/").startswith(scope)


@dataclass(frozen=True)
class Arrival:
    """One compound of a ledger: where it goes, whether it is known, and what would change."""

    name: str
    homes: tuple[Home, ...]
    destination: Destination
    compound: Compound | None
    difference: Difference

    @property
    def buildings(self) -> int:
        return len({home.building for home in self.homes})

    @property
    def households(self) -> int:
        """Dwellings only (RULES.md §1)."""
        return sum(home.use == DWELLING for home in self.homes)

    @property
    def size(self) -> int:
        """Floor area in 0.01 m²."""
        return sum(home.area for home in self.homes)


@dataclass(frozen=True)
class Preview:
    """What importing a ledger would do, and why it may not (`errors`)."""

    arrivals: tuple[Arrival, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def added(self) -> int:
        return sum(len(each.difference.added) for each in self.arrivals)

    @property
    def changed(self) -> int:
        return sum(len(each.difference.changed) for each in self.arrivals)

    @property
    def unchanged(self) -> int:
        return sum(each.difference.unchanged for each in self.arrivals)

    @property
    def absent(self) -> int:
        """Homes of these compounds that are known but not in the ledger: they stay."""
        return sum(each.difference.absent for each in self.arrivals)


def building_by_token(token: str) -> Building | None:
    """The building of a poster's address, with its compound and community."""
    return db.session.scalar(
        select(Building)
        .options(joinedload(Building.compound).joinedload(Compound.area))
        .where(Building.token == token)
    )


def communities_within(scope: str) -> list[Area]:
    """The communities a person may import into, by name."""
    within = Area.path.startswith(scope, autoescape=True)
    found = select(Area).where(Area.kind == AreaKind.COMMUNITY, within).order_by(Area.name)
    return list(db.session.scalars(found))


def preview(ledger: Ledger, placement: Placement) -> Preview:
    """What importing `ledger` would do; reads only.

    Raises `Ambiguous` when a community without its town has several namesakes.
    """
    groups = _grouped(ledger.homes, placement)
    arrivals = [
        _arrival(destination, name, homes) for (_, name), (destination, homes) in groups.items()
    ]
    errors = (*ledger.errors, *_strays(arrivals, placement), *_twice(arrivals))
    return Preview(tuple(arrivals), errors, ledger.warnings)


Group = tuple[Destination, list[Home]]


def _grouped(homes: Iterable[Home], placement: Placement) -> dict[tuple[str, str], Group]:
    """The homes by area and compound; rows may name the same area in several ways."""
    destinations: dict[tuple[str, str], Destination] = {}
    groups: dict[tuple[str, str], Group] = {}
    for home in homes:
        named = (home.town, home.community)
        if named not in destinations:
            destinations[named] = destination_of(*named, placement)
        destination = destinations[named]
        _, group = groups.setdefault((destination.name, home.compound), (destination, []))
        group.append(home)
    return groups


def _arrival(destination: Destination, name: str, homes: list[Home]) -> Arrival:
    compound = _compound(destination.area, name)
    known = standing_homes(compound) if compound else {}
    return Arrival(name, tuple(homes), destination, compound, compare(homes, known))


def _twice(arrivals: Iterable[Arrival]) -> Iterator[Problem]:
    """Homes that are the same only now that their area is known."""
    for arrival in arrivals:
        seen: dict[Place, Home] = {}
        for home in arrival.homes:
            first = seen.setdefault(home.place, home)
            if first is not home:
                yield Problem(home.sheet, home.row, "", SAME_HOME, same_home(first))


def _strays(arrivals: Iterable[Arrival], placement: Placement) -> Iterator[Problem]:
    """Compounds outside the scope of the person who imports."""
    for arrival in arrivals:
        if not arrival.destination.is_within(placement.scope):
            first, count = arrival.homes[0], len(arrival.homes)
            message = msg("「%(compound)s」属于%(area)s，不在您负责的范围内（共 %(count)s 户）。")
            facts = {"compound": arrival.name, "area": arrival.destination.name, "count": count}
            yield Problem(first.sheet, first.row, "", message, facts)


def destination_of(town: str, community: str, placement: Placement) -> Destination:
    """Where a row belongs that names this town and community ('' when it names none).

    Without a town it is the community of that name that exists, else one below the town of the
    person who imports, else one below `未填乡镇`.
    """
    name = community or placement.community
    district = _district(placement)
    if not town and district:
        namesakes = _namesakes(name, district, placement.scope)
        if len(namesakes) > 1:
            message = msg("有 %(count)s 个社区都叫「%(name)s」，请在台账里加上「乡镇」一列。")
            raise Ambiguous(message, count=len(namesakes), name=name)
        if namesakes:
            return Destination(namesakes[0], ())
        if own := _own_town(placement.scope):
            return _descend(own, [(AreaKind.COMMUNITY, name)])
    branches = [(AreaKind.TOWN, town or UNNAMED_TOWN), (AreaKind.COMMUNITY, name)]
    if district is None:
        top = (AreaKind.DISTRICT, placement.district or UNNAMED_DISTRICT)
        return Destination(None, (top, *branches))
    return _descend(district, branches)


def _descend(area: Area, branches: list[Branch]) -> Destination:
    """Go down the tree as far as it exists."""
    for depth, (kind, name) in enumerate(branches):
        below = select(Area).where(Area.parent_id == area.id, Area.kind == kind, Area.name == name)
        found = db.session.scalar(below)
        if found is None:
            return Destination(area, tuple(branches[depth:]))
        area = found
    return Destination(area, ())


def _district(placement: Placement) -> Area | None:
    """The district meant: by name, by the person's scope, or the only one there is."""
    districts = select(Area).where(Area.kind == AreaKind.DISTRICT)
    if placement.district:
        return db.session.scalar(districts.where(Area.name == placement.district))
    within = [
        area
        for area in db.session.scalars(districts)
        if area.path.startswith(placement.scope) or placement.scope.startswith(area.path)
    ]
    if len(within) > 1:
        raise Ambiguous(msg("系统里有多个区县，请指明导入到哪一个。"))
    return within[0] if within else None


def _own_town(scope: str) -> Area | None:
    """The town in which somebody's whole scope lies."""
    towns = db.session.scalars(select(Area).where(Area.kind == AreaKind.TOWN))
    return next((town for town in towns if scope.startswith(town.path)), None)


def _namesakes(name: str, district: Area, scope: str) -> list[Area]:
    below = [
        area
        for area in communities_within(district.path)
        if area.name == name and area.path.startswith(district.path)
    ]
    return [area for area in below if area.path.startswith(scope)] or below


def _compound(area: Area | None, name: str) -> Compound | None:
    if area is None:
        return None
    return db.session.scalar(
        select(Compound).where(Compound.area_id == area.id, Compound.name == name)
    )


def standing_homes(compound: Compound) -> dict[Place, Standing]:
    """Every home of a compound as it is known now, by building, entrance and room."""
    tenures = _names_in_force(
        select(Tenure.premises_id, Owner.name, Tenure.id)
        .join(Owner, Owner.id == Tenure.owner_id)
        .where(Owner.compound_id == compound.id, Tenure.until.is_(None))
    )
    contacts = _names_in_force(
        _of_compound(select(Household.premises_id, Contact.phone, Contact.id), compound)
        .join(Household, Household.premises_id == Premises.id)
        .join(Contact, Contact.household_id == Household.id)
        .where(Contact.ended_at.is_(None))
    )
    rows = db.session.execute(
        _of_compound(
            select(Building.name, Entrance.name, Premises, Household.id), compound
        ).outerjoin(Household, Household.premises_id == Premises.id)
    )
    return {
        (building, entrance, premises.room): Standing(
            premises_id=premises.id,
            household_id=household_id,
            size=premises.size,
            use=premises.use,
            ownership=premises.ownership,
            occupancy=premises.occupancy,
            floor=premises.floor,
            note=premises.note,
            tenures=tenures[premises.id],
            contacts=contacts[premises.id],
        )
        for building, entrance, premises, household_id in rows
    }


def _of_compound(statement: Any, compound: Compound) -> Any:
    return (
        statement.select_from(Premises)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .where(Building.compound_id == compound.id)
    )


def _names_in_force(statement: Any) -> defaultdict[int, dict[str, int]]:
    """premises id → name or phone → id of its row."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for premises_id, name, row_id in db.session.execute(statement):
        found[premises_id][name] = row_id
    return found


def import_of(preview_id: int) -> Job | None:
    """The import that was started from a preview, if it was."""
    started = select(Job).where(
        Job.kind == IMPORT, Job.params["preview"].as_integer() == preview_id
    )
    return db.session.scalar(started.order_by(Job.id).limit(1))
