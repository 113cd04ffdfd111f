"""Decisions of two persons: one proposes with a reason, another agrees, and only then it happens.

What each kind does when it is agreed to stands in the module of its noun, under `applies`.
Whoever keyed a vote of the home it is about may propose, but is no second person (T30).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import Staff
from app.accounts.queries import are_two_persons
from app.accounts.vouching import check_second_person
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.rounds import effects
from app.rounds.cases import Decision, DecisionKind, Outcome
from app.rounds.lifecycle import Verb, is_allowed
from app.rounds.models import RegisterEntry, Round, Vote
from app.rounds.steps import NotYourself, locked, note, require

Facts = Mapping[str, object]
Effect = Callable[[Decision, Identity], Facts]
_effects: dict[DecisionKind, tuple[Verb, Kind, Effect]] = {}
# What says which vote of a home counts: a keyer would judge their own work.
ABOUT_VOTES = (
    DecisionKind.CONFLICT,
    DecisionKind.DISPUTE,
    DecisionKind.DISPUTE_END,
    DecisionKind.OBJECTION,
)
WAITS_ALREADY = msg("这件事已经有人提了，正在等第二个人决定。")


class NoReason(Refused):
    """Nothing is decided without a reason."""


class AlreadyProposed(Refused):
    """The same thing already waits for a second person."""


class AlreadySettled(Refused):
    """Somebody has decided it meanwhile."""


@dataclass(frozen=True)
class Grounds:
    """Why something is proposed, and the paper it rests on (`digest`: its picture when kept)."""

    reason: str
    evidence: str = ""
    digest: str | None = None


def applies(kind: DecisionKind, verb: Verb, journal: Kind) -> Callable[[Effect], Effect]:
    """Register what a decision of `kind` does: (decision, by) → facts for its `journal` entry.

    It is possible while `verb` is; the function checks again what may have changed since.
    """

    def decorate(effect: Effect) -> Effect:
        _effects[kind] = (verb, journal, effect)
        return effect

    return decorate


def propose(
    round_: Round,
    kind: DecisionKind,
    params: dict[str, Any],
    grounds: Grounds,
    *,
    by: Identity,
    entry: RegisterEntry | None = None,
) -> Decision:
    """Ask a second person; refuses `NotNow`, `NoReason` and `AlreadyProposed`."""
    round_ = require(round_, _effects[kind][0])
    if not grounds.reason.strip():
        raise NoReason(msg("请写明理由。"))
    if any(w.params == params and w.entry == entry for w in waiting(round_.id, kind)):
        raise AlreadyProposed(WAITS_ALREADY)
    decision = Decision(
        round=round_,
        kind=kind,
        entry=entry,
        params=params,
        reason=grounds.reason.strip(),
        evidence=grounds.evidence.strip(),
        evidence_digest=grounds.digest,
        proposed_at=clock.now(),
        proposed_by_id=by.id,
    )
    db.session.add(decision)
    db.session.flush()
    note(round_, Kind.DECISION_PROPOSED, _named(decision), by=by)
    effects.touch(round_)
    return decision


def approve(decision: Decision, *, by: Identity) -> None:
    """Agree as the second person: now it happens.

    Refuses `NotYourself`, `AlreadySettled`, `NotNow`, and whatever the kind itself refuses.
    """
    verb, journal, effect = _effects[decision.kind]
    round_ = _locked_while_waiting(decision)
    same = NotYourself(msg("要由另一个人同意，您自己提的不能自己同意。"))
    check_second_person(decision.proposed_by_id, by, same)
    keyed = NotYourself(msg("这一户有一次表态是您录入的，要由别人同意。"))
    for keyer in _keyers(decision):
        check_second_person(keyer, by, keyed)
    require(round_, verb)
    facts = _carried_out(effect, decision, by)
    _settle(decision, Outcome.APPROVED, "", by)
    proposer = db.session.get_one(Staff, decision.proposed_by_id).identity
    note(round_, journal, {**_named(decision), **facts, "proposer": proposer.commitment}, by=by)
    effects.touch(round_)


def decline(decision: Decision, why: str, *, by: Identity) -> None:
    """Say no, or take one's own proposal back; refuses `NoReason` and `AlreadySettled`."""
    round_ = _locked_while_waiting(decision)
    if not why.strip():
        raise NoReason(msg("请写明理由。"))
    _settle(decision, Outcome.DECLINED, why.strip(), by)
    note(round_, Kind.DECISION_DECLINED, _named(decision), by=by)
    effects.touch(round_)


