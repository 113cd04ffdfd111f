"""What a round opens with: whom each question asks, and the record made at its opening."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.core.db import db
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.rounds import register
from app.rounds.counting import Part, Tally, Track, owners_tallies
from app.rounds.models import Matter, RegisterEntry, Round
from app.rounds.tallies import MatterTally


@dataclass(frozen=True)
class Opening:
    """The opening record as the journal keeps it (RULES.md §3); hashes in full."""

    seq: int
    at: datetime
    version: int
    plan: str
    management: str
    profile: str
    register: str
    households: int
    closes_at: datetime


@dataclass(frozen=True)
class Asked:
    """The register of a round before anybody has answered, `properties` being all premises."""

    households: int
    properties: int
    matters: tuple[MatterTally, ...]


def opening_of(round_: Round) -> Opening | None:
    """What was recorded when the round opened; None before."""
    if not round_.opened_at:
        return None
    book = JournalEntry.book == book_of_round(round_.id)
    entry = db.session.scalars(
        select(JournalEntry).where(book, JournalEntry.kind == Kind.ROUND_OPEN)
    ).one()
    facts = json.loads(entry.entry)
    return Opening(
        seq=entry.seq,
        at=entry.at,
        version=facts["version"],
        plan=facts["plan"] or "",
        management=facts["management"] or "",
        profile=facts["profile"] or "",
        register=facts["register"] or "",
        households=facts["households"],
        closes_at=datetime.fromisoformat(facts["closes_at"]),
    )


def asked_of(round_: Round) -> Asked:
    """Whom the round asks: by its register, or as the roster would make it now."""
    entries = _entries(round_)
    return Asked(
        sum(entry.is_household for entry in entries),
        sum(entry.is_property for entry in entries),
        tuple(_silent(matter, entries) for matter in round_.matters if matter.is_decision),
    )


def _entries(round_: Round) -> Sequence[RegisterEntry]:
    if not round_.frozen_at:
        # Only to be counted: they belong to no session and are never stored.
        return [RegisterEntry(**row) for row in register.register_rows(round_)]
    on_register = RegisterEntry.round_id == round_.id, RegisterEntry.removed_at.is_(None)
    return db.session.scalars(select(RegisterEntry).where(*on_register)).all()


def _silent(matter: Matter, entries: Sequence[RegisterEntry]) -> MatterTally:
    asked = [entry for entry in entries if matter.counts(entry)]
    if matter.track == Track.OWNERS:
        parts = [Part(entry.holder, entry.size) for entry in asked]
        tallies = owners_tallies(parts, matter.counting_rule)
    else:
        tallies = (Tally(len(asked), rule=matter.counting_rule),)
    subject, track = matter.subject.value, matter.track.value
    return MatterTally(matter.id, matter.title, subject, track, matter.preset, tallies)
