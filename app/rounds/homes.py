"""What one household, or a passer-by, may see of the rounds of a compound (RULES.md §5).

Participation only while a round is open; a household's own votes always; nobody else's ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from app.core import clock
from app.core.db import db
from app.core.errors import Refused
from app.projects.by_building import words_for
from app.projects.models import PlanVersion, Project
from app.roster.models import Building, Compound, Entrance, Household, Owner, Premises, Tenure
from app.rounds import casting
from app.rounds.counting import Track
from app.rounds.fates import Fate, fates_of, waits
from app.rounds.lifecycle import State, Verb, is_allowed
from app.rounds.models import Matter, RegisterEntry, Round, Voice, Vote, VoteChoice
from app.rounds.new_phones import waits_until
from app.rounds.profile import Case, case_of, counts_as_household
from app.rounds.queries import objections_end, register_changes, rounds_of
from app.rounds.tallies import RoundTally, results
from app.rounds.wording import as_household, case_name

# Fewer households than this are never told apart (RULES.md §5).
SMALLEST_GROUP = 5
# Whoever lives in these does not own them.
_NOT_OWNERS = (Case.PUBLIC, Case.OCCUPIED_UNDELIVERED)


@dataclass(frozen=True)
class Participation:
    """How many of `total` households count as having expressed anything; never what they said.

    `to_confirm` more have spoken on a plan that has changed since.
    """

    voted: int
    total: int
    to_confirm: int = 0


@dataclass(frozen=True)
class Turnout:
    """Participation in a compound, and in one building where it may be told."""

    compound: Participation
    building: Participation | None


@dataclass(frozen=True)
class Ballots:
    """One round as a household sees it: its place in the register and what it has said so far.

    `barrier` is what stands against another word of it while the round is open; `since` is when
    the present owners came, if others had the dwelling before them. `too_soon` says that this very
    browser came by a phone so new that it cannot confirm yet what waits.
    """

    round: Round
    entry: RegisterEntry | None
    votes: tuple[Vote, ...]
    fates: Mapping[int, Fate] = field(default_factory=dict)
    barrier: Refused | None = None
    since: datetime | None = None
    too_soon: bool = False

    @property
    def is_absent(self) -> bool:
        """Whether the household is not, or no longer, on the register of the round."""
        return self.entry is None or self.entry.removed_at is not None

    @property
    def current(self) -> Vote | None:
        """The vote that counts now, or would if nothing stood against it."""
        return next((vote for vote in self.votes if vote.is_current), None)

    @property
    def held(self) -> Vote | None:
        """The vote that is compared with the current one before it may count."""
        return next((vote for vote in self.votes if vote.is_held), None)

    @property
    def struck_out(self) -> Vote | None:
        """The vote that was declared void, while nothing has been said since."""
        newest = self.votes[0] if self.votes else None
        return newest if newest and newest.is_void else None

    @property
    def waiting(self) -> Vote | None:
        """The newest vote while it waits to be confirmed, having come by a new phone."""
        newest = self.votes[0] if self.votes else None
        return newest if newest and self.entry and waits(self.entry, newest) else None

    @property
    def own(self) -> Vote | None:
        """The last word, unless the former owner's: that one's words are his own."""
        last = self.waiting or self.current
        return None if self.is_sellers(last) else last

    @property
    def word(self) -> str:
        """Where it stands, as one of the words of `Voice`, or `held`, `struck` or `waits`."""
        if self.held:
            return "held"
        if self.waiting:
            return "waits"
        if self.struck_out and self.current is None:
            return "struck"
        return self.entry.voice.value if self.entry else Voice.SILENT.value

    @property
    def may_vote(self) -> bool:
        """Whether a vote of this household would count now."""
        return self.round.is_open and not self.is_absent and self.barrier is None

    @property
    def may_reaffirm(self) -> bool:
        """Whether one tap can confirm what it said before the plan changed, or by a new phone."""
        is_waiting = self.may_vote and self.word in (Voice.TO_CONFIRM.value, "waits")
        return is_waiting and self.own is not None and not self.too_soon

    def is_sellers(self, vote: Vote | None) -> bool:
        """Whether a vote, of this round or an earlier one, is from before the present owners."""
        moved = [self.since, self.entry.transferred_at if self.entry else None]
        return vote is not None and any(at is not None and vote.cast_at < at for at in moved)


@dataclass(frozen=True)
class Reading:
    """The plan version that residents are told of; `newer` is published, but nobody votes on it."""

    version: PlanVersion | None
    newer: PlanVersion | None = None

    def said_of(self, building: Building) -> str:
        """What the plan says of one building alone; '' when nothing."""
        return words_for(self.version.by_building, building.name) if self.version else ""


@dataclass(frozen=True)
class Listed:
    """What the register says of a home: its area in 0.01 m², what it is, how it counts."""

    size: int
    kind: str
    counting: str


@dataclass(frozen=True)
class Result:
    """A published result, and how the register changed after it was frozen."""

    tally: RoundTally
    added: int
    removed: int


def turnout(round_id: int, building_id: int) -> Turnout:
    """How far the round is, in the compound and in this building; never a choice."""
    rows = db.session.execute(
        select(
            RegisterEntry.building_id,
            func.sum(case((RegisterEntry.voice == Voice.COUNTED, 1), else_=0)),
            func.count(),
            func.sum(case((RegisterEntry.voice == Voice.TO_CONFIRM, 1), else_=0)),
        )
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
        )
        .group_by(RegisterEntry.building_id)
    )
    parts = {row[0]: Participation(int(row[1]), row[2], int(row[3])) for row in rows}
    whole = Participation(
        sum(part.voted for part in parts.values()),
        sum(part.total for part in parts.values()),
        sum(part.to_confirm for part in parts.values()),
    )
    told = told_apart({building: part.total for building, part in parts.items()})
    return Turnout(whole, parts[building_id] if building_id in told else None)


def reading_of(round_: Round | None, newest: PlanVersion | None) -> Reading:
    """What to tell of the plan: while a round is open, the version that is voted on."""
    if round_ is None or not round_.is_open or round_.plan_version is None:
        return Reading(newest)
    asked = round_.plan_version
    return Reading(asked, newest if newest and newest.number > asked.number else None)


def listed(round_: Round, household: Household, entry: RegisterEntry | None) -> Listed:
    """How a home stands on the register; before the freeze, as the roster would put it there."""
    if entry is None:
        premises = household.premises
        size, case_ = premises.size, case_of(premises.use, premises.ownership, premises.occupancy)
        counts = counts_as_household(case_, round_.switches)
    else:
        size, case_, counts = entry.size, entry.case, entry.is_household
    return Listed(size, case_name(case_), as_household(case_, counts=counts))


def owners_matters_apart(round_: Round, entry: RegisterEntry) -> list[Matter]:
    """What owners decide about this home without asking it: somebody else is its owner."""
    if entry.case not in _NOT_OWNERS:
        return []
    return _owners_matters(round_, entry)


def left_open(vote: Vote) -> list[Matter]:
    """Owners' questions that a vote might have answered and did not: it takes no part in them."""
    entry, said = vote.entry, {choice.matter_id for choice in vote.choices}
    if entry.case in _NOT_OWNERS or not entry.is_property:
        return []
    return [matter for matter in _owners_matters(entry.round, entry) if matter.id not in said]


