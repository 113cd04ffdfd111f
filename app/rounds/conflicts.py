"""One household, two different words: conflicts between channels, and co-owners who disagree.

Both are settled by two persons with a reason; until then nothing new is counted for the household
(RULES.md §2.2, §4).
"""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.queries import are_two_persons
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.rounds import casting, corrections, effects
from app.rounds.cases import Conflict, Decision, DecisionKind
from app.rounds.counting import Choice
from app.rounds.decisions import Facts, Grounds, applies, propose
from app.rounds.lifecycle import Verb
from app.rounds.models import RegisterEntry, Voice
from app.rounds.steps import NotYourself

# What a list of conflicts shows, read with it.
_WHOLE = (
    joinedload(Conflict.entry),
    joinedload(Conflict.standing_vote),
    joinedload(Conflict.held_vote),
)


class AlreadyResolved(Refused):
    """Nothing is open here any more."""


class AlreadyDisputed(Refused):
    """The household's vote is not counted already."""


def propose_resolution(
    conflict: Conflict, *, keep_held: bool, grounds: Grounds, by: Identity
) -> Decision:
    """Ask which of the two votes shall count: the one that stands, or the one that is held."""
    _check_open(conflict)
    params = {"conflict": conflict.id, "keep_held": keep_held}
    entry = conflict.entry
    return propose(entry.round, DecisionKind.CONFLICT, params, grounds, by=by, entry=entry)


def propose_dispute(entry: RegisterEntry, grounds: Grounds, *, by: Identity) -> Decision:
    """Ask to count nothing for a household whose co-owners disagree; refuses `AlreadyDisputed`."""
    _check_disputable(entry)
    return propose(entry.round, DecisionKind.DISPUTE, {}, grounds, by=by, entry=entry)


def propose_settlement(
    entry: RegisterEntry, choices: Mapping[int, Choice], grounds: Grounds, *, by: Identity
) -> Decision:
    """Ask to count the one form that all co-owners signed; refuses `AlreadyResolved`."""
    if entry.voice != Voice.DISPUTED:
        raise AlreadyResolved(msg("这一户没有争议，不用再办。"))
    casting.check_complete(entry, choices)
    params = {"choices": {str(matter): choice.value for matter, choice in choices.items()}}
    return propose(entry.round, DecisionKind.DISPUTE_END, params, grounds, by=by, entry=entry)


def open_conflicts(round_id: int) -> list[Conflict]:
    """Households whose channels say different things, the oldest first."""
    found = select(Conflict).where(Conflict.round_id == round_id, Conflict.resolved_at.is_(None))
    return list(db.session.scalars(found.options(*_WHOLE).order_by(Conflict.id)))


def resolved_conflicts(round_id: int) -> list[Conflict]:
    """Those that were settled, the newest first."""
    found = select(Conflict).where(Conflict.round_id == round_id, Conflict.resolved_at.is_not(None))
    newest = found.order_by(Conflict.resolved_at.desc(), Conflict.id.desc())
    return list(db.session.scalars(newest.options(*_WHOLE)))


def open_conflict_count(round_id: int) -> int:
    """How many of them there are."""
    found = (Conflict.round_id == round_id, Conflict.resolved_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(Conflict).where(*found)) or 0


def disputed_entries(round_id: int) -> list[RegisterEntry]:
    """Households whose co-owners have not agreed, in the order of the register."""
    found = (RegisterEntry.round_id == round_id, RegisterEntry.voice == Voice.DISPUTED)
    entries = select(RegisterEntry).where(*found).order_by(RegisterEntry.position)
    return list(db.session.scalars(entries))


@applies(DecisionKind.CONFLICT, Verb.SETTLE, Kind.CONFLICT)
def _resolve(decision: Decision, by: Identity) -> Facts:
    conflict = db.session.get_one(Conflict, decision.params["conflict"])
    _check_open(conflict)
    _check_apart(conflict, by)
    conflict.resolved_at, conflict.decision_id = clock.now(), decision.id
    conflict.held_vote.is_held = False
    kept, entry = conflict.standing_vote, conflict.entry
    if decision.params["keep_held"]:
        kept, before = conflict.held_vote, entry.voice
        effects.make_current(entry, kept)
        if before == Voice.DISPUTED:
            effects.set_voice(entry, Voice.DISPUTED)
        _tell(conflict)
    return {"step": "resolved", "kept": kept.number}


def _check_apart(conflict: Conflict, by: Identity) -> None:
    """Whoever keyed one of the two votes does not also decide which of them counts."""
    for vote in (conflict.standing_vote, conflict.held_vote):
        if vote.keyed_by_id is not None and not are_two_persons(vote.keyed_by_id, by):
            raise NotYourself(msg("这一户的表态是您经手的，要由另一个人同意。"))


def _tell(conflict: Conflict) -> None:
    """Another vote of the home counts now than when it was told of either."""
    home, cause = conflict.entry.household_id, f"conflict:{conflict.id}"
    if home is not None:
        tell([home], MessageKind.CHANGED, cause, receipt=conflict.held_vote.receipt)


@applies(DecisionKind.DISPUTE, Verb.SETTLE, Kind.DISPUTE)
def _dispute(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    _check_disputable(entry)
    effects.set_voice(entry, Voice.DISPUTED)
    return {"step": "opened"}


@applies(DecisionKind.DISPUTE_END, Verb.SETTLE, Kind.DISPUTE)
def _settle(decision: Decision, by: Identity) -> Facts:
    entry = _entry(decision)
    if entry.voice != Voice.DISPUTED:
        raise AlreadyResolved(msg("这一户没有争议，不用再办。"))
    choices = {int(matter): Choice(c) for matter, c in decision.params["choices"].items()}
    corrections.replace_vote(entry, choices, decision)
    return {"step": "settled"}


def _check_disputable(entry: RegisterEntry) -> None:
    casting.check_present(entry)
    if entry.voice == Voice.DISPUTED:
        raise AlreadyDisputed(msg("这一户已经登记了争议，现在不计票。"))


def _check_open(conflict: Conflict) -> None:
    db.session.refresh(conflict)
    if conflict.resolved_at is not None:
        raise AlreadyResolved(msg("这一户的重复表态已经核实过了。"))


def _entry(decision: Decision) -> RegisterEntry:
    if decision.entry is None:
        raise AlreadyResolved(msg("这一户已经不在登记册里了。"))
    return decision.entry
