"""A vote becomes an entry of the journal and rows, and counts or is held; it checks nothing.

Only `casting` and `corrections` call it, under the lock of the round.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, update

from app.core.db import db
from app.journal.actions import Recorded, book_of_round, record
from app.journal.models import Kind
from app.notices.actions import Notice, tell_each
from app.notices.models import MessageKind
from app.projects.models import PlanVersion
from app.rounds import effects
from app.rounds.cases import Conflict
from app.rounds.counting import Choice
from app.rounds.models import (
    Channel,
    RegisterEntry,
    Round,
    Voice,
    Vote,
    VoteChoice,
    VoteWish,
)


@dataclass(frozen=True)
class Ballot:
    """One expression of a household's will, and what it had seen when it made it.

    `choices` by matter id, `wishes` the option ids it ticked; `seen` is how many votes of the
    household it knew of; `plan_number` the version it read.
    """

    choices: Mapping[int, Choice]
    request_id: str
    seen: int
    plan_number: int
    comment: str = ""
    wishes: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Receipt:
    """The proof that a vote is recorded: short code, place in the round's book, time.

    A held vote is recorded but does not count before two persons have settled the conflict.
    """

    code: str
    seq: int
    at: datetime
    number: int
    is_held: bool = False


@dataclass(frozen=True)
class Hand:
    """Through whom a vote came in."""

    channel: Channel
    session_id: int | None = None
    keyed_by_id: int | None = None


def write(
    round_: Round,
    entry: RegisterEntry,
    ballot: Ballot,
    hand: Hand,
    *,
    decision_id: int | None = None,
) -> Receipt:
    """Record, store, and let it count; or hold it when it contradicts another channel.

    It checks nothing: that is for whoever calls it. What two persons decided is never held.
    """
    number, standing = entry.votes + 1, effects.current_vote(entry) if entry.votes else None
    contradicts = standing is not None and _contradicts(entry, standing, ballot, hand.channel)
    is_held = contradicts and decision_id is None
    recorded = _record(round_, entry, ballot, hand, is_held, decision_id)
    vote = _store(round_, entry, ballot, recorded, hand)
    if is_held and standing is not None:
        vote.is_held = True
        _open_conflict(round_, entry, standing, vote)
    else:
        effects.make_current(entry, vote)
    effects.touch(round_)
    if entry.household_id is not None:
        tell_each([news_of(entry.household_id, entry.id, number, recorded)])
    return Receipt(recorded.code, recorded.seq, recorded.at, number, is_held)


def news_of(household_id: int, entry_id: int, number: int, recorded: Recorded) -> Notice:
    """What a home's phones are told of its vote of this number: that there is one (RULES.md §4)."""
    kind = MessageKind.VOTED if number == 1 else MessageKind.CHANGED
    cause = f"vote:{entry_id}:{number}"
    return Notice(household_id, kind, cause, {"receipt": recorded.code})


def _contradicts(entry: RegisterEntry, vote: Vote, ballot: Ballot, via: Channel) -> bool:
    """Whether paper meets another channel with different choices (RULES.md §4)."""
    if entry.voice != Voice.COUNTED or (vote.channel == Channel.PAPER) == (via == Channel.PAPER):
        return False
    said = {choice.matter_id: choice.choice for choice in vote.choices}
    # To leave open what was answered before is another word too.
    return any(ballot.choices.get(matter) != choice for matter, choice in said.items())


def _record(
    round_: Round,
    entry: RegisterEntry,
    ballot: Ballot,
    hand: Hand,
    is_held: bool,
    decision_id: int | None,
) -> Recorded:
    facts = facts_of_vote(round_.id, round_.plan_version, entry, ballot, hand.channel)
    facts |= {"number": entry.votes + 1, "held": int(is_held)}
    if decision_id is not None:
        facts["decision"] = decision_id
    return record(book_of_round(round_.id), Kind.VOTE, facts, actor=entry.commitment)


def facts_of_vote(
    round_id: int,
    version: PlanVersion | None,
    entry: RegisterEntry,
    ballot: Ballot,
    via: Channel,
) -> dict[str, object]:
    """What the journal says of a household's first vote; of a later one, two facts differ."""
    return {
        "round": round_id,
        "hh": entry.commitment,
        "choice": {str(matter): choice.value for matter, choice in ballot.choices.items()},
        "wish": sorted(ballot.wishes),
        "channel": via.value,
        "plan": version.plan_hash if version else "",
        "management": version.management_hash if version else "",
        "version": version.number if version else 0,
        "req": ballot.request_id,
        "number": 1,
        "held": 0,
    }


def _store(
    round_: Round, entry: RegisterEntry, ballot: Ballot, recorded: Recorded, hand: Hand
) -> Vote:
    vote = Vote(
        round_id=round_.id,
        entry_id=entry.id,
        number=entry.votes + 1,
        request_id=ballot.request_id,
        seq=recorded.seq,
        receipt=recorded.code,
        channel=hand.channel,
        plan_version_id=round_.plan_version_id,
        session_id=hand.session_id,
        keyed_by_id=hand.keyed_by_id,
        cast_at=recorded.at,
        comment=ballot.comment,
        is_current=False,
    )
    db.session.add(vote)
    db.session.flush()
    _store_choices(vote.id, ballot)
    more = update(RegisterEntry).where(RegisterEntry.id == entry.id)
    db.session.execute(more.values(votes=RegisterEntry.votes + 1))
    db.session.refresh(entry, ["votes"])
    return vote


def _store_choices(vote_id: int, ballot: Ballot) -> None:
    if ballot.choices:
        rows = [
            {"vote_id": vote_id, "matter_id": m, "choice": c} for m, c in ballot.choices.items()
        ]
        db.session.execute(insert(VoteChoice), rows)
    if ballot.wishes:
        wishes = [{"vote_id": vote_id, "option_id": option} for option in sorted(ballot.wishes)]
        db.session.execute(insert(VoteWish), wishes)


def _open_conflict(round_: Round, entry: RegisterEntry, standing: Vote, held: Vote) -> None:
    conflict = Conflict(
        round_id=round_.id,
        entry_id=entry.id,
        standing_vote_id=standing.id,
        held_vote_id=held.id,
        opened_at=held.cast_at,
    )
    db.session.add(conflict)
    db.session.flush()
