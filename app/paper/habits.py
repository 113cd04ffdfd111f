"""How a round's forms were keyed, gathered for `hints`; it judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.core.db import db
from app.core.format import local
from app.paper import queries
from app.paper.hints import Crossing, Hint, Keyed, hints_from
from app.paper.models import PaperEntry
from app.rounds.counting import Choice, Track
from app.rounds.models import Channel, RegisterEntry, Round, Voice, Vote, VoteChoice
from app.rounds.thresholds import thresholds_of


@dataclass(frozen=True)
class Habits:
    """The hints of a round, the names of the people in them, and how much each keyed."""

    hints: Sequence[Hint]
    names: dict[int, str]
    keyed: Sequence[tuple[str, int, int, int]]


def habits_of(round_: Round) -> Habits:
    """What stands out in how the forms of a round were keyed."""
    entries = queries.entries_keyed(round_.id)
    keyed = [_keyed(entry) for entry in entries]
    names = {entry.keyed_by_id: entry.keyed_by.name for entry in entries}
    return Habits(hints_from(keyed, _crossings(round_)), names, _by_person(keyed, names))


def _keyed(entry: PaperEntry) -> Keyed:
    return Keyed(
        form=entry.form_id,
        place=entry.place,
        person=entry.keyed_by_id,
        at=local(entry.keyed_at),
        said=repr(entry.content),
        over_other=any(bool(one.reason) for one in entry.form.entries),
    )


def _by_person(keyed: list[Keyed], names: dict[int, str]) -> list[tuple[str, int, int, int]]:
    """(name, first, second, third entries), who keyed most first."""
    places: dict[int, list[int]] = {person: [0, 0, 0] for person in names}
    for one in keyed:
        places[one.person][one.place - 1] += 1
    rows = [(names[person], *_three(counts)) for person, counts in places.items()]
    return sorted(rows, key=lambda row: -sum(row[1:]))


def _three(counts: list[int]) -> tuple[int, int, int]:
    first, second, third = counts
    return first, second, third


def _crossings(round_: Round) -> list[Crossing]:
    """Of each consultation that reached its bar: how the agreeing votes came in until then."""
    found = []
    needed = {m: tallies[0].needed for m, tallies in thresholds_of(round_).items() if tallies}
    for matter in round_.matters:
        if matter.track != Track.CONSULTATION:
            continue
        channels = _agreeing(round_.id, matter.id)
        enough = needed.get(matter.id, 0)
        if 0 < enough <= len(channels):
            on_paper = tuple(channel == Channel.PAPER for channel in channels[:enough])
            found.append(Crossing(matter.title, on_paper))
    return found


def _agreeing(round_id: int, matter_id: int) -> list[Channel]:
    """The channels of the votes that count for a matter now, in the order they were cast."""
    votes = (
        select(Vote.channel)
        .join(VoteChoice, VoteChoice.vote_id == Vote.id)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.is_current,
            RegisterEntry.voice == Voice.COUNTED,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
            VoteChoice.matter_id == matter_id,
            VoteChoice.choice == Choice.AGREE,
        )
        .order_by(Vote.seq)
    )
    return list(db.session.scalars(votes))
