"""Reading the roster: what an import would do, and who lives where."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.errors import msg
from app.core.jobs import Job
from app.roster.areas import (
    Destination,
    Placement,
    are_near,
    destination_of,
    near_names,
    same_name_elsewhere,
)
from app.roster.differences import DWELLING, Difference, Place, Standing, compare
from app.roster.guarding import guarded
from app.roster.ledger import SAME_HOME, Home, Ledger, Problem, same_home
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
    Use,
)

# The kinds of background work of an import.
PREVIEW, IMPORT = "roster-preview", "roster-import"


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
    """What importing a ledger would do, and why it may not (`errors`).

    `doubts` are the first of the `warnings`: whether compounds and communities are really new.
    """

    arrivals: tuple[Arrival, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()

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


def preview(ledger: Ledger, placement: Placement) -> Preview:
    """What importing `ledger` would do; reads only.

    Raises `Ambiguous` when a community without its town has several namesakes.
    """
    placed = [home for home in ledger.homes if home.community or placement.community]
    groups = _grouped(placed, placement)
    arrivals = [
        _arrival(destination, name, homes) for (_, name), (destination, homes) in groups.items()
    ]
    errors = (
        *_unplaced(ledger, placement),
        *_strays(arrivals, placement),
        *_twice(arrivals),
        *_guarded(arrivals),
    )
    doubts = tuple(_doubts(arrivals, placement))
    warnings = (*doubts, *ledger.warnings)
    return Preview(tuple(arrivals), (*ledger.errors, *errors), warnings, doubts)


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


def _guarded(arrivals: Iterable[Arrival]) -> Iterator[Problem]:
    """Owners and phones of homes that are being counted."""
    for arrival in arrivals:
        if arrival.compound:
            yield from guarded(arrival.compound.id, arrival.difference.changed)


def _unplaced(ledger: Ledger, placement: Placement) -> Iterator[Problem]:
    """Homes of which neither their row nor the person who imports says the community."""
    without = [home for home in ledger.homes if not (home.community or placement.community)]
    if without:
        first = without[0]
        message = msg("有 %(count)s 户没有写社区。请重新上传并选社区，或在台账里填「社区」一列。")
        yield Problem(first.sheet, first.row, "", message, {"count": len(without)})


def _doubts(arrivals: Iterable[Arrival], placement: Placement) -> Iterator[Problem]:
    """Compounds and communities that would be made and may be there under another name."""
    made: dict[str, str] = {}
    for arrival in arrivals:
        first, there = arrival.homes[0], arrival.destination
        if arrival.compound is None:
            message = msg("同名小区「%(compound)s」已在%(area)s，确定不是同一个？")
            for area in same_name_elsewhere(arrival.name, there, placement.scope):
                facts = {"compound": arrival.name, "area": area.full_name}
                yield Problem(first.sheet, first.row, "", message, facts)
        if there.is_new_community and there.name not in made:
            message = msg("「%(new)s」是新社区，名字和「%(known)s」很像，确定不是同一个？")
            alike = [full for full, name in made.items() if are_near(name, there.community)]
            for known in (*near_names(there, placement.scope), *alike):
                facts = {"new": there.name, "known": known}
                yield Problem(first.sheet, first.row, "", message, facts)
            made[there.name] = there.community


def _strays(arrivals: Iterable[Arrival], placement: Placement) -> Iterator[Problem]:
    """Compounds outside the scope of the person who imports."""
    for arrival in arrivals:
        if not arrival.destination.is_within(placement.scope):
            first, count = arrival.homes[0], len(arrival.homes)
            message = msg("「%(compound)s」属于%(area)s，不在您负责的范围内（共 %(count)s 户）。")
            facts = {"compound": arrival.name, "area": arrival.destination.name, "count": count}
            yield Problem(first.sheet, first.row, "", message, facts)


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


@dataclass(frozen=True)
class HomeLine:
    """One premises as the list of a building shows it; `size` in 0.01 m²."""

    premises_id: int
    household_id: int | None
    room: str
    use: Use
    size: int
    ownership: str
    occupancy: Occupancy
    owners: tuple[str, ...]
    phones: tuple[str, ...]


def compound_of(compound_id: int) -> Compound | None:
    """The compound with its area, whose path tells whose scope it is in."""
    above = joinedload(Compound.area)
    return db.session.scalar(select(Compound).options(above).where(Compound.id == compound_id))


def compounds_named(ids: Iterable[int]) -> list[Compound]:
    """These compounds, by name."""
    found = select(Compound).where(Compound.id.in_(list(ids))).order_by(Compound.name)
    return list(db.session.scalars(found))


def homes_by_entrance(building: Building) -> dict[str, list[HomeLine]]:
    """Every premises of a building, entrance by entrance, with owners and phones in force."""
    inside = (Entrance, Entrance.id == Premises.entrance_id)
    here = Entrance.building_id == building.id
    tenures = _names_in_force(
        select(Tenure.premises_id, Owner.name, Tenure.id)
        .join(Owner, Owner.id == Tenure.owner_id)
        .join(Premises, Premises.id == Tenure.premises_id)
        .join(*inside)
        .where(here, Tenure.until.is_(None))
        .order_by(Tenure.id)
    )
    contacts = _names_in_force(
        select(Household.premises_id, Contact.phone, Contact.id)
        .join(Contact, Contact.household_id == Household.id)
        .join(Premises, Premises.id == Household.premises_id)
        .join(*inside)
        .where(here, Contact.ended_at.is_(None))
        .order_by(Contact.id)
    )
    rows = (
        select(Entrance.name, Premises, Household.id)
        .join(*inside)
        .outerjoin(Household, Household.premises_id == Premises.id)
        .where(here)
        .order_by(Entrance.position, Entrance.name, Premises.position, Premises.room)
    )
    found: dict[str, list[HomeLine]] = {}
    for entrance, home, household_id in db.session.execute(rows):
        people = tuple(tenures[home.id]), tuple(contacts[home.id])
        facts = (home.use, home.size, home.ownership, home.occupancy)
        line = HomeLine(home.id, household_id, home.room, *facts, *people)
        found.setdefault(entrance, []).append(line)
    return found
