"""What became of each vote of a household: whether it counts, and if not, why not.

It only tells what the votes and the decisions of two persons say; it decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from app.core.db import db
from app.rounds.cases import Conflict, Decision, Effect, Objection
from app.rounds.models import Channel, RegisterEntry, Voice, Vote


class End(StrEnum):
    """How it stands with one vote."""

    COUNTED = "counted"
    # The plan changed since; its household has to confirm it.
    TO_CONFIRM = "to_confirm"
    DISPUTED = "disputed"
    # Came by a new phone; its household has to confirm it (`new_phones`).
    WAITS = "waits"
    # Recorded beside a different vote of another channel, which counts meanwhile.
    HELD = "held"
    # Of two different votes, two persons took the other one.
    NOT_CHOSEN = "not_chosen"
    # Was held when the plan changed: neither of the two counts any more.
    DROPPED = "dropped"
    VOID = "void"
    REPLACED = "replaced"
    # The household was struck off the register.
    GONE = "gone"


@dataclass(frozen=True)
class Fate:
    """How a vote ended, and when; without a time while it stands."""

    end: End
    at: datetime | None = None


_BY_VOICE = {
    Voice.COUNTED: End.COUNTED,
    Voice.TO_CONFIRM: End.TO_CONFIRM,
    Voice.DISPUTED: End.DISPUTED,
    Voice.SILENT: End.GONE,
}


def fates_of(entry: RegisterEntry, votes: Sequence[Vote]) -> dict[int, Fate]:
    """Vote id → its fate, of all the votes of one entry."""
    # Only votes of different channels can have met in a conflict.
    is_mixed = len({vote.channel == Channel.PAPER for vote in votes}) > 1
    lost = _lost_conflicts(entry) if is_mixed else {}
    struck = _struck_at(entry) if any(vote.is_void for vote in votes) else None
    return {vote.id: _fate(entry, vote, votes, lost, struck) for vote in votes}


def _fate(
    entry: RegisterEntry,
    vote: Vote,
    votes: Sequence[Vote],
    lost: Mapping[int, Fate],
    struck: datetime | None,
) -> Fate:
    if vote.is_void:
        return Fate(End.VOID, struck)
    if vote.is_held:
        return Fate(End.HELD)
    if waits(entry, vote):
        return Fate(End.WAITS)
    if vote.is_current:
        return Fate(_BY_VOICE[entry.voice])
    if vote.id in lost:
        return lost[vote.id]
    later = [v.cast_at for v in votes if v.number > vote.number and v.id not in lost]
    return Fate(End.REPLACED, min(later, default=None))


def waits(entry: RegisterEntry, vote: Vote) -> bool:
    """Whether a vote is the household's last word and waits to be confirmed, be it beside an

    earlier one that counts meanwhile.
    """
    is_last = vote.waits_until is not None and vote.number == entry.votes and not vote.is_void
    return is_last and entry.removed_at is None and entry.voice != Voice.DISPUTED


def _lost_conflicts(entry: RegisterEntry) -> dict[int, Fate]:
    """Votes that two persons did not take, and those that a new plan made pointless."""
    rows = db.session.execute(
        select(
            Conflict.held_vote_id, Conflict.standing_vote_id, Conflict.resolved_at, Decision.params
        )
        .outerjoin(Decision, Decision.id == Conflict.decision_id)
        .where(Conflict.entry_id == entry.id, Conflict.resolved_at.is_not(None))
    )
    lost = {}
    for held, standing, at, params in rows:
        if params is None:
            lost[held] = Fate(End.DROPPED, at)
        else:
            lost[standing if params["keep_held"] else held] = Fate(End.NOT_CHOSEN, at)
    return lost


def _struck_at(entry: RegisterEntry) -> datetime | None:
    """When two persons struck out the household's vote, answering an objection."""
    answered = select(Objection.closed_at).where(
        Objection.round_id == entry.round_id,
        Objection.household_id == entry.household_id,
        Objection.effect == Effect.STRIKE_OUT,
    )
    return db.session.scalar(answered.order_by(Objection.id.desc()).limit(1))
