"""Casting a vote: the one transaction everything stands on, in few statements (FAULTS.md §1).

Under the round's lock: the same request returns its first receipt; otherwise the round must be
open, the household on the register, the plan the one that was read, and the form not stale.
"""

from collections.abc import Mapping
from dataclasses import replace as altered

from sqlalchemy import func, select

from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.projects.models import PlanVersion
from app.rounds import effects, queries
from app.rounds.counting import Choice, Track
from app.rounds.models import (
    Channel,
    Matter,
    RegisterEntry,
    Round,
    Voice,
    Vote,
)
from app.rounds.profile import Revote
from app.rounds.recording import Ballot as Ballot
from app.rounds.recording import Hand, said_in, write
from app.rounds.recording import Receipt as Receipt
from app.rounds.steps import locked

_NOT_ON_REGISTER = msg("您家不在这一轮的登记册里，请打社区电话核对。")
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
    entry = on_register(round_, household_id)
    return _cast(round_, entry, ballot, Hand(via, session_id, keyed_by_id))


def cast_on_paper(
    round_: Round,
    entry: RegisterEntry,
    ballot: Ballot,
    *,
    keyed_by: Identity,
    checked_by: Identity | None = None,
) -> Receipt:
    """Record what a signed form says for any premises of the register, shops too.

    Where the resident is not the owner, each has an entry and a form of its own (RULES.md §2.2).
    Whoever keyed it and whoever read the same (`checked_by`) judge it no more. Refuses as `cast`.
    """
    round_ = locked(round_)
    checked_by_id = checked_by.id if checked_by else None
    hand = Hand(Channel.PAPER, keyed_by_id=keyed_by.id, checked_by_id=checked_by_id)
    return _cast(round_, entry, ballot, hand)


def _cast(round_: Round, entry: RegisterEntry, ballot: Ballot, hand: Hand) -> Receipt:
    # One moment decides and is recorded: no counted vote bears a time after the close (F15).
    with clock.pretending(clock.now()):
        first = _earlier(round_, entry, ballot)
        if first is not None:
            return first
        _check(round_, entry, ballot, hand.channel)
        return write(round_, entry, ballot, hand)


def reaffirm(
    round_: Round,
    household_id: int,
    request_id: str,
    seen: int,
    *,
    plan_number: int,
    session_id: int | None = None,
) -> Receipt:
    """Say the same again on the version that was shown: after a material change (RULES.md §3), or

    to confirm what came by a new phone. Refuses as `cast` does: nobody confirms a version that
    came after the page was loaded.
    """
    round_ = locked(round_)
    entry = on_register(round_, household_id)
    first = _by_request(round_, entry, request_id)
    if first is not None:
        return _receipt(first)
    vote = effects.last_word(entry)
    _check_own(entry, vote)
    ballot = (
        said_in(vote, request_id, seen, plan_number) if vote else Ballot({}, request_id, seen, 0)
    )
    asked = {matter.id for matter in matters_asked(round_, entry)}
    choices = {matter: c for matter, c in ballot.choices.items() if matter in asked}
    again = altered(ballot, choices=choices, plan_number=plan_number)
    return cast(round_, household_id, again, via=Channel.PHONE, session_id=session_id)


def _check_own(entry: RegisterEntry, vote: Vote | None) -> None:
    """Nobody says again, unseen, what the former owner said."""
    if _is_sellers(entry, vote):
        raise SellerVoted(msg("上次是原业主表的态，不能照着确认。请您家重新选。"))


def _is_sellers(entry: RegisterEntry, vote: Vote | None) -> bool:
    """Whether a vote was cast before the dwelling changed hands in this round."""
    moved = entry.transferred_at
    return vote is not None and moved is not None and vote.cast_at < moved


def said_before(round_: Round, entry: RegisterEntry, request_id: str, seen: int) -> Ballot:
    """What the household's own current vote said, as a ballot on the current plan version.

    Nothing of one that waits to be confirmed: its wishes must not begin to count unasked.
    """
    vote = effects.current_vote(entry)
    number = round_.plan_version.number if round_.plan_version else 0
    if vote is None or vote.waits_until or _is_sellers(entry, vote):
        return Ballot({}, request_id, seen, number)
    return said_in(vote, request_id, seen, number)


def require_open(round_: Round) -> None:
    """Refuse `NotOpen` before the opening and from the published minute on."""
    if not round_.is_open:
        raise NotOpen(msg("征询已经截止或还没有开始，刚才这一次没有计入。有疑问请打社区电话。"))


def place_on_register(round_: Round, household_id: int) -> RegisterEntry:
    """The household's entry in the frozen register; refuses `NotOnRegister`."""
    entry = on_register(round_, household_id)
    check_present(entry)
    return entry


def on_register(round_: Round, household_id: int) -> RegisterEntry:
    """The household's entry, were it struck off or not; refuses `NotOnRegister`."""
    entry = queries.entry_of(round_.id, household_id)
    if entry is None:
        raise NotOnRegister(_NOT_ON_REGISTER)
    return entry


