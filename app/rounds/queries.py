"""Reading a round: its tally from the counters, a recount from the votes, a household's votes."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from app.accounts.models import HouseholdCode
from app.core import clock
from app.core.db import db
from app.projects.queries import current_version
from app.roster.models import Building, Entrance, Household, Premises
from app.rounds.counting import Choice, Tally
from app.rounds.lifecycle import Facts
from app.rounds.models import Channel, Counter, Matter, RegisterEntry, Round, Vote, VoteChoice

# (matter id, building id, choice) → households: the shape of the counters.
Counts = dict[tuple[int, int, Choice], int]


@dataclass(frozen=True)
class MatterTally:
    """How one matter stands in a round or in one building of it."""

    matter_id: int
    title: str
    subject: str
    track: str
    tally: Tally


@dataclass(frozen=True)
class BuildingTally:
    """One building of the register: its households and every matter there."""

    building_id: int
    name: str
    total: int
    matters: tuple[MatterTally, ...]

    @property
    def voted(self) -> int:
        """Households of the building that expressed anything."""
        return self.matters[0].tally.voted if self.matters else 0

    @property
    def missing(self) -> int:
        """How many more agreeing households the matter furthest from its threshold lacks."""
        return max((m.tally.missing for m in self.matters), default=0)


@dataclass(frozen=True)
class RoundTally:
    """Every number of a round at one revision, all from the frozen register and its votes."""

    round_id: int
    revision: int
    total: int
    matters: tuple[MatterTally, ...]
    buildings: tuple[BuildingTally, ...]
    channels: dict[Channel, int]

    @property
    def voted(self) -> int:
        """Households that expressed anything."""
        return self.matters[0].tally.voted if self.matters else 0

    @property
    def passed(self) -> bool:
        """Whether every matter reached its threshold by itself (RULES.md §2)."""
        return bool(self.matters) and all(m.tally.passed for m in self.matters)

    @property
    def is_reachable(self) -> bool:
        """Whether every matter could still reach its threshold."""
        return all(m.tally.is_reachable for m in self.matters)


@dataclass(frozen=True)
class Door:
    """One household as the published register shows it: address and area in 0.01 m², no names."""

    label: str
    size: int


@dataclass(frozen=True)
class Remark:
    """What a household wrote with its vote, as the office reads it: from which building, when."""

    building: str
    written_at: datetime
    words: str


def results(round_: Round) -> RoundTally:
    """The tally of a round from its counters."""
    rows = db.session.execute(
        select(Counter.matter_id, Counter.building_id, Counter.choice, Counter.households)
        .join(Matter, Matter.id == Counter.matter_id)
        .where(Matter.round_id == round_.id)
    )
    return _tally(round_, {(r.matter_id, r.building_id, r.choice): r.households for r in rows})


def recount(round_: Round) -> RoundTally:
    """The same tally from the votes themselves: the highest number of each household counts."""
    latest = (
        select(Vote.entry_id, func.max(Vote.number).label("number"))
        .where(Vote.round_id == round_.id)
        .group_by(Vote.entry_id)
        .subquery()
    )
    rows = db.session.execute(
        select(VoteChoice.matter_id, RegisterEntry.building_id, VoteChoice.choice, func.count())
        .join(Vote, Vote.id == VoteChoice.vote_id)
        .join(latest, (latest.c.entry_id == Vote.entry_id) & (latest.c.number == Vote.number))
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .group_by(VoteChoice.matter_id, RegisterEntry.building_id, VoteChoice.choice)
    )
    return _tally(round_, {(r[0], r[1], r[2]): r[3] for r in rows})


def _tally(round_: Round, counts: Counts) -> RoundTally:
    matters = round_.matters
    buildings = [
        BuildingTally(
            building_id,
            name,
            total,
            tuple(_matter_tally(m, total, counts, [building_id]) for m in matters),
        )
        for building_id, name, total in _register_by_building(round_.id)
    ]
    ids = [b.building_id for b in buildings]
    total = sum(b.total for b in buildings)
    return RoundTally(
        round_.id,
        round_.revision,
        total,
        tuple(_matter_tally(m, total, counts, ids) for m in matters),
        tuple(buildings),
        _channels(round_.id),
    )


def _matter_tally(
    matter: Matter, total: int, counts: Counts, building_ids: list[int]
) -> MatterTally:
    of = {c: sum(counts.get((matter.id, b, c), 0) for b in building_ids) for c in Choice}
    tally = Tally(
        total, of[Choice.AGREE], of[Choice.DISAGREE], of[Choice.ABSTAIN], matter.threshold
    )
    return MatterTally(matter.id, matter.title, str(matter.subject), str(matter.track), tally)


def _register_by_building(round_id: int) -> list[tuple[int, str, int]]:
    rows = db.session.execute(
        select(Building.id, Building.name, func.count())
        .join(RegisterEntry, RegisterEntry.building_id == Building.id)
        .where(RegisterEntry.round_id == round_id)
        .group_by(Building.id, Building.name, Building.position)
        .order_by(Building.position)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _channels(round_id: int) -> dict[Channel, int]:
    rows = db.session.execute(
        select(Vote.channel, func.count())
        .where(Vote.round_id == round_id, Vote.is_current)
        .group_by(Vote.channel)
    )
    counted = defaultdict(int, {row[0]: row[1] for row in rows})
    return {channel: counted[channel] for channel in Channel}


def counters_agree(round_: Round) -> bool:
    """Whether the cached counters and current votes equal a recount from the records."""
    stale_current = db.session.scalar(
        select(func.count())
        .select_from(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(Vote.round_id == round_.id, Vote.is_current != (Vote.number == RegisterEntry.votes))
    )
    return results(round_) == recount(round_) and not stale_current


def rounds_of(compound_id: int) -> list[Round]:
    """All rounds of a compound, the newest first."""
    rounds = select(Round).where(Round.compound_id == compound_id).order_by(Round.number.desc())
    return list(db.session.scalars(rounds))


def current_round(compound_id: int) -> Round | None:
    """The newest round that residents may know of: its register is published or it went on."""
    return next((r for r in rounds_of(compound_id) if r.register_published_at or r.opened_at), None)


def entry_of(round_id: int, household_id: int) -> RegisterEntry | None:
    """The household's place in the frozen register."""
    return db.session.scalar(
        select(RegisterEntry).where(
            RegisterEntry.round_id == round_id, RegisterEntry.household_id == household_id
        )
    )


