"""The consultations of the sample: how each is prepared, voted on and talked about."""

import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.actions import home_ref, issue_codes, prepare_codes
from app.comments.actions import agree_with, reply, write_comment
from app.comments.models import Nature
from app.comments.wording import state_of
from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.demo import cases
from app.demo.content import CompoundPlan
from app.projects.models import Section
from app.roster.models import Compound, Household
from app.rounds import actions as rounds
from app.rounds import casting, queries
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms, add_matter
from app.rounds.models import Channel, Matter, RegisterEntry, Round, Scope, Subject
from app.rounds.profile import Case

DAY = timedelta(days=1)
# The last vote comes some hours before the end, so that there is time left for what befalls it.
_LAST_HOURS = timedelta(hours=6)
# Nobody asks for less than three days.
_HANGS_OUT = timedelta(days=4)


@dataclass(frozen=True)
class Account:
    """A login of the sample, its password and second factor told once."""

    username: str
    password: str
    role: str
    otp_secret: str


@dataclass
class Sample:
    """What was made, for the person who tries it."""

    accounts: list[Account] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Office:
    """Those who do things in the sample: whoever prepares, and a second person."""

    first: Identity
    second: Identity


@dataclass(frozen=True)
class Story:
    """How far the consultation of one compound has come: days relative to now, and its votes.

    `agree` are the parts per hundred that agree to each question in turn, `silent` those that
    say nothing; the rest disagrees or abstains. `paper` of them hand in a form. `is_mixed` asks
    more than the plan and its management.
    """

    compound: str
    opened: int
    closes: int
    agree: tuple[int, ...]
    silent: int
    paper: int = 0
    is_mixed: bool = False
    published: int | None = None
    certified: int | None = None


STORIES = (
    Story("药材公司家属院", -40, -20, (90, 85), silent=5, paper=4, published=-19, certified=-11),
    Story("裕民小区", -22, -2, (84, 78), silent=10, paper=8),
    Story("利水南苑", -9, 11, (79, 75), silent=14, paper=5),
    Story("银塔南区", -6, 15, (66, 61, 52, 48), silent=25, paper=24, is_mixed=True),
)
# What a mixed round asks beside the plan and its management; the elevator of the first entrance.
_FUND = MatterTerms(
    Subject.USE_FUND,
    "使用维修资金",
    "水泵房改造差的 12 万元，您同意从维修资金里出吗？",
    "owners-ordinary",
)
_ELEVATOR = (
    "1号楼1单元加装电梯",
    "您同意在本单元楼后加装一部电梯吗？费用由本单元业主另签协议分担。",
)
_WISHES = MatterTerms(
    Subject.MENU,
    "还想先改哪几样",
    "钱有富余的话，您家想先添哪几样？可以选几样，也可以不选。",
    "menu",
    options=("晾衣架", "长椅和凉亭", "健身器材", "快递柜", "汽车充电桩", "小菜园围栏"),
)


def prepare_round(
    compound: Compound,
    opens_at: datetime,
    closes_at: datetime,
    office: Office,
    more: Sequence[MatterTerms] = (),
) -> Round:
    """Take a round of a compound as far as its frozen register; `more` questions than two.

    The register hangs out for some days before it is locked.
    """
    terms = rounds.RoundTerms("第1轮征询", opens_at, closes_at, compound.phone)
    with clock.pretending(clock.now() - _HANGS_OUT):
        round_ = rounds.draft_round(compound, terms, by=office.first)
        for matter in more:
            add_matter(round_, matter, by=office.first)
        rounds.submit_round(round_, by=office.first)
        rounds.confirm_profile(round_, by=office.second)
        rounds.publish_register(round_, by=office.first)
    rounds.freeze_register(round_, by=office.first)
    return round_


def issue_sample_codes(homes: Sequence[Household], sample: Sample, code_key: str) -> None:
    """Give each household a code and remember it in the sample."""
    refs = [home_ref(home) for home in homes]
    prepared = prepare_codes(refs, code_key, lambda done, total: None, taken=set())
    issue_codes(prepared, by=None)
    sample.codes.update({one.home.household_id: one.digits for one in prepared})


def tell(story: Story, plan: CompoundPlan, office: Office, sample: Sample, code_key: str) -> None:
    """Let one consultation happen, as far as the story goes."""
    today = clock.now().replace(minute=0, second=0, microsecond=0)
    compound = db.session.scalars(select(Compound).where(Compound.name == story.compound)).one()
    # Nine in the morning and six in the evening of Shanghai, in UTC.
    opened = (today + story.opened * DAY).replace(hour=1)
    closes = (today + story.closes * DAY).replace(hour=10)
    more = _more_questions(compound) if story.is_mixed else ()
    with clock.pretending(opened - DAY):
        round_ = prepare_round(compound, opened, closes, office, more)
        issue_sample_codes(queries.homes_in_order(compound.id), sample, code_key)
        rounds.note_posters_printed(compound, by=office.first)
    with clock.pretending(opened):
        rounds.open_round(round_, by=office.first)
    _vote(round_, story, min(closes, today) - _LAST_HOURS, office)
    _discuss(compound, plan, today, office, opened)
    _go_on(round_, story, today, office)
    sample.rounds.append(round_)


