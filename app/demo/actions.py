"""Fill an empty database with the sample district, through the same verbs an office uses."""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.accounts.actions import create_staff, home_ref, issue_codes, prepare_codes
from app.comments.actions import reply, write_comment
from app.core import clock, files
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity, Role
from app.core.sheets import read_workbook
from app.demo.content import ROSTER, CompoundPlan, compound_plans, district
from app.projects import actions as projects
from app.projects.models import Attachment, Section
from app.roster.actions import import_roster
from app.roster.importer import read_ledger
from app.roster.ledger import Ledger
from app.roster.models import Area, AreaKind, Building, Compound, Household
from app.roster.queries import Placement
from app.rounds import actions as rounds
from app.rounds import queries, tallies
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round

DAY = timedelta(days=1)
_SHOWN_IN_DESIGN = "image/svg+xml"


class NotEmpty(Refused):
    """The database has data already; a sample is never mixed into it."""


@dataclass(frozen=True)
class Account:
    """A login of the sample, its password told once."""

    username: str
    password: str
    role: str


@dataclass
class Sample:
    """What was made, for the person who tries it."""

    accounts: list[Account] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """How far the consultation of one compound has come: days relative to now, and its votes.

    `shares` are the parts per hundred that agree to the plan and to the management plan, and
    that stay silent; the rest disagrees or abstains.
    """

    compound: str
    opened: int
    closes: int
    agree: tuple[int, int]
    silent: int
    published: int | None = None
    certified: int | None = None


STORIES = (
    Story("药材公司家属院", -40, -20, agree=(90, 85), silent=5, published=-19, certified=-11),
    Story("裕民小区", -22, -2, agree=(84, 78), silent=10),
    Story("利水南苑", -9, 11, agree=(79, 75), silent=14),
    Story("银塔南区", -6, 15, agree=(66, 61), silent=25),
)


@dataclass(frozen=True)
class Office:
    """Those who do things in the sample: whoever prepares, and a second person."""

    first: Identity
    second: Identity


def fill_sample(code_key: str) -> Sample:
    """Load the 20 compounds of Litong with plans, people, four rounds, votes and comments.

    Refuses `NotEmpty`.
    """
    refuse_when_filled()
    sample = Sample()
    chance = random.Random(20)
    plans = compound_plans()
    with clock.pretending((clock.now() - 60 * DAY).replace(hour=2, minute=15)):
        office = _make_people_of_district(sample)
        import_roster(_ledger(plans), Placement(community=""), by=office.first)
        _make_local_people(sample)
        for compound in db.session.scalars(select(Compound)).all():
            write_plan(compound, plans[compound.name], office)
    for story in STORIES:
        _tell(story, plans[story.compound], office, sample, chance, code_key)
    return sample


def refuse_when_filled() -> None:
    """Refuse `NotEmpty` when there is any area: nothing is ever mixed into real data."""
    if db.session.scalar(select(func.count()).select_from(Area)):
        raise NotEmpty(msg("数据库里已经有数据，不能再装示例。"))


def add_account(
    sample: Sample, username: str, name: str, role: Role, area: Area | None
) -> Identity:
    """Make one login of the sample with a random password."""
    password = secrets.token_urlsafe(9)
    staff = create_staff(username, name, role, area, password, by=None)
    sample.accounts.append(Account(username, password, role.value))
    return staff.identity


def issue_sample_codes(homes: Sequence[Household], sample: Sample, code_key: str) -> None:
    """Give each household a code and remember it in the sample."""
    refs = [home_ref(home) for home in homes]
    prepared = prepare_codes(refs, code_key, lambda done, total: None, taken=set())
    issue_codes(prepared, by=None)
    sample.codes.update({one.home.household_id: one.digits for one in prepared})


def prepare_round(
    compound: Compound, opens_at: datetime, closes_at: datetime, office: Office
) -> Round:
    """Take a round of a compound as far as its frozen register."""
    terms = rounds.RoundTerms("第1轮征询", opens_at, closes_at, compound.phone)
    round_ = rounds.draft_round(compound, terms, by=office.first)
    rounds.submit_round(round_, by=office.first)
    rounds.confirm_profile(round_, by=office.second)
    rounds.publish_register(round_, by=office.first)
    rounds.freeze_register(round_, by=office.first)
    return round_


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
    projects.edit_summary(version, plan.summary, by=office.first)
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
            section=Section.DESIGN,
            caption=drawing.caption,
            media_type=_SHOWN_IN_DESIGN,
            digest=files.keep(drawing.svg.encode()),
            width=800,
            height=500,
        )
        for drawing in plan.drawings(compound.buildings[0].floors or 5, entrances)
    ]


