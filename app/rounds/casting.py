"""Casting a vote: the one transaction everything stands on, in few statements (FAULTS.md §1).

Under the round's lock: the same request returns its first receipt; otherwise the round must be
open, the household on the register, the plan the one that was read, and the form not stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from dataclasses import replace as altered
from datetime import datetime

from sqlalchemy import insert, select, update

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.core.tokens import random_token
from app.journal.actions import Recorded, book_of_round, record
from app.journal.models import Kind
from app.rounds import effects, queries
from app.rounds.cases import Conflict
from app.rounds.counting import Choice
from app.rounds.models import (
    Channel,
    Matter,
    RegisterEntry,
    Round,
    Voice,
    Vote,
    VoteChoice,
    VoteWish,
)
from app.rounds.profile import Revote
from app.rounds.steps import locked

_MEANWHILE = msg("您打开这一页以后，您家又有人表过态。请看清楚再决定要不要替换。")


class NotOpen(Refused):
    """The round is not open: nothing was counted."""


class NotOnRegister(Refused):
    """The household is not on the frozen register of this round."""


class Incomplete(Refused):
    """A vote says something on every matter it is asked, and only on those."""


class PlanChanged(Refused):
    """The plan that the household read is no longer the current version."""


class VotedMeanwhile(Refused):
    """Somebody of the household voted since the form was loaded; it must be replaced knowingly."""


class RequestTaken(Refused):
    """Another household's request carries this id."""


class NoMoreChanges(Refused):
    """The profile of the round allows this household no further change."""


class BeingSettled(Refused):
    """The household's word is in dispute or conflict; two persons have to settle it first."""


class SellerVoted(Refused):
    """The vote cast before the dwelling changed hands stands (RULES.md §2.2)."""


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
class _Hand:
    """Through whom a vote came in."""

    channel: Channel
    session_id: int | None = None
    keyed_by_id: int | None = None


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

    Refuses `NotOpen`, `NotOnRegister`, `Incomplete`, `PlanChanged`, `VotedMeanwhile`,
    `RequestTaken`, `NoMoreChanges`, `BeingSettled` and `SellerVoted`, each before anything changes.
    """
    round_ = locked(round_)
    first = _earlier(round_, household_id, ballot)
    if first is not None:
        return first
    entry = _check(round_, household_id, ballot, via)
    return _write(round_, entry, ballot, _Hand(via, session_id, keyed_by_id))


def reaffirm(
    round_: Round,
    household_id: int,
    request_id: str,
    seen: int,
    *,
    plan_number: int,
    session_id: int | None = None,
) -> Receipt:
    """Say the same again, after a material change, on the version that was shown (RULES.md §3).

    Refuses as `cast` does: nobody confirms a version that came after the page was loaded.
    """
    round_ = locked(round_)
    entry = place_on_register(round_, household_id)
    ballot = said_before(round_, entry, request_id, seen)
    asked = {matter.id for matter in matters_asked(round_, entry, via=Channel.PHONE)}
    choices = {matter: c for matter, c in ballot.choices.items() if matter in asked}
    again = altered(ballot, choices=choices, plan_number=plan_number)
    return cast(round_, household_id, again, via=Channel.PHONE, session_id=session_id)


def said_before(round_: Round, entry: RegisterEntry, request_id: str, seen: int) -> Ballot:
    """What the household's last vote said, as a ballot on the current plan version."""
    vote = effects.current_vote(entry)
    number = round_.plan_version.number if round_.plan_version else 0
    if vote is None:
        return Ballot({}, request_id, seen, number)
    choices = {choice.matter_id: choice.choice for choice in vote.choices}
    wishes = frozenset(wish.option_id for wish in vote.wishes)
    return Ballot(choices, request_id, seen, number, vote.comment, wishes)