def _more_questions(compound: Compound) -> tuple[MatterTerms, ...]:
    entrance, (title, question) = compound.buildings[0].entrances[0], _ELEVATOR
    elevator = MatterTerms(
        Subject.ELEVATOR, title, question, "elevator-entrance", Scope.ENTRANCES, (entrance.id,)
    )
    return (_FUND, elevator, _WISHES)


def _vote(round_: Round, story: Story, end: datetime, office: Office) -> None:
    """Each household that is not silent votes once, at some moment of the round."""
    chance = random.Random(round_.number + story.closes)
    begin = round_.opened_at or round_.opens_at
    entries = queries.register_of(round_.id)
    voters = chance.sample(entries, len(entries) - len(entries) * story.silent // 100)
    moments = sorted(begin + (end - begin) * chance.random() for _ in voters)
    on_paper = _on_paper(voters, story.paper)
    for place, (entry, moment) in enumerate(zip(voters, moments, strict=True)):
        via = Channel.PAPER if entry.id in on_paper else Channel.PHONE
        asked = casting.matters_asked(round_, entry)
        choices = _choices(asked, place, story, len(entries), len(voters))
        wishes = _wishes(asked, chance)
        ballot = Ballot(choices, secrets.token_hex(12), 0, 1, wishes=wishes)
        keyed_by = office.first.id if via == Channel.PAPER else None
        with clock.pretending(moment):
            cast(round_, entry.household_id or 0, ballot, via=via, keyed_by_id=keyed_by)


def _on_paper(voters: Sequence[RegisterEntry], forms: int) -> set[int]:
    """Those who hand in a form: tenants of public housing first, whose landlord must sign."""
    order = sorted(voters, key=lambda entry: entry.case != Case.PUBLIC)
    return {entry.id for entry in order[:forms]}


def _choices(
    asked: Sequence[Matter], place: int, story: Story, homes: int, voters: int
) -> dict[int, Choice]:
    """Scattered over the voters, so many agree to each question as the story says."""
    others = (Choice.DISAGREE, Choice.ABSTAIN)
    scattered = (place * 7919) % voters
    return {
        matter.id: Choice.AGREE
        if scattered < homes * story.agree[matter.position - 1] // 100
        else others[place % 3 == 0]
        for matter in asked
        if matter.is_decision
    }


def _wishes(asked: Sequence[Matter], chance: random.Random) -> frozenset[int]:
    """A few items of the menu, the first ones more often."""
    options = [option for matter in asked for option in matter.options]
    return frozenset(
        option.id for option in options if chance.random() < 0.75 - 0.11 * option.position
    )


def _discuss(
    compound: Compound, plan: CompoundPlan, today: datetime, office: Office, opened: datetime
) -> None:
    homes = queries.homes_in_order(compound.id)
    for comment in plan.comments:
        written = min(opened + comment["day"] * DAY, today - timedelta(hours=6))
        home = _first_home(homes, comment["building"], comment["entrance"])
        nature = Nature(comment.get("nature", "question"))
        about = (Section(comment["section"]), comment["text"], nature)
        others = [one for one in homes if one.id != home.id]
        with clock.pretending(written):
            made = write_comment(home.id, compound, *about)
            for neighbour in others[: comment.get("agreed", 0)]:
                agree_with(neighbour.id, made, state_of(made))
        if "reply" in comment:
            with clock.pretending(min(written + timedelta(hours=30), today)):
                answer = comment["reply"]
                reply(made, plan.community, answer, by=office.first, seen=state_of(made))


def _first_home(homes: Sequence[Household], building: str, entrance: str) -> Household:
    """The first home of an entrance, by the names on the doors."""
    doors = ((home, home.premises.entrance) for home in homes)
    return next(h for h, e in doors if (e.building.name, e.name) == (building, entrance))


def _go_on(round_: Round, story: Story, today: datetime, office: Office) -> None:
    """What befalls the round besides votes, until it is as far as the story goes."""
    if story.closes > 0:
        if not story.is_mixed:
            cases.ask_for_more_time(round_, today - timedelta(hours=3), by=office.first)
        return
    if story.published is None:
        cases.hand_in_another_form(round_, round_.closes_at - timedelta(hours=3), by=office.first)
    with clock.pretending(round_.closes_at):
        rounds.close_due_rounds()
    if story.published is None:
        cases.object_after_the_close(round_, first=office.first, second=office.second)
    else:
        _certify(round_, story, today, office)


def _certify(round_: Round, story: Story, today: datetime, office: Office) -> None:
    cases.compare_forms(round_, round_.closes_at + timedelta(hours=15), by=office.second)
    # Ten in the morning of Shanghai: an hour after the last form was compared.
    with clock.pretending((today + (story.published or 0) * DAY).replace(hour=2)):
        rounds.publish_result(round_, by=office.first)
    cases.object_to_the_result(round_, first=office.first, second=office.second)
    # Later than the story says when the days for objections end on holidays.
    day = max(today + (story.certified or 0) * DAY, queries.objections_end(round_))
    with clock.pretending(day):
        rounds.certify(round_, by=office.second)
