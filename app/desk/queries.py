"""Reading the whole district for the desk: one line per compound, in a fixed number of statements.

Every statement asks for all compounds at once, so that a district costs no more than one of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext
from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from app.core.db import db
from app.core.guards import Identity
from app.projects.models import PlanVersion, Project
from app.roster.models import Area, Building, Compound, Entrance, Household, Premises
from app.rounds.counting import Choice, Tally
from app.rounds.lifecycle import standing_of
from app.rounds.matters import MAIN
from app.rounds.models import Counter, Matter, RegisterEntry, Round, State, Voice
from app.rounds.pending import CaseCounts, counts_of
from app.rounds.queries import objections_end
from app.rounds.tallies import MatterTally

Ids = Select[int]


@dataclass(frozen=True)
class PlanLine:
    """How far a compound's plan is: highest published version, and the one being worked on."""

    published: int | None = None
    draft: int | None = None
    draft_id: int | None = None
    submitted_by_id: int | None = None
    is_waiting: bool = False


@dataclass(frozen=True)
class RoundLine:
    """The newest round of a compound with its tally; `total` is 0 until the register is frozen."""

    id: int
    title: str
    state: State
    closes_at: datetime
    is_confirmed: bool
    submitted_by_id: int | None
    total: int
    matters: tuple[MatterTally, ...]
    # The plan version it asks about, when the days for objections end, what waits in it, and the
    # households whose word waits to be confirmed after the plan changed.
    version: int = 0
    objections_end: datetime | None = None
    cases: CaseCounts = field(default_factory=CaseCounts)
    to_confirm: int = 0

    @property
    def standing(self) -> str:
        """Its state in words."""
        return gettext(standing_of(self.state, is_confirmed=self.is_confirmed))

    @property
    def missing(self) -> int:
        """Agreeing households that the matter furthest from its threshold lacks."""
        return max((m.tally.missing for m in self.matters), default=0)

    @property
    def passed(self) -> bool:
        """Whether every matter reached its threshold."""
        return bool(self.matters) and all(m.tally.passed for m in self.matters)

    @property
    def is_out_of_reach(self) -> bool:
        """Whether it is open, and silent households alone cannot carry some matter any more."""
        return self.state == State.OPEN and not all(m.tally.is_reachable for m in self.matters)

    @property
    def is_counting(self) -> bool:
        """Whether there is a register and votes may have been cast."""
        return self.state not in (State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN)


@dataclass(frozen=True)
class CompoundLine:
    """Everything the district list says of one compound; `size` in 0.01 m²."""

    id: int
    name: str
    town: str
    community: str
    buildings: int
    households: int
    size: int
    plan: PlanLine
    round: RoundLine | None
    # The last certified round, when a newer one has begun since.
    last_result: RoundLine | None = None
    # What its project may cost, in fen.
    budget: int = 0

    @property
    def is_open(self) -> bool:
        """Whether a round is open there now."""
        return self.round is not None and self.round.state == State.OPEN


def within(by: Identity) -> Ids:
    """The compounds within a person's scope."""
    reached = Area.path.startswith(by.area_path)
    return select(Compound.id).join(Area, Area.id == Compound.area_id).where(reached)


def has_compounds(by: Identity) -> bool:
    """Whether there is anything at all within a person's scope."""
    return bool(db.session.scalar(within(by).limit(1)))


def compound_line(compound_id: int) -> CompoundLine:
    """The same line for one compound that exists."""
    return lines_of(select(Compound.id).where(Compound.id == compound_id))[0]


@dataclass(frozen=True)
class BuildingLine:
    """One building of a compound as the roster has it; `size` in 0.01 m²."""

    id: int
    name: str
    token: str
    floors: int | None
    entrances: int
    households: int
    size: int


def buildings_of(compound_id: int) -> list[BuildingLine]:
    """The buildings of a compound in their order, with what stands in them."""
    rows = db.session.execute(
        select(
            Building.id,
            Building.name,
            Building.token,
            Building.floors,
            func.count(Entrance.id.distinct()),
            func.count(Household.id),
            func.coalesce(func.sum(Premises.size), 0),
        )
        .outerjoin(Entrance, Entrance.building_id == Building.id)
        .outerjoin(Premises, Premises.entrance_id == Entrance.id)
        .outerjoin(Household, Household.premises_id == Premises.id)
        .where(Building.compound_id == compound_id)
        .group_by(Building.id)
        .order_by(Building.position)
    )
    return [BuildingLine(*row[:-1], size=int(row[-1])) for row in rows]


def lines_of(within: Ids) -> list[CompoundLine]:
    """The lines of these compounds, in no order."""
    community, town = aliased(Area), aliased(Area)
    rows = db.session.execute(
        select(Compound.id, Compound.name, town.name, community.name, Project.budget)
        .join(community, community.id == Compound.area_id)
        .outerjoin(town, town.id == community.parent_id)
        .outerjoin(Project, Project.compound_id == Compound.id)
        .where(Compound.id.in_(within))
    ).all()
    stock, plans, rounds = _stock(within), plans_of(within), _rounds(within)
    return [
        CompoundLine(
            id_,
            name,
            town_name or "",
            community_name,
            *stock.get(id_, (0, 0, 0)),
            plans.get(id_, PlanLine()),
            *_two(rounds.get(id_, [])),
            budget=budget or 0,
        )
        for id_, name, town_name, community_name, budget in rows
    ]


