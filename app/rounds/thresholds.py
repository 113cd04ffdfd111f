"""How much it takes to carry each matter of a round: from its register alone, never from a vote."""

from sqlalchemy import select

from app.core.db import db
from app.rounds.counting import Part, Tally, Track, owners_tallies
from app.rounds.models import Matter, RegisterEntry, Round


def thresholds_of(round_: Round) -> dict[int, tuple[Tally, ...]]:
    """Matter id → one silent tally per measure: all that may speak, and how many have to.

    Empty until the register is frozen. Of a preference, the households that are asked.
    """
    if not round_.frozen_at:
        return {}
    on_register = RegisterEntry.round_id == round_.id, RegisterEntry.removed_at.is_(None)
    entries = db.session.scalars(select(RegisterEntry).where(*on_register)).all()
    return {
        matter.id: _silent(matter, [entry for entry in entries if matter.counts(entry)])
        for matter in round_.matters
    }


def _silent(matter: Matter, asked: list[RegisterEntry]) -> tuple[Tally, ...]:
    if matter.track == Track.OWNERS:
        parts = [Part(entry.holder, entry.size) for entry in asked]
        return owners_tallies(parts, matter.counting_rule)
    if not matter.is_decision:
        return (Tally(len(asked)),)
    return (Tally(len(asked), rule=matter.counting_rule),)