def replace(
    entry: RegisterEntry, choices: Mapping[int, Choice], decision_id: int, *, by: Identity
) -> Receipt:
    """Record what the household's signed form says, as two persons decided, after the close too.

    Refuses `Incomplete`, `NotOnRegister` and `BeingSettled`.
    """
    round_ = locked(entry.round)
    check_complete(entry, choices)
    check_present(entry)
    _check_no_conflict(entry)
    before = said_before(round_, entry, f"decision-{decision_id}", entry.votes)
    # Another writing of the same household, so that it can never look like a retry.
    request_id = f"decision-{decision_id}-{random_token(8)}"
    ballot = altered(before, choices=choices, request_id=request_id)
    hand = _Hand(Channel.PAPER, keyed_by_id=by.id)
    return _write(round_, entry, ballot, hand, is_decided=True)


def strike_out(entry: RegisterEntry) -> int:
    """Void the household's current vote; it is silent then. Returns the vote's number.

    Refuses `NotOnRegister` without such a vote and `BeingSettled`.
    """
    check_present(entry)
    _check_no_conflict(entry)
    vote = effects.current_vote(entry)
    if vote is None:
        raise NotOnRegister(msg("这一户没有表过态，没有可以作废的票。"))
    effects.make_current(entry, None)
    vote.is_void = True
    db.session.flush()
    return vote.number


def require_open(round_: Round) -> None:
    """Refuse `NotOpen` before the opening and from the published minute on."""
    if not round_.is_open:
        raise NotOpen(msg("征询已经截止或还没有开始，刚才这一次没有计入。有疑问请打社区电话。"))


def place_on_register(round_: Round, household_id: int) -> RegisterEntry:
    """The household's entry in the frozen register; refuses `NotOnRegister`."""
    entry = queries.entry_of(round_.id, household_id)
    if entry is None:
        raise NotOnRegister(msg("您家不在这一轮的登记册里，请打社区电话核对。"))
    check_present(entry)
    return entry


def check_present(entry: RegisterEntry) -> None:
    """Refuse `NotOnRegister` when the entry was struck off."""
    if entry.removed_at is not None:
        raise NotOnRegister(msg("您家不在这一轮的登记册里，请打社区电话核对。"))


def check_complete(entry: RegisterEntry, choices: Mapping[int, Choice]) -> None:
    """Refuse `Incomplete` unless every decision this entry is asked on paper has its answer."""
    asked = matters_asked(entry.round, entry, via=Channel.PAPER)
    if set(choices) != {matter.id for matter in asked if matter.is_decision}:
        raise Incomplete(msg("请对每一项都选一个答案。"))


def matters_asked(round_: Round, entry: RegisterEntry, *, via: Channel) -> list[Matter]:
    """The matters that this entry is asked, in their order."""
    return [matter for matter in round_.matters if matter.is_asked_of(entry, via=via)]


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
    said = {choice.matter_id: choice.choice for choice in vote.choices}
    wished = {wish.option_id for wish in vote.wishes}
    if (said, wished) != (dict(ballot.choices), set(ballot.wishes)):
        raise VotedMeanwhile(_MEANWHILE)
    return Receipt(vote.receipt, vote.seq, vote.cast_at, vote.number, vote.is_held)


def _check(round_: Round, household_id: int, ballot: Ballot, via: Channel) -> RegisterEntry:
    require_open(round_)
    entry = place_on_register(round_, household_id)
    asked = matters_asked(round_, entry, via=via)
    if not asked:
        raise NotOnRegister(msg("这一轮没有要您家表态的事项。有疑问请打社区电话。"))
    options = {option.id for matter in asked for option in matter.options}
    if set(ballot.choices) != {matter.id for matter in asked if matter.is_decision}:
        raise Incomplete(msg("请对每一项都选一个答案。"))
    if not ballot.wishes <= options:
        raise Incomplete(msg("选了菜单里没有的项目，请刷新后重新选。"))
    if round_.plan_version is None or round_.plan_version.number != ballot.plan_number:
        raise PlanChanged(msg("方案有了新版本，请先看新方案，再重新表态。"))
    if ballot.seen != entry.votes:
        raise VotedMeanwhile(_MEANWHILE)
    if entry.votes:
        check_change(round_, entry)
    return entry