def vote_by_receipt(code: str) -> Vote | None:
    """The vote behind a receipt code, spaces and case ignored."""
    receipt = "".join(code.split()).replace("-", "").upper()
    return db.session.scalar(select(Vote).where(Vote.receipt == receipt))


def vote_by_request(round_id: int, household_id: int, request_id: str) -> Vote | None:
    """The vote that this request of this household made, if it was recorded."""
    return db.session.scalar(
        select(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.request_id == request_id,
            RegisterEntry.household_id == household_id,
        )
    )


def remarks_of(round_id: int) -> list[Remark]:
    """The words written with the votes that count now, the newest first.

    From which building and when, never from whose room or with which choice (RULES.md §5).
    """
    rows = db.session.execute(
        _remarks(round_id)
        .with_only_columns(Building.name, Vote.cast_at, Vote.comment)
        .order_by(Vote.cast_at.desc(), Vote.id.desc())
    )
    return [Remark(*row) for row in rows]


def remark_count(round_id: int) -> int:
    """How many of the votes that count now have words with them."""
    return db.session.scalar(_remarks(round_id).with_only_columns(func.count())) or 0


def _remarks(round_id: int) -> Select[Vote]:
    return (
        select(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .join(Building, Building.id == RegisterEntry.building_id)
        .where(Vote.round_id == round_id, Vote.is_current, Vote.comment != "")
    )


def register_of(round_id: int) -> list[RegisterEntry]:
    """The whole register in the order of doors, each entry loaded with its home."""
    home = joinedload(RegisterEntry.household).joinedload(Household.premises)
    entries = (
        select(RegisterEntry)
        .where(RegisterEntry.round_id == round_id)
        .options(joinedload(RegisterEntry.building), home.joinedload(Premises.entrance))
        .order_by(RegisterEntry.position)
    )
    return list(db.session.scalars(entries))


def homes_without_code(round_id: int) -> int:
    """How many households of the register hold no valid code (a blocker of opening)."""
    from_codes = select(HouseholdCode.household_id).where(HouseholdCode.revoked_at.is_(None))
    return (
        db.session.scalar(
            select(func.count())
            .select_from(RegisterEntry)
            .where(
                RegisterEntry.round_id == round_id, RegisterEntry.household_id.not_in(from_codes)
            )
        )
        or 0
    )


def homes_in_order(compound_id: int) -> list[Household]:
    """Every household of a compound in the order of doors, loaded with its address."""
    door = selectinload(Household.premises).joinedload(Premises.entrance)
    homes = _households(compound_id).options(door.joinedload(Entrance.building))
    order = (Building.position, Entrance.position, Premises.position, Premises.id)
    return list(db.session.scalars(homes.order_by(*order)))


def doors_of(round_: Round) -> dict[str, list[Door]]:
    """The register by building, in the order of doors: frozen, or as the roster is now."""
    if round_.frozen_at:
        entries = (
            select(RegisterEntry)
            .where(RegisterEntry.round_id == round_.id)
            .options(joinedload(RegisterEntry.building))
            .order_by(RegisterEntry.position)
        )
        doors = [(e.building.name, Door(e.label, e.size)) for e in db.session.scalars(entries)]
    else:
        homes = homes_in_order(round_.compound_id)
        doors = [
            (h.premises.entrance.building.name, Door(h.address, h.premises.size)) for h in homes
        ]
    by_building: dict[str, list[Door]] = {}
    for building, door in doors:
        by_building.setdefault(building, []).append(door)
    return by_building


def facts_of(round_: Round) -> Facts:
    """What the pre-flight list is made from."""
    return Facts(
        now=clock.now(),
        plan_published=current_version(round_.compound_id) is not None,
        opens_at=round_.opens_at,
        closes_at=round_.closes_at,
        phone=round_.phone,
        submitted=round_.submitted_at is not None,
        confirmed=round_.confirmed_at is not None,
        register_published=round_.register_published_at is not None,
        frozen=round_.frozen_at is not None,
        households=households_of(round_.compound_id),
        homes_without_code=homes_without_code(round_.id),
        posters_printed=round_.posters_printed_at is not None,
    )


def households_of(compound_id: int) -> int:
    """How many households a compound has on the roster now."""
    return db.session.scalar(_households(compound_id).with_only_columns(func.count())) or 0


def _households(compound_id: int) -> Select[Household]:
    return (
        select(Household)
        .join(Premises, Premises.id == Household.premises_id)
        .join(Entrance, Entrance.id == Premises.entrance_id)
        .join(Building, Building.id == Entrance.building_id)
        .where(Building.compound_id == compound_id)
    )


def objections_end(round_: Round) -> datetime:
    """When the days for objections are over, counted from the preliminary result."""
    begun = round_.preliminary_at or clock.now()
    return begun + timedelta(days=round_.objection_days)
