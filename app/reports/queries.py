"""What stands on paper, gathered from roster and rounds: posters, slips, the round's figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import func, select

from app.accounts.actions import HomeRef, home_ref
from app.accounts.models import HouseholdCode
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.i18n import DEFAULT
from app.core.jobs import Job
from app.reports.pages import PosterPage, Slip
from app.roster.models import Building, Compound, Entrance, Household, Premises
from app.rounds.models import Round
from app.rounds.queries import homes_in_order, rounds_of

POSTERS, SLIPS = "posters", "slips"


class NoPhone(Refused):
    """No paper hangs in an entrance hall without a phone number of a person (PRODUCT.md)."""


@dataclass(frozen=True)
class Office:
    """What every paper of a compound says of the round: its title, deadline and the phone."""

    title: str
    closes_at: datetime | None
    phone: str

    @property
    def printed_title(self) -> str:
        """What stands on paper: what it is about, and the title of the round if there is one."""
        with force_locale(DEFAULT):
            about = gettext("小区改造征求意见")
        return f"{about} · {self.title}" if self.title else about


@dataclass(frozen=True)
class Door:
    """A home whose slip is to be printed; everything but its code."""

    home: HomeRef
    label: str
    url: str
    check_phrase: str

    def slip(self, compound: str, office: Office, digits: str) -> Slip:
        """The slip that carries `digits`."""
        return Slip(
            compound=compound,
            label=self.label,
            url=self.url,
            digits=digits,
            check_phrase=self.check_phrase,
            phone=office.phone,
            closes_at=office.closes_at,
            title=office.title,
        )


@dataclass(frozen=True)
class PrintableBuilding:
    """One building on the print page, with how many pages and slips it would give."""

    building: Building
    entrances: int
    households: int


def public_address() -> str:
    """Where residents reach us, from the settings and never from a request (T11)."""
    return str(current_app.extensions["juyi_config"].base_url)


def is_on_this_machine_only() -> bool:
    """Whether the public address is one that no phone can open."""
    host = urlsplit(public_address()).hostname or ""
    return host in ("localhost", "::1", "0.0.0.0") or host.startswith("127.")


def building_url(building: Building) -> str:
    """The public address of a building."""
    return f"{public_address()}/b/{building.token}"


def round_to_print(compound_id: int) -> Round | None:
    """The newest round that is not over yet: its deadline goes on posters and slips."""
    return next((r for r in rounds_of(compound_id) if not r.has_closed), None)


def office_of(compound: Compound) -> Office:
    """Title, deadline and phone for the papers of a compound."""
    round_ = round_to_print(compound.id)
    if round_ is None:
        return Office("", None, compound.phone)
    return Office(round_.title, round_.closes_at, round_.phone or compound.phone)


def reachable_office(compound: Compound) -> Office:
    """The same, for paper that is really made; refuses `NoPhone`."""
    office = office_of(compound)
    if not office.phone:
        raise NoPhone(msg("还没有联系电话。请先在征询里填好电话，再打印。"))
    return office


def poster_pages(compound: Compound, building: Building | None = None) -> list[PosterPage]:
    """One page per entrance of one building, or of all; a building without entrances has one.

    Refuses `NoPhone`.
    """
    office = reachable_office(compound)
    name = f"{compound.area.name} · {compound.name}"
    return [
        PosterPage(
            compound=name,
            building=each.name,
            entrance=entrance,
            title=office.title,
            url=building_url(each),
            check_phrase=each.check_phrase,
            phone=office.phone,
            closes_at=office.closes_at,
        )
        for each in ([building] if building else compound.buildings)
        for entrance in [e.name for e in each.entrances] or [""]
    ]


def doors(
    compound: Compound, building: Building | None = None, household: Household | None = None
) -> list[Door]:
    """The homes of a compound, of one building or one alone, by building, entrance and room."""
    homes = homes_in_order(compound.id)
    if household is not None:
        homes = [home for home in homes if home.id == household.id]
    elif building is not None:
        homes = [home for home in homes if _building_of(home).id == building.id]
    return [
        Door(
            home=home_ref(home),
            label=home.address,
            url=building_url(_building_of(home)),
            check_phrase=_building_of(home).check_phrase,
        )
        for home in homes
    ]


def printable_buildings(compound: Compound) -> list[PrintableBuilding]:
    """Every building with its number of entrances and households."""
    entrances = _by_building(
        select(Entrance.building_id, func.count(Entrance.id)).group_by(Entrance.building_id),
    )
    households = _by_building(
        select(Entrance.building_id, func.count(Household.id))
        .join(Premises, Premises.entrance_id == Entrance.id)
        .join(Household, Household.premises_id == Premises.id)
        .group_by(Entrance.building_id),
    )
    return [
        PrintableBuilding(b, entrances.get(b.id, 0), households.get(b.id, 0))
        for b in compound.buildings
    ]


def homes_by_entrance(building: Building) -> list[tuple[str, list[Household]]]:
    """The homes of a building under the names of its entrances, in the order of doors."""
    homes = db.session.scalars(
        select(Household)
        .join(Household.premises)
        .join(Premises.entrance)
        .where(Entrance.building_id == building.id)
        .order_by(Entrance.position, Premises.position, Premises.id)
    ).all()
    return [
        (entrance.name, [home for home in homes if home.premises.entrance_id == entrance.id])
        for entrance in building.entrances
    ]


def codes_in_force(doors_: Sequence[Door]) -> int:
    """How many of these homes hold a valid code now, which a new slip would kill."""
    wanted = {door.home.household_id for door in doors_}
    buildings = {door.home.building_id for door in doors_}
    holders = db.session.scalars(
        select(HouseholdCode.household_id).where(
            HouseholdCode.building_id.in_(buildings), HouseholdCode.revoked_at.is_(None)
        )
    )
    return len(wanted.intersection(holders))


def prints_of(by: Identity, compound_id: int) -> list[Job]:
    """The last print jobs that this person ordered for a compound, newest first."""
    jobs = db.session.scalars(
        select(Job)
        .where(
            Job.kind.in_((POSTERS, SLIPS)),
            Job.asked_by_id == by.id,
            Job.params["compound_id"].as_integer() == compound_id,
        )
        .order_by(Job.id.desc())
        .limit(5)
    )
    return list(jobs)


def slips_under_way(compound_id: int) -> bool:
    """Whether somebody's slips of this compound are being made right now."""
    waiting = select(func.count(Job.id)).where(
        Job.kind == SLIPS,
        Job.finished_at.is_(None),
        Job.params["compound_id"].as_integer() == compound_id,
    )
    return bool(db.session.scalar(waiting))


def kept_slips() -> list[Job]:
    """The jobs whose file with codes still lies in the store."""
    kept = select(Job).where(Job.kind == SLIPS, Job.result["digest"].as_string().is_not(None))
    return list(db.session.scalars(kept))


def _building_of(home: Household) -> Building:
    return home.premises.entrance.building


def _by_building(rows: object) -> dict[int, int]:
    return {row[0]: row[1] for row in db.session.execute(rows)}  # type: ignore[call-overload]