def check_present(entry: RegisterEntry) -> None:
    """Refuse `NotOnRegister` when the entry was struck off."""
    if entry.removed_at is not None:
        raise NotOnRegister(_NOT_ON_REGISTER)


def matters_asked(round_: Round, entry: RegisterEntry) -> list[Matter]:
    """The matters that this entry is asked, in their order."""
    return [matter for matter in round_.matters if matter.counts(entry)]


def _by_request(round_: Round, entry: RegisterEntry, request_id: str) -> Vote | None:
    vote = db.session.scalar(
        select(Vote).where(Vote.round_id == round_.id, Vote.request_id == request_id)
    )
    if vote is not None and vote.entry_id != entry.id:
        raise RequestTaken(msg("这一页已经过期，请刷新后重新填写。"))
    return vote


def _earlier(round_: Round, entry: RegisterEntry, ballot: Ballot) -> Receipt | None:
    vote = _by_request(round_, entry, ballot.request_id)
    if vote is None:
        return None
    # A form fetched back and filled in differently is no repetition: its first receipt would
    # tell the household that something was recorded which was not.
    first = said_in(vote, ballot.request_id, ballot.seen, ballot.plan_number)
    if first.content != ballot.content:
        raise VotedMeanwhile(_MEANWHILE)
    return _receipt(vote)


def _receipt(vote: Vote) -> Receipt:
    seen = (vote.receipt, vote.seq, vote.cast_at, vote.number)
    return Receipt(*seen, vote.is_held, vote.waits_until)


def _check(round_: Round, entry: RegisterEntry, ballot: Ballot, via: Channel) -> None:
    require_open(round_)
    check_present(entry)
    check_complete(entry, ballot.choices)
    asked = matters_asked(round_, entry)
    if not ballot.is_on_the_menus(asked):
        raise Incomplete(msg("选了菜单里没有的项目，请刷新后重新选。"))
    if round_.plan_version is None or round_.plan_version.number != ballot.plan_number:
        raise PlanChanged(msg("方案有了新版本，请先看新方案，再重新表态。"))
    if ballot.seen != entry.votes:
        raise VotedMeanwhile(_MEANWHILE)
    if entry.votes or entry.voice == Voice.DISPUTED:
        check_change(round_, entry)


def check_complete(entry: RegisterEntry, choices: Mapping[int, Choice]) -> None:
    """Refuse `Incomplete` unless every consultation that is asked has its answer: an owners'

    question left open is no participation. Refuses `NotOnRegister` when nothing is asked here.
    """
    asked = [m for m in matters_asked(entry.round, entry) if m.is_decision]
    if not asked:
        raise NotOnRegister(msg("这一轮没有要您家表态的事项。有疑问请打社区电话。"))
    consulted = {matter.id for matter in asked if matter.track == Track.CONSULTATION}
    possible = {matter.id for matter in asked}
    if not choices or not consulted <= choices.keys() <= possible:
        raise Incomplete(msg("请对每一项都选一个答案。"))


def check_change(round_: Round, entry: RegisterEntry) -> None:
    """Whether a household that has spoken before may speak again.

    Refuses `BeingSettled`, `SellerVoted` and `NoMoreChanges`.
    """
    if entry.voice == Voice.DISPUTED:
        raise BeingSettled(
            msg("您家几位业主的意见不一致，请一起签一张纸质表交到社区，暂时不能在手机上改。")
        )
    check_no_conflict(entry)
    if entry.voice != Voice.COUNTED:
        # What does not count any more must be said anew, whatever the profile says of changes.
        return
    if entry.transferred_at and _is_sellers(entry, effects.current_vote(entry)):
        raise SellerVoted(msg("这套房过户以前，原业主已经表过态，按规则有效。有疑问请打社区电话。"))
    if changes_left(round_, entry) == 0:
        raise NoMoreChanges(msg("这一轮规定交了以后不能再改。确实填错了，请打社区电话。"))


def changes_left(round_: Round, entry: RegisterEntry, *, more: int = 0) -> int | None:
    """How often a household may still change its mind, after `more` votes; None: until the end.

    What the profile says (RULES.md §3). To say again what a material change or a decision took
    away, or what waited for a new phone to get older, is no use of it.
    """
    allowed = {Revote.NONE: 0, Revote.ONCE: 1}.get(round_.switches.revote)
    if allowed is None:
        return None
    votes = (
        select(func.count())
        .select_from(Vote)
        .join(PlanVersion, PlanVersion.id == Vote.plan_version_id)
        .where(
            Vote.entry_id == entry.id,
            Vote.is_void.is_(False),
            Vote.waits_until.is_(None),
            PlanVersion.number >= round_.counts_from_version,
        )
    )
    return max(0, allowed + 1 - more - (db.session.scalar(votes) or 0))


def check_no_conflict(entry: RegisterEntry) -> None:
    """Refuse `BeingSettled` while paper and another channel say different things."""
    held = select(Vote.id).where(Vote.entry_id == entry.id, Vote.is_held)
    if db.session.scalar(held) is not None:
        raise BeingSettled(
            msg("您家的纸质表和手机表态不一样，社区正在核实，核实以前不能再改。可以打社区电话。")
        )