def waiting(round_id: int, kind: DecisionKind | None = None) -> list[Decision]:
    """Proposals of a round that wait for a second person, the oldest first."""
    found = select(Decision).where(
        Decision.round_id == round_id, Decision.outcome == Outcome.WAITING
    )
    if kind is not None:
        found = found.where(Decision.kind == kind)
    return list(db.session.scalars(found.order_by(Decision.id)))


def may_judge(decision: Decision, by: Identity) -> bool:
    """Whether `by` keyed no vote of the home that is decided about, and nobody of theirs did."""
    return all(are_two_persons(keyer, by) for keyer in _keyers(decision))


def _keyers(decision: Decision) -> set[int]:
    """Who keyed a vote of the home that is decided about."""
    if decision.kind not in ABOUT_VOTES or decision.entry_id is None:
        return set()
    keyed = select(Vote.keyed_by_id, Vote.checked_by_id).where(Vote.entry_id == decision.entry_id)
    return {keyer for both in db.session.execute(keyed) for keyer in both if keyer is not None}


def is_possible(decision: Decision) -> bool:
    """Whether its round is still in a state in which it could happen."""
    return is_allowed(_effects[decision.kind][0], decision.round.state)


def decisions_of(round_id: int) -> list[Decision]:
    """Every proposal of a round: those that wait first, the oldest before; then the newest."""
    every = (
        select(Decision)
        .where(Decision.round_id == round_id)
        .options(
            joinedload(Decision.entry),
            joinedload(Decision.proposed_by),
            joinedload(Decision.settled_by),
        )
        .order_by(Decision.settled_at.desc(), Decision.id.desc())
    )
    found = list(db.session.scalars(every))
    open_ = sorted((one for one in found if one.is_waiting), key=lambda one: one.id)
    return open_ + [one for one in found if not one.is_waiting]


def _locked_while_waiting(decision: Decision) -> Round:
    round_ = locked(decision.round)
    db.session.refresh(decision)
    if decision.entry is not None:
        db.session.refresh(decision.entry)
    if not decision.is_waiting:
        raise AlreadySettled(msg("这件事刚刚已经有人决定了。"))
    if decision.entry is not None:
        # A page may have read it before the lock, and its household voted in between.
        db.session.refresh(decision.entry)
    return round_


def _carried_out(effect: Effect, decision: Decision, by: Identity) -> Facts:
    """Let it happen; paper that counts only now, after the close, is to be audited (`audited`)."""
    round_ = decision.round
    if round_.closed_at is None:
        return effect(decision, by)
    before = {vote.id for vote in effects.paper_votes(round_.id)}
    facts = effect(decision, by)
    late = effects.audit_late(round_, before)
    return {**facts, "audited": late} if late else facts


def _settle(decision: Decision, outcome: Outcome, why: str, by: Identity) -> None:
    decision.outcome, decision.note = outcome, why
    decision.settled_at, decision.settled_by_id = clock.now(), by.id
    db.session.flush()


def _named(decision: Decision) -> dict[str, object]:
    named: dict[str, object] = {
        "decision": decision.id,
        "about": decision.kind.value,
        "reason": decision.reason_commitment,
    }
    if decision.entry is not None:
        named["hh"] = decision.entry.commitment
    if decision.evidence_digest:
        named["ev"] = decision.evidence_digest
    return named
