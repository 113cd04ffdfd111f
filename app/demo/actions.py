"""Fill an empty database with the sample district, through the same verbs an office uses."""

import secrets
from dataclasses import replace
from typing import Any

import pyotp
from sqlalchemy import func, select

from app.accounts import second_factor
from app.accounts.actions import create_staff
from app.core import clock, files
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity, Role
from app.core.sheets import read_workbook
from app.demo.content import ROSTER, CompoundPlan, compound_plans, district
from app.demo.stories import DAY, STORIES, Account, Office, Sample, tell
from app.projects import actions as projects
from app.projects.models import Attachment, Section
from app.roster.actions import import_roster
from app.roster.importer import read_ledger
from app.roster.ledger import Ledger
from app.roster.models import Area, AreaKind, Building, Compound
from app.roster.queries import Placement
from app.rounds import queries, tallies

_DRAWN = "image/svg+xml"
_BEFORE_AND_AFTER = ("facade-before", "facade-after")


class NotEmpty(Refused):
    """The database has data already; a sample is never mixed into it."""


def fill_sample(code_key: str) -> Sample:
    """Load the 20 compounds of Litong with plans, people, four rounds, votes and comments.

    Refuses `NotEmpty`.
    """
    refuse_when_filled()
    sample = Sample()
    plans = compound_plans()
    with clock.pretending((clock.now() - 60 * DAY).replace(hour=2, minute=15)):
        office = _make_people_of_district(sample)
        import_roster(_ledger(plans), Placement(community=""), by=office.first)
        _make_local_people(sample)
        for compound in db.session.scalars(select(Compound)).all():
            write_plan(compound, plans[compound.name], office)
    for story in STORIES:
        tell(story, plans[story.compound], office, sample, code_key)
    return sample


def refuse_when_filled() -> None:
    """Refuse `NotEmpty` when there is any area: nothing is ever mixed into real data."""
    if db.session.scalar(select(func.count()).select_from(Area)):
        raise NotEmpty(msg("数据库里已经有数据，不能再装示例。"))


def add_account(
    sample: Sample, username: str, name: str, role: Role, area: Area | None
) -> Identity:
    """Make one login of the sample with a random password and second factor."""
    password = secrets.token_urlsafe(9)
    staff = create_staff(username, name, role, area, password, by=None)
    secret = pyotp.random_base32()
    second_factor.keep(staff, secret, by=None)
    sample.accounts.append(Account(username, password, role.value, secret))
    return staff.identity


def _make_people_of_district(sample: Sample) -> Office:
    area = Area(kind=AreaKind.DISTRICT, name=district()["district"], path="")
    db.session.add(area)
    db.session.flush()
    area.path = f"/{area.id}/"
    add_account(sample, "admin", "系统管理员", Role.ADMIN, None)
    return Office(
        add_account(sample, "district", "马文静", Role.DISTRICT, area),
        add_account(sample, "district2", "丁海波", Role.DISTRICT, area),
    )


def _make_local_people(sample: Sample) -> None:
    """An office of two in one town, and a worker in one community of it."""
    town = _area("金星镇")
    add_account(sample, "office", "杨晓兰", Role.OFFICE, town)
    add_account(sample, "office2", "纳学军", Role.OFFICE, town)
    add_account(sample, "worker", "哈丽", Role.WORKER, _area("水渠巷社区"))


def _area(name: str) -> Area:
    return db.session.scalars(select(Area).where(Area.name == name)).one()


def _ledger(plans: dict[str, CompoundPlan]) -> Ledger:
    """The office's workbook, with the community of each compound filled in."""
    ledger = read_ledger(read_workbook(ROSTER))
    homes = tuple(replace(h, community=plans[h.compound].community) for h in ledger.homes)
    compounds = tuple(replace(c, community=plans[c.compound].community) for c in ledger.compounds)
    return replace(ledger, homes=homes, compounds=compounds)


def write_plan(compound: Compound, plan: CompoundPlan, office: Office) -> None:
    """Write, submit and publish the plan of one compound, as two people of the office would."""
    for name, value in plan.ledger_facts.items():
        setattr(compound, name, value)
    compound.phone = next(
        c["office_phone"] for c in district()["communities"] if c["name"] == plan.community
    )
    project = projects.open_project(compound, plan.facts, by=office.first)
    db.session.refresh(project)
    version = project.versions[0]
    projects.edit_summary(version, plan.summary, "", plan.by_building, by=office.first)
    projects.replace_items(version, plan.items, by=office.first)
    projects.edit_money(version, plan.money, by=office.first)
    projects.edit_design(version, plan.design, by=office.first)
    projects.edit_construction(version, plan.construction, by=office.first)
    projects.edit_management(version, plan.management, by=office.first)
    for attachment in _drawings(compound, plan):
        projects.attach(version, attachment, by=office.first)
    projects.submit_version(version, by=office.first)
    projects.publish_version(version, by=office.second)


def _drawings(compound: Compound, plan: CompoundPlan) -> list[Attachment]:
    entrances = [len(building.entrances) for building in compound.buildings]
    return [
        Attachment(
            section=Section.WORK if drawing.name in _BEFORE_AND_AFTER else Section.DESIGN,
            caption=drawing.caption,
            media_type=_DRAWN,
            digest=files.keep(drawing.svg.encode()),
            width=800,
            height=500,
        )
        for drawing in plan.drawings(compound.buildings[0].floors or 5, entrances)
    ]


def summary_of(sample: Sample, base_url: str) -> dict[str, Any]:
    """The sample in the words of the contract."""
    buildings = db.session.scalars(select(Building).order_by(Building.id)).all()
    return {
        "staff": [
            {
                "username": a.username,
                "password": a.password,
                "role": a.role,
                "otp_secret": a.otp_secret,
            }
            for a in sample.accounts
        ],
        "rounds": [
            {
                "id": r.id,
                "compound": r.compound.name,
                "state": r.state.value,
                "households": tallies.results(r).total,
            }
            for r in sample.rounds
        ],
        "buildings": [
            {"name": b.name, "compound": b.compound.name, "url": f"{base_url}/b/{b.token}"}
            for b in buildings
        ],
        "households": [
            _household(entry, sample.codes[entry.household_id])
            for r in sample.rounds
            for entry in queries.register_of(r.id)
            if entry.household_id in sample.codes
        ],
    }


def _household(entry: Any, code: str) -> dict[str, Any]:
    premises = entry.household.premises
    return {
        "round": entry.round_id,
        "building": entry.building.name,
        "entrance": premises.entrance.name,
        "room": premises.room,
        "code": code,
        "voted": entry.votes > 0,
    }