def _owners_matters(round_: Round, entry: RegisterEntry) -> list[Matter]:
    here = (entry.building_id, entry.entrance_id)
    return [m for m in round_.matters if m.track == Track.OWNERS and m.is_asked_in(*here)]


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


def lives_in(building_id: int, compound_id: int) -> bool:
    """Whether a building (a signed-in household's) stands in this compound."""
    compound = select(Building.compound_id).where(Building.id == building_id)
    return db.session.scalar(compound) == compound_id


def ballots_of(household_id: int, compound_id: int, session_id: int | None = None) -> list[Ballots]:
    """Every round of the compound that residents may know of, the newest first."""
    rounds = [r for r in rounds_of(compound_id) if r.register_published_at or r.opened_at]
    entries = _entries(household_id, [r.id for r in rounds])
    votes = votes_with_choices([entry.id for entry in entries.values()])
    since = owned_since(next(iter(entries.values())).premises) if votes else None
    found = [_ballots(round_, entries.get(round_.id), votes, since) for round_ in rounds]
    return [_as_seen_by(session_id, mine) for mine in found]


def ballots_in(
    round_: Round, entry: RegisterEntry | None, session_id: int | None = None
) -> Ballots:
    """One round as the household of this entry sees it."""
    if entry is None or not entry.votes:
        return _ballots(round_, entry, [], None)
    votes = votes_with_choices([entry.id])
    return _as_seen_by(session_id, _ballots(round_, entry, votes, owned_since(entry.premises)))


def _as_seen_by(session_id: int | None, mine: Ballots) -> Ballots:
    """With whether this browser could confirm what waits; asked only where something does."""
    is_early = mine.waiting is not None and waits_until(mine.round, session_id) is not None
    return replace(mine, too_soon=is_early)


def owned_since(premises: Premises) -> datetime | None:
    """When the present owners came, if anybody's tenure ended before; what was said until then

    is for nobody else to read, in whichever round (RULES.md §5).
    """
    tenures = premises.tenures
    begun = [tenure.since for tenure in tenures if tenure.until is None]
    # Where nobody owns it by now, nobody may read what was said.
    return min(begun, default=clock.now()) if len(begun) < len(tenures) else None


def _ballots(
    round_: Round, entry: RegisterEntry | None, votes: Sequence[Vote], since: datetime | None
) -> Ballots:
    own = tuple(vote for vote in votes if entry and vote.entry_id == entry.id)
    if entry is None:
        return Ballots(round_, None, ())
    return Ballots(round_, entry, own, fates_of(entry, own), _barrier(round_, entry), since)


def _barrier(round_: Round, entry: RegisterEntry) -> Refused | None:
    if not (round_.is_open and entry.votes) or entry.removed_at is not None:
        return None
    try:
        casting.check_change(round_, entry)
    except Refused as refusal:
        return refusal
    return None


def may_object(round_: Round) -> bool:
    """Whether an objection would be taken now (RULES.md §3)."""
    is_late = round_.state == State.PRELIMINARY and clock.now() >= objections_end(round_)
    return is_allowed(Verb.OBJECT, round_.state) and not is_late


def published_result(round_: Round | None) -> Result | None:
    """The numbers of a round once they are published; nothing before, nor of one given up."""
    if round_ is None or not round_.preliminary_at:
        return None
    return Result(results(round_), *register_changes(round_.id))


def votes_with_choices(entry_ids: Sequence[int]) -> list[Vote]:
    """The votes of these register entries with what they say, the newest first."""
    chosen = selectinload(Vote.choices).joinedload(VoteChoice.matter)
    votes = select(Vote).where(Vote.entry_id.in_(entry_ids)).order_by(Vote.number.desc())
    return list(db.session.scalars(votes.options(chosen)))


def _entries(household_id: int, round_ids: Sequence[int]) -> dict[int, RegisterEntry]:
    entries = select(RegisterEntry).where(
        RegisterEntry.household_id == household_id, RegisterEntry.round_id.in_(round_ids)
    )
    return {entry.round_id: entry for entry in db.session.scalars(entries)}
