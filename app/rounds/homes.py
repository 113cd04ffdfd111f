"""What one household, or a passer-by, may see of the rounds of a compound (RULES.md §5).

Participation only while a round is open; a household's own votes always; nobody else's ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.core.db import db
from app.projects.models import PlanVersion, Project
from app.roster.models import Building, Compound, Entrance, Household, Owner, Premises, Tenure
from app.rounds.models import RegisterEntry, Round, Voice, Vote, VoteChoice
from app.rounds.queries import homes_in_order, register_of, rounds_of

# Fewer households than this are never told apart (RULES.md §5).
SMALLEST_GROUP = 5


@dataclass(frozen=True)
class Participation:
    """How many of `total` households expressed anything; what they said is not in here."""

    voted: int
    total: int


@dataclass(frozen=True)
class Turnout:
    """Participation in a compound, and in one building where it may be told."""

    compound: Participation
    building: Participation | None


@dataclass(frozen=True)
class Ballots:
    """One round as a household sees it: its place in the register and what it has said so far."""

    round: Round
    entry: RegisterEntry | None
    votes: tuple[Vote, ...]

    @property
    def current(self) -> Vote | None:
        """The vote that counts now."""
        return next((vote for vote in self.votes if vote.is_current), None)

    @property
    def may_vote(self) -> bool:
        """Whether a vote of this household would count now."""
        return self.round.is_open and self.entry is not None


def turnout(round_id: int, building_id: int) -> Turnout:
    """How far the round is, in the compound and in this building; never a choice."""
    rows = db.session.execute(
        select(
            RegisterEntry.building_id,
            func.sum(case((RegisterEntry.voice == Voice.COUNTED, 1), else_=0)),
            func.count(),
        )
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
        )
        .group_by(RegisterEntry.building_id)
    )
    parts = {row[0]: Participation(int(row[1]), row[2]) for row in rows}
    whole = Participation(
        sum(part.voted for part in parts.values()), sum(part.total for part in parts.values())
    )
    told = told_apart({building: part.total for building, part in parts.items()})
    return Turnout(whole, parts[building_id] if building_id in told else None)


def office_phone(place: ColumnElement[bool]) -> str:
    """Whom residents call about the compound at `place`, a condition on buildings.

    As its round says, or else the compound, or else its published plan; '' when none does.
    """
    of_round = (
        select(Round.phone)
        .where(Round.compound_id == Compound.id, _is_known())
        .order_by(Round.number.desc())
        .limit(1)
    )
    # Not the project's own: nobody alone changes whom residents call, once a plan is published.
    of_plan = (
        select(PlanVersion.facts["phone"].as_string())
        .join(Project, Project.id == PlanVersion.project_id)
        .where(Project.compound_id == Compound.id, PlanVersion.published_at.is_not(None))
        .order_by(PlanVersion.number.desc())
        .limit(1)
    )
    phones = (of_round.scalar_subquery(), Compound.phone, of_plan.scalar_subquery())
    found = db.session.execute(
        select(*phones).join(Building, Building.compound_id == Compound.id).where(place).limit(1)
    ).one_or_none()
    return next((phone for phone in found or () if phone), "")


def told_apart(households: dict[int, int]) -> set[int]:
    """Buildings whose number may be shown, given the households of each.

    Small ones are hidden; when the hidden ones together are still few, the next smallest is
    hidden too, so that subtracting from the total recovers nothing.
    """
    by_size = sorted(households, key=lambda building: (households[building], building))
    hidden = [b for b in by_size if households[b] < SMALLEST_GROUP]
    shown = by_size[len(hidden) :]
    while shown and 0 < sum(households[b] for b in hidden) < SMALLEST_GROUP:
        hidden.append(shown.pop(0))
    return set(shown)


def household_with_door(household_id: int) -> Household:
    """A household with its address, compound and owners, in as few questions as possible."""
    premises = joinedload(Household.premises)
    building = premises.joinedload(Premises.entrance).joinedload(Entrance.building)
    return db.session.execute(
        select(Household)
        .where(Household.id == household_id)
        .options(
            building.joinedload(Building.compound).joinedload(Compound.area),
            premises.selectinload(Premises.tenures).joinedload(Tenure.owner),
        )
    ).scalar_one()


def owners_of(household: Household) -> list[Owner]:
    """Who owns the dwelling now."""
    return [tenure.owner for tenure in household.premises.tenures if tenure.until is None]


def round_for(round_id: int, building_id: int) -> Round | None:
    """A round of the compound of this building, once residents may know of it."""
    return db.session.scalar(
        select(Round)
        .join(Building, Building.compound_id == Round.compound_id)
        .where(
            Round.id == round_id,
            Building.id == building_id,
            _is_known(),
        )
    )


def _is_known() -> ColumnElement[bool]:
    """Whether residents may know of a round."""
    return or_(Round.register_published_at.is_not(None), Round.opened_at.is_not(None))


def rooms_on_register(round_: Round, building_id: int) -> dict[str, list[str]]:
    """The doors of one building by entrance, in order: as frozen, or as the roster is now.

    Rooms and nothing else: neither names nor areas are for passers-by (RULES.md §5).
    """
    if round_.frozen_at:
        entries = [e for e in register_of(round_.id) if e.building_id == building_id]
        doors = [(entry.premises.entrance, entry.label) for entry in entries]
    else:
        everywhere = [(h.premises.entrance, h.address) for h in homes_in_order(round_.compound_id)]
        doors = [door for door in everywhere if door[0].building_id == building_id]
    rooms: dict[str, list[str]] = {}
    for entrance, label in doors:
        room = label.removeprefix(f"{entrance.building.name}{entrance.name}")
        rooms.setdefault(entrance.name, []).append(room)
    return rooms


def lives_in(building_id: int, compound_id: int) -> bool:
    """Whether a building (a signed-in household's) stands in this compound."""
    compound = select(Building.compound_id).where(Building.id == building_id)
    return db.session.scalar(compound) == compound_id


def ballots_of(household_id: int, compound_id: int) -> list[Ballots]:
    """Every round of the compound that residents may know of, the newest first."""
    rounds = [r for r in rounds_of(compound_id) if r.register_published_at or r.opened_at]
    entries = _entries(household_id, [r.id for r in rounds])
    votes = votes_with_choices([entry.id for entry in entries.values()])
    return [
        Ballots(
            round_,
            entry := entries.get(round_.id),
            tuple(v for v in votes if entry and v.entry_id == entry.id),
        )
        for round_ in rounds
    ]


def votes_with_choices(entry_ids: Sequence[int]) -> list[Vote]:
    """The votes of these register entries with what they say, the newest first."""
    chosen = selectinload(Vote.choices).joinedload(VoteChoice.matter)
    votes = select(Vote).where(Vote.entry_id.in_(entry_ids)).order_by(Vote.number.desc())
    return list(db.session.scalars(votes.options(chosen)))


def last_words(entry: RegisterEntry) -> str:
    """What the household wrote with the vote that counts now."""
    current = (Vote.entry_id == entry.id, Vote.is_current)
    return db.session.scalar(select(Vote.comment).where(*current)) or ""


def replaced_at(vote: Vote) -> datetime | None:
    """When a later vote of the same household took this one's place."""
    following = (Vote.entry_id == vote.entry_id, Vote.number == vote.number + 1)
    return db.session.scalar(select(Vote.cast_at).where(*following))


def _entries(household_id: int, round_ids: Sequence[int]) -> dict[int, RegisterEntry]:
    entries = select(RegisterEntry).where(
        RegisterEntry.household_id == household_id, RegisterEntry.round_id.in_(round_ids)
    )
    return {entry.round_id: entry for entry in db.session.scalars(entries)}
