"""Every number of a round: from the caches for a board, and again from the journal as proof.

`Standings` is what both ways of reading yield; the counting itself is `counting`.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import case, func, select

from app.core.db import db
from app.roster.models import Building
from app.rounds.counting import (
    Choice,
    Part,
    Place,
    Rule,
    Tally,
    Track,
    divided_holders,
    owners_tallies,
    ranking,
)
from app.rounds.models import (
    Channel,
    Counter,
    Matter,
    RegisterEntry,
    Round,
    Scope,
    Subject,
    Voice,
    Vote,
    VoteChoice,
    VoteWish,
)

# (matter id, building id, choice) → households: the shape of the counters.
Counts = dict[tuple[int, int, Choice], int]
# (building id, entrance id, voice) → households of the register.
Voices = dict[tuple[int, int, Voice], int]


# A number below this would tell what one household said (RULES.md §5).
SMALLEST_CELL = 5


def _hides_one(cell: int) -> bool:
    return cell == 0 or cell >= SMALLEST_CELL


@dataclass(frozen=True)
class MatterTally:
    """How one decision stands in a round or in one building of it.

    One tally per measure of its rule: households, or heads and area of owners.
    """

    matter_id: int
    title: str
    subject: str
    track: str
    preset: str
    tallies: tuple[Tally, ...]
    # Owners who said different things for different premises; staff has to ask them.
    divided: int = 0
    is_scoped: bool = False

    @property
    def is_tellable(self) -> bool:
        """Whether its numbers may be published: of a few buildings or entrances none below five."""
        cells = (self.tally.agree, self.tally.disagree, self.tally.abstain)
        return not self.is_scoped or all(_hides_one(cell) for cell in cells)

    @property
    def tally(self) -> Tally:
        """Its first measure: households, or heads of owners."""
        return self.tallies[0]

    @property
    def passed(self) -> bool:
        """Whether every measure reached what the rule asks."""
        return all(tally.passed for tally in self.tallies)

    @property
    def is_reachable(self) -> bool:
        """Whether the silent could still carry every measure."""
        return all(tally.is_reachable for tally in self.tallies)


@dataclass(frozen=True)
class Wish:
    """One item of a menu with how many households want it, and its rank."""

    title: str
    place: Place


@dataclass(frozen=True)
class MenuTally:
    """A preference: which items households want, never a decision; `total` are all asked."""

    matter_id: int
    title: str
    total: int
    wishes: tuple[Wish, ...]
    is_scoped: bool = False

    @property
    def is_tellable(self) -> bool:
        """As of a decision."""
        cells = (cell for w in self.wishes for cell in (w.place.households, w.place.firsts))
        return not self.is_scoped or all(_hides_one(cell) for cell in cells)


@dataclass(frozen=True)
class BuildingTally:
    """One building of the register: its households and the consultation matters asked there."""

    building_id: int
    name: str
    total: int
    voted: int
    to_confirm: int
    matters: tuple[MatterTally, ...]

    @property
    def missing(self) -> int:
        """How many more agreeing households the matter furthest from its threshold lacks."""
        return max((m.tally.missing for m in self.matters), default=0)


@dataclass(frozen=True)
class RoundTally:
    """Every number of a round at one revision, all from the frozen register and its votes.

    `matters` are consultations by household, `owners` the decisions of owners, `menus` neither.
    """

    round_id: int
    revision: int
    total: int
    voted: int
    to_confirm: int
    disputed: int
    matters: tuple[MatterTally, ...]
    owners: tuple[MatterTally, ...]
    menus: tuple[MenuTally, ...]
    buildings: tuple[BuildingTally, ...]
    channels: dict[Channel, int]

    @property
    def main(self) -> tuple[MatterTally, ...]:
        """The plan and its management: the two that must each pass before work starts."""
        return tuple(m for m in self.matters if m.subject in (Subject.PLAN, Subject.MANAGEMENT))

    @property
    def passed(self) -> bool:
        """Whether the plan and the management plan each reached their threshold (RULES.md §2)."""
        return bool(self.main) and all(m.passed for m in self.main)

    @property
    def is_reachable(self) -> bool:
        """Whether both could still reach it."""
        return all(m.is_reachable for m in self.main)


@dataclass
class Standings:
    """What the votes of a round amount to, before anything is added up."""

    counts: Counts
    voices: Voices
    # Matter id → the owners' register in its scope, each part with what was said for it.
    parts: dict[int, list[Part]] = field(default_factory=dict)
    # (option id) → households that want it.
    wishes: dict[int, int] = field(default_factory=dict)
    # (option id) → households that want it first of all.
    firsts: dict[int, int] = field(default_factory=dict)
    channels: dict[Channel, int] = field(default_factory=dict)


def results(round_: Round) -> RoundTally:
    """The tally of a round from its counters and current votes."""
    standings = Standings(
        _counters(round_.id),
        _voices(round_.id),
        {m.id: _parts(round_.id, m) for m in round_.matters if m.track == Track.OWNERS},
        *(_wishes(round_.id) if any(not m.is_decision for m in round_.matters) else ({}, {})),
        _channels(round_.id),
    )
    return tally_of(round_, standings)


def tally_of(round_: Round, standings: Standings) -> RoundTally:
    """Add up what the votes amount to, matter by matter and building by building."""
    voices, local = standings.voices, _by_building(standings)
    consulted = {m: m.counting_rule for m in round_.matters if m.track == Track.CONSULTATION}
    return RoundTally(
        round_.id,
        round_.revision,
        _households(voices),
        _households(voices, Voice.COUNTED),
        _households(voices, Voice.TO_CONFIRM),
        _households(voices, Voice.DISPUTED),
        tuple(_consultation(m, rule, standings) for m, rule in consulted.items()),
        tuple(_owners(m, standings) for m in round_.matters if m.track == Track.OWNERS),
        tuple(_menu(m, standings) for m in round_.matters if m.track == Track.PREFERENCE),
        tuple(
            _building(building_id, name, consulted, local[building_id])
            for building_id, name in _buildings(round_.id)
        ),
        {channel: standings.channels.get(channel, 0) for channel in Channel},
    )


def _by_building(standings: Standings) -> dict[int, Standings]:
    """What is counted by household, apart for each building."""
    found: dict[int, Standings] = defaultdict(lambda: Standings({}, {}))
    for voice, number in standings.voices.items():
        found[voice[0]].voices[voice] = number
    for choice, number in standings.counts.items():
        found[choice[1]].counts[choice] = number
    return found


def _building(
    building_id: int, name: str, consulted: dict[Matter, Rule], here: Standings
) -> BuildingTally:
    asked = ((m, rule) for m, rule in consulted.items() if _asked(m, here.voices))
    return BuildingTally(
        building_id,
        name,
        _households(here.voices),
        _households(here.voices, Voice.COUNTED),
        _households(here.voices, Voice.TO_CONFIRM),
        tuple(_consultation(m, rule, here) for m, rule in asked),
    )


def _consultation(matter: Matter, rule: Rule, standings: Standings) -> MatterTally:
    of: dict[Choice, int] = defaultdict(int)
    for (matter_id, _building, choice), households in standings.counts.items():
        of[choice] += households if matter_id == matter.id else 0
    tally = Tally(
        _asked(matter, standings.voices),
        of[Choice.AGREE],
        of[Choice.DISAGREE],
        of[Choice.ABSTAIN],
        rule,
    )
    return _matter_tally(matter, (tally,))


def _owners(matter: Matter, standings: Standings) -> MatterTally:
    parts = standings.parts.get(matter.id, [])
    divided = len(divided_holders(parts))
    return _matter_tally(matter, owners_tallies(parts, matter.counting_rule), divided)


def _matter_tally(matter: Matter, tallies: tuple[Tally, ...], divided: int = 0) -> MatterTally:
    subject, track = matter.subject.value, matter.track.value
    is_scoped = matter.scope != Scope.COMPOUND
    return MatterTally(
        matter.id, matter.title, subject, track, matter.preset, tallies, divided, is_scoped
    )


def _menu(matter: Matter, standings: Standings) -> MenuTally:
    titles = {option.id: option.title for option in matter.options}
    wanted = {option: standings.wishes.get(option, 0) for option in titles}
    places = ranking(wanted, standings.firsts)
    wishes = tuple(Wish(titles[place.option], place) for place in places)
    is_scoped = matter.scope != Scope.COMPOUND
    total = _asked(matter, standings.voices)
    return MenuTally(matter.id, matter.title, total, wishes, is_scoped)


def _asked(matter: Matter, voices: Voices) -> int:
    """The households in the scope of a matter."""
    return sum(n for (b, e, _voice), n in voices.items() if matter.is_asked_in(b, e))


def _households(voices: Voices, voice: Voice | None = None) -> int:
    return sum(n for (_b, _e, v), n in voices.items() if voice is None or v == voice)


def _counters(round_id: int) -> Counts:
    rows = db.session.execute(
        select(Counter.matter_id, Counter.building_id, Counter.choice, Counter.households)
        .join(Matter, Matter.id == Counter.matter_id)
        .where(Matter.round_id == round_id)
    )
    return {(r.matter_id, r.building_id, r.choice): r.households for r in rows}


def _voices(round_id: int) -> Voices:
    entry = RegisterEntry
    rows = db.session.execute(
        select(entry.building_id, entry.entrance_id, entry.voice, func.count())
        .where(entry.round_id == round_id, entry.removed_at.is_(None), entry.is_household)
        .group_by(entry.building_id, entry.entrance_id, entry.voice)
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def divided_homes(round_: Round) -> list[tuple[str, list[RegisterEntry]]]:
    """For each owners' decision the premises of owners who contradict themselves, owner by owner.

    By the title of the decision; without what was chosen, which is not the office's to see.
    """
    found = []
    for matter in (m for m in round_.matters if m.track == Track.OWNERS):
        answers = _answers(round_.id, matter)
        divided = divided_holders(part for _entry, part in answers)
        ids = [entry for entry, part in answers if part.holder in divided]
        entries = select(RegisterEntry).where(RegisterEntry.id.in_(ids))
        in_order = entries.order_by(RegisterEntry.holder, RegisterEntry.position)
        if ids:
            found.append((matter.title, list(db.session.scalars(in_order))))
    return found


def _parts(round_id: int, matter: Matter) -> list[Part]:
    return [part for _entry, part in _answers(round_id, matter)]


def _answers(round_id: int, matter: Matter) -> list[tuple[int, Part]]:
    """The owners' register of a matter, entry by entry, with the choices that count now."""
    counts = (RegisterEntry.voice == Voice.COUNTED) & Vote.is_current
    rows = db.session.execute(
        select(
            RegisterEntry.id,
            RegisterEntry.building_id,
            RegisterEntry.entrance_id,
            RegisterEntry.holder,
            RegisterEntry.size,
            VoteChoice.choice,
        )
        .outerjoin(Vote, (Vote.entry_id == RegisterEntry.id) & counts)
        .outerjoin(
            VoteChoice, (VoteChoice.vote_id == Vote.id) & (VoteChoice.matter_id == matter.id)
        )
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_property,
        )
        .order_by(RegisterEntry.position)
    )
    return [
        (row.id, Part(row.holder, row.size, row.choice))
        for row in rows
        if matter.is_asked_in(row.building_id, row.entrance_id)
    ]


def _wishes(round_id: int) -> tuple[dict[int, int], dict[int, int]]:
    is_first = func.sum(case((VoteWish.rank == 1, 1), else_=0))
    rows = db.session.execute(
        select(VoteWish.option_id, func.count(), is_first)
        .join(Vote, Vote.id == VoteWish.vote_id)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.is_current,
            RegisterEntry.voice == Voice.COUNTED,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
        )
        .group_by(VoteWish.option_id)
    ).all()
    return {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows if row[2]}


def _channels(round_id: int) -> dict[Channel, int]:
    rows = db.session.execute(
        select(Vote.channel, func.count())
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.is_current,
            RegisterEntry.voice == Voice.COUNTED,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
        )
        .group_by(Vote.channel)
    )
    return {row[0]: row[1] for row in rows}


def _buildings(round_id: int) -> list[tuple[int, str]]:
    rows = db.session.execute(
        select(Building.id, Building.name)
        .join(RegisterEntry, RegisterEntry.building_id == Building.id)
        .where(RegisterEntry.round_id == round_id, RegisterEntry.removed_at.is_(None))
        .group_by(Building.id, Building.name, Building.position)
        .order_by(Building.position)
    )
    return [(row[0], row[1]) for row in rows]