def _two(lines: list[RoundLine]) -> tuple[RoundLine | None, RoundLine | None]:
    """The newest round, and the last certified one if it is another."""
    first, second, *_others = *lines, None, None
    return first, second


def _stock(within: Ids) -> dict[int, tuple[int, int, int]]:
    """Buildings, households and area of each compound."""
    rows = db.session.execute(
        select(
            Building.compound_id,
            func.count(Building.id.distinct()),
            func.count(Household.id),
            func.coalesce(func.sum(Premises.size), 0),
        )
        .outerjoin(Entrance, Entrance.building_id == Building.id)
        .outerjoin(Premises, Premises.entrance_id == Entrance.id)
        .outerjoin(Household, Household.premises_id == Premises.id)
        .where(Building.compound_id.in_(within))
        .group_by(Building.compound_id)
    )
    # PostgreSQL sums big integers as decimals.
    return {row[0]: (row[1], row[2], int(row[3])) for row in rows}


def plans_of(within: Ids) -> dict[int, PlanLine]:
    """Compound id → how far its plan is."""
    rows = db.session.execute(
        select(
            Project.compound_id,
            PlanVersion.id,
            PlanVersion.number,
            PlanVersion.submitted_at,
            PlanVersion.submitted_by_id,
            PlanVersion.published_at,
        )
        .join(Project, Project.id == PlanVersion.project_id)
        .where(Project.compound_id.in_(within))
        .order_by(PlanVersion.number)
    )
    plans: dict[int, PlanLine] = {}
    for compound_id, id_, number, submitted_at, submitted_by_id, published_at in rows:
        if published_at:
            plans[compound_id] = PlanLine(published=number)
        else:
            before = plans.get(compound_id, PlanLine()).published
            plans[compound_id] = PlanLine(
                before, number, id_, submitted_by_id, submitted_at is not None
            )
    return plans


def _rounds(within: Ids) -> dict[int, list[RoundLine]]:
    """The newest round of each compound, withdrawn ones aside, then the last certified if other."""
    newest = (
        select(func.max(Round.id))
        .where(Round.compound_id.in_(within), Round.withdrawn_at.is_(None))
        .group_by(Round.compound_id)
    )
    certified = newest.where(Round.certified_at.is_not(None))
    shown = select(Round.id).where(or_(Round.id.in_(newest), Round.id.in_(certified)))
    found: dict[int, list[RoundLine]] = defaultdict(list)
    for compound_id, line in round_lines(shown):
        found[compound_id].append(line)
    return found


def round_lines(shown: Ids) -> list[tuple[int, RoundLine]]:
    """Compound id and line of each of these rounds, the newest first."""
    with_plan = select(Round).where(Round.id.in_(shown)).options(joinedload(Round.plan_version))
    rounds = db.session.scalars(with_plan.order_by(Round.id.desc())).all()
    sizes, matters, cases = _register_sizes(shown), _tallies(shown), counts_of(shown)
    lines = (
        RoundLine(
            round_.id,
            str(round_.shown_title),
            round_.state,
            round_.closes_at,
            round_.confirmed_at is not None,
            round_.submitted_by_id,
            sizes[round_.id][0],
            _standing(matters[round_.id], sizes[round_.id][0]),
            round_.plan_version.number if round_.plan_version else 0,
            objections_end(round_) if round_.preliminary_at else None,
            cases.get(round_.id, CaseCounts()),
            sizes[round_.id][1],
        )
        for round_ in rounds
    )
    return [(round_.compound_id, line) for round_, line in zip(rounds, lines, strict=True)]


def _register_sizes(rounds: Ids) -> dict[int, tuple[int, int]]:
    """Round id → its households, and those whose word waits to be confirmed."""
    waits = case((RegisterEntry.voice == Voice.TO_CONFIRM, 1), else_=0)
    rows = db.session.execute(
        select(RegisterEntry.round_id, func.count(), func.sum(waits))
        .where(
            RegisterEntry.round_id.in_(rounds),
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
        )
        .group_by(RegisterEntry.round_id)
    )
    return defaultdict(lambda: (0, 0), {row[0]: (row[1], int(row[2])) for row in rows})


def _tallies(rounds: Ids) -> dict[int, dict[Matter, dict[Choice, int]]]:
    """Round id → matter → households by choice, matters in their order."""
    rows = db.session.execute(
        select(Matter, Counter.choice, func.sum(Counter.households))
        .outerjoin(Counter, Counter.matter_id == Matter.id)
        .where(Matter.round_id.in_(rounds), Matter.subject.in_(MAIN))
        .group_by(Matter.id, Counter.choice)
        .order_by(Matter.position)
    )
    found: dict[int, dict[Matter, dict[Choice, int]]] = defaultdict(lambda: defaultdict(dict))
    for matter, choice, households in rows:
        of = found[matter.round_id][matter]
        if choice is not None:
            of[Choice(choice)] = int(households)
    return found


def _standing(matters: dict[Matter, dict[Choice, int]], total: int) -> tuple[MatterTally, ...]:
    return tuple(_matter_tally(matter, of, total) for matter, of in matters.items())


def _matter_tally(matter: Matter, of: dict[Choice, int], total: int) -> MatterTally:
    order = (Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN)
    agree, disagree, abstain = (of.get(choice, 0) for choice in order)
    tallies = (Tally(total, agree, disagree, abstain, matter.counting_rule),)
    subject, track = str(matter.subject), str(matter.track)
    return MatterTally(matter.id, matter.title, subject, track, matter.preset, tallies)