def _tell(
    story: Story,
    plan: CompoundPlan,
    office: Office,
    sample: Sample,
    chance: random.Random,
    code_key: str,
) -> None:
    """Let one consultation happen, as far as the story goes."""
    today = clock.now().replace(minute=0, second=0, microsecond=0)
    compound = db.session.scalars(select(Compound).where(Compound.name == story.compound)).one()
    # Nine in the morning and six in the evening of Shanghai, in UTC.
    opened = (today + story.opened * DAY).replace(hour=1)
    closes = (today + story.closes * DAY).replace(hour=10)
    homes = queries.homes_in_order(compound.id)
    with clock.pretending(opened - DAY):
        round_ = prepare_round(compound, opened, closes, office)
        issue_sample_codes(homes, sample, code_key)
        rounds.note_posters_printed(compound, by=office.first)
    with clock.pretending(opened):
        rounds.open_round(round_, by=office.first)
    _vote(round_, homes, story, opened, min(closes, today), chance)
    _discuss(compound, plan, opened, today, office)
    _finish(round_, story, today, closes, office)
    sample.rounds.append(round_)


def _vote(
    round_: Round,
    homes: list[Household],
    story: Story,
    begin: datetime,
    end: datetime,
    chance: random.Random,
) -> None:
    """Each household that is not silent votes once, at some moment of the round."""
    voters = chance.sample(homes, len(homes) - len(homes) * story.silent // 100)
    moments = sorted(begin + (end - begin) * chance.random() for _ in voters)
    agreeing = [len(homes) * share // 100 for share in story.agree]
    others = (Choice.DISAGREE, Choice.ABSTAIN)
    for place, (home, moment) in enumerate(zip(voters, moments, strict=True)):
        # The last of the voters are those who do not agree, in each matter for itself.
        choices = {
            matter.id: Choice.AGREE
            if (place * 7919) % len(voters) < count
            else others[place % 3 == 0]
            for matter, count in zip(round_.matters, agreeing, strict=True)
        }
        with clock.pretending(moment):
            ballot = Ballot(choices, secrets.token_hex(12), 0, 1)
            cast(round_, home.id, ballot, via=Channel.PHONE)


def _discuss(
    compound: Compound, plan: CompoundPlan, opened: datetime, today: datetime, office: Office
) -> None:
    homes = queries.homes_in_order(compound.id)
    for comment in plan.comments:
        written = min(opened + comment["day"] * DAY, today - timedelta(hours=6))
        home = _first_home(homes, comment["building"], comment["entrance"])
        with clock.pretending(written):
            made = write_comment(home.id, compound, Section(comment["section"]), comment["text"])
        if "reply" in comment:
            with clock.pretending(min(written + timedelta(hours=30), today)):
                reply(made, plan.community, comment["reply"], by=office.first)


def _first_home(homes: Sequence[Household], building: str, entrance: str) -> Household:
    """The first home of an entrance, by the names on the doors."""
    doors = ((home, home.premises.entrance) for home in homes)
    return next(h for h, e in doors if (e.building.name, e.name) == (building, entrance))


def _finish(round_: Round, story: Story, today: datetime, closes: datetime, office: Office) -> None:
    if closes <= today:
        with clock.pretending(closes):
            rounds.close_due_rounds()
    if story.published is not None:
        with clock.pretending(today + story.published * DAY):
            rounds.publish_result(round_, by=office.first)
    if story.certified is not None:
        # Later than the story says when the days for objections end on holidays.
        day = max(today + story.certified * DAY, queries.objections_end(round_))
        with clock.pretending(day):
            rounds.certify(round_, by=office.second)


def summary_of(sample: Sample, base_url: str) -> dict[str, Any]:
    """The sample in the words of the contract."""
    buildings = db.session.scalars(select(Building).order_by(Building.id)).all()
    return {
        "staff": [
            {"username": a.username, "password": a.password, "role": a.role, "otp_secret": None}
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
