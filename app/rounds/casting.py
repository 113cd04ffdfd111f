"""Casting a vote: the one transaction everything stands on, in few statements (FAULTS.md §1).

Under the round's lock: the same request returns its first receipt; otherwise the round must be
open, the household on the register, the plan the one that was read, and the form not stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from app.core.db import db
from app.core.errors import Refused, msg
from app.journal.actions import Recorded, book_of_round, record
from app.journal.models import Kind
from app.rounds import queries
from app.rounds.actions import locked
from app.rounds.counting import Choice
from app.rounds.models import Channel, Counter, RegisterEntry, Round, Vote, VoteChoice

_MEANWHILE = msg("您打开这一页以后，您家又有人表过态。请看清楚再决定要不要替换。")


class NotOpen(Refused):
    """The round is not open: nothing was counted."""


class NotOnRegister(Refused):
    """The household is not on the frozen register of this round."""


class Incomplete(Refused):
    """A vote says something on every matter of the round, and only on those."""


class PlanChanged(Refused):
    """The plan that the household read is no longer the current version."""


class VotedMeanwhile(Refused):
    """Somebody of the household voted since the form was loaded; it must be replaced knowingly."""


class RequestTaken(Refused):
    """Another household's request carries this id."""


@dataclass(frozen=True)
class Ballot:
    """One expression of a household's will, and what it had seen when it made it.

    `seen` is how many votes of the household it knew of; `plan_number` the version it read.
    """

    choices: Mapping[int, Choice]
    request_id: str
    seen: int
    plan_number: int
    comment: str = ""


@dataclass(frozen=True)
class Receipt:
    """The proof that a vote is recorded: short code, place in the round's book, time."""

    code: str
    seq: int
    at: datetime
    number: int


def cast(
    round_: Round,
    household_id: int,
    ballot: Ballot,
    *,
    via: Channel,
    session_id: int | None = None,
    keyed_by_id: int | None = None,
) -> Receipt:
    """Record a household's vote and return its receipt; the same request makes it once.

    Refuses `NotOpen`, `NotOnRegister`, `Incomplete`, `PlanChanged`, `VotedMeanwhile` and
    `RequestTaken`, each before anything changes.
    """
    round_ = locked(round_)
    first = _earlier(round_, household_id, ballot)
    if first is not None:
        return first
    entry = _check(round_, household_id, ballot)
    number = entry.votes + 1
    recorded = _record(round_, entry, ballot, via)
    _store(round_, entry, ballot, recorded, via, session_id, keyed_by_id)
    return Receipt(recorded.code, recorded.seq, recorded.at, number)


def require_open(round_: Round) -> None:
    """Refuse `NotOpen` before the opening and from the published minute on."""
    if not round_.is_open:
        raise NotOpen(msg("征询已经截止或还没有开始，刚才这一次没有计入。有疑问请打社区电话。"))


def place_on_register(round_: Round, household_id: int) -> RegisterEntry:
    """The household's entry in the frozen register; refuses `NotOnRegister`."""
    entry = queries.entry_of(round_.id, household_id)
    if entry is None:
        raise NotOnRegister(msg("您家不在这一轮的登记册里，请打社区电话核对。"))
    return entry


def _earlier(round_: Round, household_id: int, ballot: Ballot) -> Receipt | None:
    found = db.session.execute(
        select(Vote, RegisterEntry.household_id)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(Vote.round_id == round_.id, Vote.request_id == ballot.request_id)
    ).one_or_none()
    if found is None:
        return None
    vote, voter_id = found
    if voter_id != household_id:
        raise RequestTaken(msg("这一页已经过期，请刷新后重新填写。"))
    # A form fetched back and filled in differently is no repetition: its first receipt would
    # tell the household that something was recorded which was not.
    if {choice.matter_id: choice.choice for choice in vote.choices} != dict(ballot.choices):
        raise VotedMeanwhile(_MEANWHILE)
    return Receipt(vote.receipt, vote.seq, vote.cast_at, vote.number)


def _check(round_: Round, household_id: int, ballot: Ballot) -> RegisterEntry:
    require_open(round_)
    entry = place_on_register(round_, household_id)
    if set(ballot.choices) != {matter.id for matter in round_.matters}:
        raise Incomplete(msg("请对每一项都选一个答案。"))
    if round_.plan_version is None or round_.plan_version.number != ballot.plan_number:
        raise PlanChanged(msg("方案有了新版本，请先看新方案，再重新表态。"))
    if ballot.seen != entry.votes:
        raise VotedMeanwhile(_MEANWHILE)
    return entry


def _record(round_: Round, entry: RegisterEntry, ballot: Ballot, via: Channel) -> Recorded:
    version = round_.plan_version
    facts = {
        "round": round_.id,
        "hh": entry.commitment,
        "choice": {str(matter): choice.value for matter, choice in ballot.choices.items()},
        "channel": via.value,
        "plan": version.plan_hash if version else "",
        "management": version.management_hash if version else "",
        "req": ballot.request_id,
        "number": entry.votes + 1,
    }
    return record(book_of_round(round_.id), Kind.VOTE, facts, actor=entry.commitment)


def _store(
    round_: Round,
    entry: RegisterEntry,
    ballot: Ballot,
    recorded: Recorded,
    via: Channel,
    session_id: int | None,
    keyed_by_id: int | None,
) -> None:
    before = _retire_current(entry)
    vote_id = db.session.scalar(
        insert(Vote)
        .values(
            round_id=round_.id,
            entry_id=entry.id,
            number=entry.votes + 1,
            request_id=ballot.request_id,
            seq=recorded.seq,
            receipt=recorded.code,
            channel=via,
            plan_version_id=round_.plan_version_id,
            session_id=session_id,
            keyed_by_id=keyed_by_id,
            cast_at=recorded.at,
            comment=ballot.comment,
            is_current=True,
        )
        .returning(Vote.id)
    )
    db.session.execute(
        insert(VoteChoice),
        [{"vote_id": vote_id, "matter_id": m, "choice": c} for m, c in ballot.choices.items()],
    )
    _move_counters(entry, before, ballot.choices)
    db.session.execute(
        update(RegisterEntry).where(RegisterEntry.id == entry.id).values(votes=entry.votes + 1)
    )
    db.session.execute(
        update(Round).where(Round.id == round_.id).values(revision=Round.revision + 1)
    )


def _retire_current(entry: RegisterEntry) -> dict[int, Choice]:
    """Take the mark from the household's current vote; returns what it had said."""
    if entry.votes == 0:
        return {}
    rows = db.session.execute(
        select(VoteChoice.matter_id, VoteChoice.choice)
        .join(Vote, Vote.id == VoteChoice.vote_id)
        .where(Vote.entry_id == entry.id, Vote.is_current)
    )
    before = {row.matter_id: row.choice for row in rows}
    db.session.execute(
        update(Vote).where(Vote.entry_id == entry.id, Vote.is_current).values(is_current=False)
    )
    return before


def _move_counters(
    entry: RegisterEntry, before: Mapping[int, Choice], after: Mapping[int, Choice]
) -> None:
    for matter_id, choice in after.items():
        old = before.get(matter_id)
        if old == choice:
            continue
        _add_to_counter(entry.building_id, matter_id, choice, 1)
        if old is not None:
            _add_to_counter(entry.building_id, matter_id, old, -1)


def _add_to_counter(building_id: int, matter_id: int, choice: Choice, households: int) -> None:
    db.session.execute(
        update(Counter)
        .where(
            Counter.matter_id == matter_id,
            Counter.building_id == building_id,
            Counter.choice == choice,
        )
        .values(households=Counter.households + households)
    )
