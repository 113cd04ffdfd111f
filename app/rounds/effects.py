"""The caches of the votes, changed together: which vote is current, voices, counters, revision.

Everything here can be told again from the journal (`recount`); nothing here decides anything.
"""

from collections.abc import Iterable

from sqlalchemy import func, insert, select, update

from app.core import clock
from app.core.db import db
from app.rounds.cases import AuditItem, Conflict
from app.rounds.counting import Choice, Track
from app.rounds.models import (
    Channel,
    Counter,
    Matter,
    RegisterEntry,
    Round,
    Voice,
    Vote,
    VoteChoice,
)


def current_vote(entry: RegisterEntry) -> Vote | None:
    """The vote of this household that counts, or would if nothing stood against it."""
    return db.session.scalar(select(Vote).where(Vote.entry_id == entry.id, Vote.is_current))


def last_word(entry: RegisterEntry) -> Vote | None:
    """What this household would say again: its newest vote if that waits, else the current one."""
    waiting = (Vote.waits_until.is_not(None), Vote.is_void.is_(False))
    newest = select(Vote).where(Vote.entry_id == entry.id, Vote.number == entry.votes, *waiting)
    return db.session.scalar(newest) or current_vote(entry)


def make_current(entry: RegisterEntry, vote: Vote | None) -> None:
    """Let `vote` (None: no vote at all) be what this household says, and count it."""
    set_voice(entry, Voice.SILENT)
    retire = update(Vote).where(Vote.entry_id == entry.id, Vote.is_current)
    db.session.execute(retire.values(is_current=False))
    if vote is not None:
        vote.is_current, vote.is_held = True, False
        db.session.flush()
    set_voice(entry, voice_of_record(entry))


def voice_of_record(entry: RegisterEntry) -> Voice:
    """What the household's current vote is worth by itself: its plan version may be an old one,

    or the phone it came by a new one.
    """
    vote = current_vote(entry)
    if vote is None:
        return Voice.SILENT
    is_new = vote.plan_version.number >= entry.round.counts_from_version
    return Voice.COUNTED if is_new and vote.waits_until is None else Voice.TO_CONFIRM


def set_voice(entry: RegisterEntry, voice: Voice) -> None:
    """Change what the household's current vote is worth, and the counters with it."""
    if voice != entry.voice and Voice.COUNTED in (voice, entry.voice):
        households = 1 if voice == Voice.COUNTED else -1
        for matter_id, choice in _counted_choices(entry):
            add_to_counter(entry.building_id, matter_id, choice, households)
    entry.voice = voice
    db.session.flush()


def _counted_choices(entry: RegisterEntry) -> Iterable[tuple[int, Choice]]:
    """What the current vote says on matters that are counted by household."""
    if not entry.is_household or entry.removed_at is not None:
        return ()
    rows = db.session.execute(
        select(VoteChoice.matter_id, VoteChoice.choice)
        .join(Vote, Vote.id == VoteChoice.vote_id)
        .join(Matter, Matter.id == VoteChoice.matter_id)
        .where(Vote.entry_id == entry.id, Vote.is_current, Matter.track == Track.CONSULTATION)
    )
    return [(row.matter_id, row.choice) for row in rows]


def add_to_counter(building_id: int, matter_id: int, choice: Choice, households: int) -> None:
    """Count `households` more (fewer when negative) for a choice in a building."""
    db.session.execute(
        update(Counter)
        .where(
            Counter.matter_id == matter_id,
            Counter.building_id == building_id,
            Counter.choice == choice,
        )
        .values(households=Counter.households + households)
    )


def start_counters(round_: Round, building_ids: set[int]) -> None:
    """Put a counter at zero for every choice of every matter in these buildings, once."""
    matters = [m.id for m in round_.matters if m.track == Track.CONSULTATION]
    known = set(
        db.session.scalars(select(Counter.building_id).where(Counter.matter_id.in_(matters)))
    )
    rows = [
        {"matter_id": matter, "building_id": building, "choice": choice, "households": 0}
        for matter in matters
        for building in building_ids - known
        for choice in Choice
    ]
    if rows:
        db.session.execute(insert(Counter), rows)


def ask_all_to_confirm(round_: Round) -> None:
    """Let no vote count until its household has confirmed it: the plan itself has changed.

    Everything loaded before is stale afterwards.
    """
    entries = RegisterEntry.round_id == round_.id, RegisterEntry.voice == Voice.COUNTED
    db.session.execute(update(RegisterEntry).where(*entries).values(voice=Voice.TO_CONFIRM))
    of_round = select(Matter.id).where(Matter.round_id == round_.id)
    db.session.execute(update(Counter).where(Counter.matter_id.in_(of_round)).values(households=0))
    _drop_conflicts(round_)
    db.session.expire_all()


def _drop_conflicts(round_: Round) -> None:
    """Which of two old votes counted is no question any more: neither does."""
    held = (Vote.round_id == round_.id, Vote.is_held)
    db.session.execute(update(Vote).where(*held).values(is_held=False))
    open_ = (Conflict.round_id == round_.id, Conflict.resolved_at.is_(None))
    db.session.execute(update(Conflict).where(*open_).values(resolved_at=clock.now()))


def paper_votes(round_id: int) -> list[Vote]:
    """The votes on paper that count, in the order of the journal."""
    found = (
        select(Vote)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            Vote.round_id == round_id,
            Vote.is_current,
            Vote.channel == Channel.PAPER,
            RegisterEntry.voice == Voice.COUNTED,
        )
    )
    return list(db.session.scalars(found.order_by(Vote.seq)))


def audit_late(round_: Round, counted_before: set[int]) -> list[int]:
    """Put votes on paper that count only since a decision after the close into the audit.

    They had no part in its lot. Returns their journal places.
    """
    of_round = AuditItem.round_id == round_.id
    known = set(db.session.scalars(select(AuditItem.vote_id).where(of_round)))
    last = db.session.scalar(select(func.max(AuditItem.position)).where(of_round)) or 0
    late = [v for v in paper_votes(round_.id) if v.id not in counted_before | known]
    for position, vote in enumerate(late, start=last + 1):
        item = AuditItem(round_id=round_.id, position=position, vote_id=vote.id, is_late=True)
        db.session.add(item)
    return [vote.seq for vote in late]


def touch(round_: Round) -> None:
    """Let every board notice that something about the round changed."""
    more = update(Round).where(Round.id == round_.id).values(revision=Round.revision + 1)
    db.session.execute(more)
