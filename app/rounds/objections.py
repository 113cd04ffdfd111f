"""Objections: somebody says something is wrong; it is taken up, answered, and agreed to by two.

The answer may change the count: the register, or the vote of this household (RULES.md §3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.actions import revoke_codes
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.roster.models import Household
from app.rounds import casting, corrections, effects
from app.rounds.cases import Decision, DecisionKind, Effect, Objection, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.decisions import Facts, Grounds, applies, propose, waiting
from app.rounds.lifecycle import State, Verb
from app.rounds.models import RegisterEntry, Round
from app.rounds.queries import entry_of, objections_end
from app.rounds.register import add_premises, align, differences, facts_of
from app.rounds.steps import NotNow, NotReady, note, require

# One household cannot bury the office; further words belong into the same objection.
MOST_OPEN = 3


class TooMany(Refused):
    """This household already waits for several answers."""


class AlreadyAnswered(Refused):
    """The objection is closed, or its answer waits for a second person."""


class BadEffect(Refused):
    """What the answer should do to the count cannot be done for this household."""


@dataclass(frozen=True)
class Complaint:
    """What somebody says is wrong; `place` in words, for homes that stand on no list too.

    `vote_id` names the vote that a household says is not its own.
    """

    kind: ObjectionKind
    place: str
    words: str
    household_id: int | None = None
    evidence: str = ""
    vote_id: int | None = None
    evidence_digest: str | None = None


@dataclass(frozen=True)
class Answer:
    """What the office answers and what it does to the count; `choices` replace a vote.

    `digest` names the photograph of the paper that it rests on.
    """

    words: str
    effect: Effect = Effect.NONE
    choices: Mapping[int, Choice] = field(default_factory=dict)
    evidence: str = ""
    digest: str | None = None


def raise_objection(
    round_: Round, complaint: Complaint, *, by: Identity | None = None
) -> Objection:
    """Record an objection of a household, or one that the office writes down for somebody (`by`).

    Refuses `NotNow` outside the register's publication and the objection days, and `TooMany`.
    """
    round_ = require(round_, Verb.OBJECT)
    check_time(round_)
    if complaint.household_id and by is None:
        _check_number(round_, complaint.household_id)
    return write_down(round_, complaint, by=by)


def write_down(round_: Round, complaint: Complaint, *, by: Identity | None) -> Objection:
    """Record an objection whatever the day: what an audit finds late must be answered too."""
    last = select(func.max(Objection.number)).where(Objection.round_id == round_.id)
    objection = Objection(
        round=round_,
        number=(db.session.scalar(last) or 0) + 1,
        raised_at=clock.now(),
        raised_by_id=by.id if by else None,
        **vars(complaint),
    )
    db.session.add(objection)
    db.session.flush()
    facts = {"objection": objection.number, "about": complaint.kind.value, "step": "raised"}
    named: dict[str, object] = {"vote": objection.vote.number} if objection.vote else {}
    if objection.evidence_digest:
        named["ev"] = objection.evidence_digest
    _note(objection, {**facts, **named}, by=by)
    effects.touch(round_)
    return objection


def take(objection: Objection, *, by: Identity, handler: Identity | None = None) -> None:
    """Become the one who looks into it, or let a colleague (`handler`); refuses `AlreadyAnswered`.

    The journal names the colleague beside whoever said so.
    """
    require(objection.round, Verb.SETTLE)
    _check_open(objection)
    handler = handler or by
    objection.handler_id, objection.taken_at = handler.id, clock.now()
    given = {} if handler.id == by.id else {"handler": handler.commitment}
    _note(objection, {"objection": objection.number, "step": "taken", **given}, by=by)


def propose_answer(objection: Objection, answer: Answer, *, by: Identity) -> Decision:
    """Write the answer; it is given, and takes effect, when a second person agrees.

    Refuses `AlreadyAnswered`, `BadEffect`, and `NoReason` without words.
    """
    round_ = require(objection.round, Verb.SETTLE)
    _check_open(objection)
    if objection.handler_id is None:
        objection.handler_id, objection.taken_at = by.id, clock.now()
    entry = _entry_of(objection)
    _check_effect(objection, answer, entry)
    params = {
        "objection": objection.id,
        "effect": answer.effect.value,
        "choices": {str(matter): choice.value for matter, choice in answer.choices.items()},
        # A vote that is cast after this is another one than the one objected to.
        "votes": entry.votes if entry else 0,
    }
    grounds = Grounds(answer.words, answer.evidence, answer.digest)
    return propose(round_, DecisionKind.OBJECTION, params, grounds, by=by, entry=entry)


def objections_of(round_id: int) -> list[Objection]:
    """The objections to a round, open ones first, then by number."""
    found = select(Objection).where(Objection.round_id == round_id)
    order = (Objection.closed_at.is_not(None), Objection.number)
    people = found.options(joinedload(Objection.handler), joinedload(Objection.vote))
    return list(db.session.scalars(people.order_by(*order)))


def objections_of_home(household_id: int) -> list[Objection]:
    """What this household objected to, the newest first."""
    own = select(Objection).where(Objection.household_id == household_id)
    return list(db.session.scalars(own.order_by(Objection.id.desc())))


@applies(DecisionKind.OBJECTION, Verb.SETTLE, Kind.OBJECTION)
def _close(decision: Decision, by: Identity) -> Facts:
    objection = db.session.get_one(Objection, decision.params["objection"])
    if objection.closed_at is not None:
        raise AlreadyAnswered(_ANSWERED)
    effect = Effect(decision.params["effect"])
    changed = _apply(effect, objection, decision, by)
    objection.answer, objection.effect = decision.reason, effect
    objection.closed_at, objection.decision_id = clock.now(), decision.id
    facts = {"objection": objection.number, "step": "answered", "effect": effect.value}
    return {**facts, **changed}


def _apply(effect: Effect, objection: Objection, decision: Decision, by: Identity) -> Facts:
    entry = _entry_of(objection)
    if effect == Effect.ADD_TO_REGISTER:
        home = db.session.get(Household, objection.household_id)
        if home is None:
            raise BadEffect(_NOT_ON_ROSTER)
        return facts_of(add_premises(objection.round, home.premises))
    if effect == Effect.NONE:
        return {}
    if entry is None or entry.removed_at is not None:
        raise BadEffect(_NOT_ON_REGISTER)
    if effect == Effect.CORRECT_REGISTER:
        done = align(objection.round, entry.premises)
        return facts_of(done) if done else {}
    if entry.votes != decision.params["votes"]:
        raise BadEffect(msg("提出以后这一户又表过态，请退回，按现在的情况重新办。"))
    if effect == Effect.STRIKE_OUT:
        _check_named(objection, entry)
        struck = corrections.strike_out(entry)
        if objection.vote_id is not None and entry.household is not None:
            # Whoever voted for this home may still hold its code (THREATS.md T22).
            revoke_codes([entry.household], by=by)
        return {"hh": entry.commitment, "struck": struck}
    choices = {int(matter): Choice(c) for matter, c in decision.params["choices"].items()}
    corrections.replace_vote(entry, choices, decision)
    return {"hh": entry.commitment}


_ANSWERED = msg("这件异议已经答复，或者正在等第二个人同意。")
_NOT_ON_ROSTER = msg("名册里没有这一户，请先在名册里加上，再办这件异议。")
_NOT_ON_REGISTER = msg("这一户不在登记册里，不能改它的票。")


def check_time(round_: Round) -> None:
    """Refuse `NotNow` once the days for objections are over."""
    if round_.state == State.PRELIMINARY and clock.now() >= objections_end(round_):
        raise NotNow(msg("异议期已经过了。还有问题请打社区电话，或者依法向法院起诉。"))


def _check_number(round_: Round, household_id: int) -> None:
    # Votes that it says are not its own are limited by themselves (`disowning`).
    of_home = objections_of_home(household_id)
    own = [o for o in of_home if o.round_id == round_.id and o.vote_id is None]
    if sum(o.closed_at is None for o in own) >= MOST_OPEN:
        raise TooMany(msg("您家已经有 %(most)s 件异议在办，请等答复或打社区电话。"), most=MOST_OPEN)


def _check_open(objection: Objection) -> None:
    db.session.refresh(objection)
    waiting_for = waiting(objection.round_id, DecisionKind.OBJECTION)
    if objection.closed_at or any(w.params["objection"] == objection.id for w in waiting_for):
        raise AlreadyAnswered(_ANSWERED)


def _check_effect(objection: Objection, answer: Answer, entry: RegisterEntry | None) -> None:
    effect, round_ = answer.effect, objection.round
    if effect != Effect.NONE and not round_.frozen_at:
        raise NotReady(msg("登记册还没有锁定，请直接改名册。"))
    if effect == Effect.ADD_TO_REGISTER:
        if entry is not None and entry.removed_at is None:
            raise BadEffect(msg("这一户已经在登记册里了。"))
        if objection.household_id is None:
            raise BadEffect(_NOT_ON_ROSTER)
    elif effect != Effect.NONE and (entry is None or entry.removed_at is not None):
        raise BadEffect(_NOT_ON_REGISTER)
    if effect == Effect.CORRECT_REGISTER and entry and not differences(entry):
        raise BadEffect(msg("登记册和名册一样，没有要更正的。请先在名册里改。"))
    if effect == Effect.STRIKE_OUT and entry and effects.current_vote(entry) is None:
        raise BadEffect(msg("这一户没有表过态，没有可以作废的票。"))
    if effect == Effect.STRIKE_OUT and entry:
        _check_named(objection, entry)
    if effect == Effect.REPLACE_VOTE and entry:
        casting.check_complete(entry, answer.choices)


def _check_named(objection: Objection, entry: RegisterEntry) -> None:
    """Nobody strikes out another vote than the one that the household named."""
    current = effects.current_vote(entry)
    if objection.vote_id is not None and current and current.id != objection.vote_id:
        raise BadEffect(msg("住户说的那一次已经不算数了，现在算数的是另外一次，不能作废它。"))


def _entry_of(objection: Objection) -> RegisterEntry | None:
    if objection.household_id is None:
        return None
    return entry_of(objection.round_id, objection.household_id)


def _note(objection: Objection, facts: Mapping[str, object], *, by: Identity | None) -> None:
    about = {"words": objection.commitment, **facts}
    entry = _entry_of(objection)
    if entry is not None:
        about["hh"] = entry.commitment
    note(objection.round, Kind.OBJECTION, about, by=by)