def check_change(round_: Round, entry: RegisterEntry) -> None:
    """Whether a household that has spoken before may speak again.

    Refuses `BeingSettled`, `SellerVoted` and `NoMoreChanges`.
    """
    if entry.voice == Voice.DISPUTED:
        raise BeingSettled(
            msg("您家几位业主的意见不一致，请一起签一张纸质表交到社区，暂时不能在手机上改。")
        )
    _check_no_conflict(entry)
    if entry.voice != Voice.COUNTED:
        # What does not count any more must be said anew, whatever the profile says of changes.
        return
    vote = effects.current_vote(entry)
    if entry.transferred_at and vote and vote.cast_at < entry.transferred_at:
        raise SellerVoted(msg("这套房过户以前，原业主已经表过态，按规则有效。有疑问请打社区电话。"))
    allowed = {Revote.NONE: 0, Revote.ONCE: 1}.get(round_.switches.revote)
    if allowed is not None and entry.votes > allowed:
        raise NoMoreChanges(msg("这一轮规定交了以后不能再改。确实填错了，请打社区电话。"))


def _check_no_conflict(entry: RegisterEntry) -> None:
    held = select(Vote.id).where(Vote.entry_id == entry.id, Vote.is_held)
    if db.session.scalar(held) is not None:
        raise BeingSettled(
            msg("您家的纸质表和手机表态不一样，社区正在核实，核实以前不能再改。可以打社区电话。")
        )


def _write(
    round_: Round, entry: RegisterEntry, ballot: Ballot, hand: _Hand, *, is_decided: bool = False
) -> Receipt:
    """Record, store, and let it count; or hold it when it contradicts another channel."""
    number, standing = entry.votes + 1, effects.current_vote(entry) if entry.votes else None
    contradicts = standing is not None and _contradicts(entry, standing, ballot, hand.channel)
    is_held = contradicts and not is_decided
    recorded = _record(round_, entry, ballot, hand.channel, is_held)
    vote = _store(round_, entry, ballot, recorded, hand)
    if is_held and standing is not None:
        vote.is_held = True
        _open_conflict(round_, entry, standing, vote)
    else:
        effects.make_current(entry, vote)
    effects.touch(round_)
    return Receipt(recorded.code, recorded.seq, recorded.at, number, is_held)


def _contradicts(entry: RegisterEntry, vote: Vote, ballot: Ballot, via: Channel) -> bool:
    """Whether paper meets another channel with different choices (RULES.md §4)."""
    if entry.voice != Voice.COUNTED or (vote.channel == Channel.PAPER) == (via == Channel.PAPER):
        return False
    said = {choice.matter_id: choice.choice for choice in vote.choices}
    return any(said.get(matter, choice) != choice for matter, choice in ballot.choices.items())


def _record(
    round_: Round, entry: RegisterEntry, ballot: Ballot, via: Channel, is_held: bool
) -> Recorded:
    version = round_.plan_version
    facts = {
        "round": round_.id,
        "hh": entry.commitment,
        "choice": {str(matter): choice.value for matter, choice in ballot.choices.items()},
        "wish": sorted(ballot.wishes),
        "channel": via.value,
        "plan": version.plan_hash if version else "",
        "management": version.management_hash if version else "",
        "version": version.number if version else 0,
        "req": ballot.request_id,
        "number": entry.votes + 1,
        "held": int(is_held),
    }
    return record(book_of_round(round_.id), Kind.VOTE, facts, actor=entry.commitment)


def _store(
    round_: Round, entry: RegisterEntry, ballot: Ballot, recorded: Recorded, hand: _Hand
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
