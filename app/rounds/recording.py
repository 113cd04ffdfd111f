"""A vote becomes an entry of the journal and rows, and counts or is held; it checks nothing.

Only `casting` and `corrections` call it, under the lock of the round.
"""

from collections.abc import Iterable, Mapping
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
    Matter,
    RegisterEntry,
    Round,
    Voice,
    Vote,
    VoteChoice,
    VoteWish,
)
from app.rounds.new_phones import waits_until
from app.rounds.reasons import Reason


@dataclass(frozen=True)
class Ballot:
    """One expression of a household's will, and what it had seen when it made it.

    `choices` by matter id, `wishes` the option ids it ticked; `seen` is how many votes of the
    household it knew of; `plan_number` the version it read. `ranks` are the options of a menu that
    it put in an order, `reasons` why it disagrees; what else it wrote is `comment`.
    """

    choices: Mapping[int, Choice]
    request_id: str
    seen: int
    plan_number: int
    comment: str = ""
    wishes: frozenset[int] = field(default_factory=frozenset)
    ranks: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    reasons: Mapping[int, Reason] = field(default_factory=dict)
    may_call: bool = False

    def is_on_the_menus(self, asked: Iterable[Matter]) -> bool:
        """Whether it wishes only for what is offered here, and ranks each of its wishes once."""
        menus = {matter.id: {option.id for option in matter.options} for matter in asked}
        offered = set().union(*menus.values())
        ranked = all(
            len(set(order)) == len(order) and set(order) <= menus.get(menu, set()) & self.wishes
            for menu, order in self.ranks.items()
        )
        return ranked and self.wishes <= offered

    @property
    def places(self) -> dict[int, int]:
        """Option id → its place in the order of its menu."""
        return {
            option: place
            for order in self.ranks.values()
            for place, option in enumerate(order, start=1)
        }

    @property
    def content(self) -> tuple[object, ...]:
        """Everything it says, to tell a request sent again from one that was filled in anew."""
        said, why = dict(self.choices), self.told_reasons
        return said, self.wishes, self.places, self.comment, why, self.may_call

    @property
    def told_reasons(self) -> dict[int, Reason]:
        """Why it disagrees, where it does: a reason beside another answer says nothing."""
        return {
            matter: reason
            for matter, reason in self.reasons.items()
            if self.choices.get(matter) == Choice.DISAGREE
        }


def said_in(vote: Vote, request_id: str, seen: int, plan_number: int) -> Ballot:
    """Everything that a vote says, as another ballot that says it again."""
    ranks: dict[int, tuple[int, ...]] = {}
    for wish in sorted((w for w in vote.wishes if w.rank), key=lambda w: w.rank or 0):
        menu = wish.option.matter_id
        ranks[menu] = (*ranks.get(menu, ()), wish.option_id)
    return Ballot(
        {choice.matter_id: choice.choice for choice in vote.choices},
        request_id,
        seen,
        plan_number,
        vote.comment,
        frozenset(wish.option_id for wish in vote.wishes),
        ranks,
        {choice.matter_id: choice.reason for choice in vote.choices if choice.reason},
        vote.may_call,
    )


def in_order(
    menu: Matter, wishes: Iterable[int], places: Mapping[int, int]
) -> list[tuple[int, str]]:
    """The items of a menu that are wished for, as (place or 0, title): first what has a place."""
    wanted = set(wishes)
    items = [(places.get(o.id, 0), o.title) for o in menu.options if o.id in wanted]
    return sorted(items, key=lambda item: item[0] or len(items) + 1)


def wished_in(vote: Vote, menu: Matter) -> list[tuple[int, str]]:
    """What a vote wishes for of a menu; as `in_order`."""
    places = {wish.option_id: wish.rank for wish in vote.wishes if wish.rank}
    return in_order(menu, [wish.option_id for wish in vote.wishes], places)


@dataclass(frozen=True)
class Receipt:
    """The proof that a vote is recorded: short code, place in the round's book, time.

    A held vote is recorded but does not count before two persons have settled the conflict; one
    that waits, before the household says it again (`new_phones`).
    """

    code: str
    seq: int
    at: datetime
    number: int
    is_held: bool = False
    waits_until: datetime | None = None


@dataclass(frozen=True)
class Hand:
    """Through whom a vote came in."""

    channel: Channel
    session_id: int | None = None
    keyed_by_id: int | None = None
    checked_by_id: int | None = None


def write(
    round_: Round,
    entry: RegisterEntry,
    ballot: Ballot,
    hand: Hand,
    *,
    decision_id: int | None = None,
) -> Receipt:
    """Record, store, and let it count; or hold it when it contradicts another channel.

    It checks nothing: that is for whoever calls it. What two persons decided is never held. What
    came by a new phone waits: it takes no voice away that counts, and contradicts nobody yet.
    """
    number, standing = entry.votes + 1, effects.current_vote(entry) if entry.votes else None
    waits = waits_until(round_, hand.session_id)
    contradicts = standing is not None and _contradicts(entry, standing, ballot, hand.channel)
    is_held = contradicts and decision_id is None and waits is None
    facts: dict[str, object] = {"number": number, "held": int(is_held)}
    facts |= {"decision": decision_id} if decision_id is not None else {}
    facts |= {"waits_until": waits.isoformat()} if waits else {}
    recorded = _record(round_, entry, ballot, hand, facts)
    vote = _store(round_, entry, ballot, recorded, hand)
    vote.waits_until = waits
    if is_held and standing is not None:
        vote.is_held = True
        _open_conflict(round_, entry, standing, vote)
    elif waits is None or entry.voice != Voice.COUNTED:
        effects.make_current(entry, vote)
    effects.touch(round_)
    if entry.household_id is not None:
        tell_each([news_of(entry.household_id, entry.id, number, recorded)])
    return Receipt(recorded.code, recorded.seq, recorded.at, number, is_held, waits)


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
    more: Mapping[str, object],
) -> Recorded:
    facts = facts_of_vote(round_.id, round_.plan_version, entry, ballot, hand.channel)
    return record(book_of_round(round_.id), Kind.VOTE, {**facts, **more}, actor=entry.commitment)


def facts_of_vote(
    round_id: int,
    version: PlanVersion | None,
    entry: RegisterEntry,
    ballot: Ballot,
    via: Channel,
) -> dict[str, object]:
    """What the journal says of a household's first vote; of a later one, two facts differ.

    One that waits says until when. An order of wishes stands in it where the household gave one.
    Its reasons and words do not.
    """
    facts: dict[str, object] = {
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
    if ballot.ranks:
        facts["rank"] = {str(menu): list(order) for menu, order in ballot.ranks.items()}
    return facts


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
        checked_by_id=hand.checked_by_id,
        cast_at=recorded.at,
        comment=ballot.comment,
        may_call=ballot.may_call,
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
        why = ballot.told_reasons
        rows = [
            {"vote_id": vote_id, "matter_id": m, "choice": c, "reason": why.get(m)}
            for m, c in ballot.choices.items()
        ]
        db.session.execute(insert(VoteChoice), rows)
    if ballot.wishes:
        places = ballot.places
        wishes = [
            {"vote_id": vote_id, "option_id": option, "rank": places.get(option)}
            for option in sorted(ballot.wishes)
        ]
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
