"""The first vote of a household on its phone, where nothing stands in its way.

On the evening of the message almost every vote is one. Those that come while others are being
written share the next transaction (FAULTS.md §1 asks all its questions under one lock). Whatever
is not that plain (a change, a retry, a dispute, a plan that changed, a round that closed) is left
to `casting`, which knows every rule and says every no.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import cast as as_type

from sqlalchemy import Table, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from app.accounts.models import HouseholdCode, HouseholdSession
from app.accounts.queries import session_stands
from app.core import clock
from app.core.db import db, release
from app.core.guards import Claim
from app.core.together import Together
from app.journal.actions import Event, Recorded, book_of_round, record_all
from app.journal.models import Kind
from app.notices.actions import tell_each
from app.projects.models import PlanVersion
from app.roster.models import Contact
from app.rounds.counting import Track
from app.rounds.models import Channel, Matter, RegisterEntry, Round, Voice
from app.rounds.new_phones import ripe_at
from app.rounds.recording import Ballot, Receipt, facts_of_vote, news_of
from app.rounds.storing import FirstVote, store


@dataclass(frozen=True)
class _Sent:
    """A ballot as a phone sent it, and the session it claims to come from."""

    round_id: int
    claim: Claim
    ballot: Ballot


@dataclass(frozen=True)
class _Asked:
    """What an open round asks, and on which plan version; neither ever changes."""

    matters: tuple[Matter, ...]
    version: PlanVersion

    @property
    def counted(self) -> frozenset[int]:
        """The matters that count by household."""
        return frozenset(m.id for m in self.matters if m.track == Track.CONSULTATION)


@dataclass(frozen=True)
class _Plain:
    """A ballot that nothing stands against: its round and its home as they are under the lock."""

    round: Any
    home: Any
    asked: _Asked
    ballot: Ballot

    @property
    def event(self) -> Event:
        """What the journal says of it."""
        version, home = self.asked.version, self.home
        facts = facts_of_vote(self.round.id, version, home, self.ballot, Channel.PHONE)
        return Event(book_of_round(self.round.id), facts, home.commitment)

    def as_vote(self, recorded: Recorded) -> FirstVote:
        """What is stored of it, once it is recorded."""
        return FirstVote(
            round_id=self.round.id,
            plan_version_id=self.asked.version.id,
            entry_id=self.home.id,
            building_id=self.home.building_id,
            session_id=self.home.session_id,
            ballot=self.ballot,
            counted=self.asked.counted if self.home.is_household else frozenset(),
            recorded=recorded,
        )


def cast(round_id: int, claim: Claim, ballot: Ballot) -> Receipt | None:
    """Record a plain first vote and return its receipt; None: nothing was done, ask `casting`.

    On return it is committed, perhaps together with those of other households.
    """
    return _together.ask(_Sent(round_id, claim, ballot))


def _cast_all(sent: Sequence[_Sent]) -> list[Receipt | None]:
    try:
        receipts = _cast_plain_ones(sent)
    except IntegrityError:
        # One of them uses the name of somebody else's request.
        release()
        receipts = {}
    return [receipts.get(place) for place in range(len(sent))]


def _cast_plain_ones(sent: Sequence[_Sent]) -> dict[int, Receipt]:
    """Receipts by place in `sent`, of the plain votes among them."""
    plain = _plain_ones(sent, _locked({one.round_id for one in sent}))
    if not plain:
        return {}
    recorded = record_all(Kind.VOTE, [vote.event for vote in plain.values()])
    pairs = list(zip(plain.values(), recorded, strict=True))
    if any(one.at >= vote.round.closes_at for vote, one in pairs):
        # Time in a book never runs backwards: there it may be later than on the clock.
        release()
        return {}
    store([vote.as_vote(one) for vote, one in pairs])
    tell_each([news_of(vote.home.household_id, vote.home.id, 1, one) for vote, one in pairs])
    receipts = [Receipt(one.code, one.seq, one.at, number=1) for one in recorded]
    return dict(zip(plain, receipts, strict=True))


def _locked(round_ids: set[int]) -> dict[int, Any]:
    """The rounds of these that are open, under the locks that every change of them takes.

    In the order of their numbers, so that nobody waits in a circle.
    """
    rows = db.session.connection().execute(_ROUNDS, {"ids": sorted(round_ids)}).all()
    now = clock.now()
    return {row.id: row for row in rows if now < row.closes_at}


def _plain_ones(sent: Sequence[_Sent], rounds: dict[int, Any]) -> dict[int, _Plain]:
    """By place in `sent`, where the session stands and nothing else is in the way.

    Of two from one home, or with one name, the second waits for the answer to the first.
    """
    asked = {"digests": [one.claim.digest for one in sent], "round_ids": list(rounds)}
    rows = db.session.connection().execute(_HOMES, asked).all() if rounds else []
    homes = {(row.round_id, row.token_digest): row for row in rows}
    plain: dict[int, _Plain] = {}
    taken: set[int | str] = set()
    for place, one in enumerate(sent):
        home = homes.get((one.round_id, one.claim.digest))
        if home is None or home.began_at <= one.claim.began_after:
            continue
        round_ = rounds[one.round_id]
        if ripe_at(home.phone_since, round_.frozen_at):
            # It waits: `casting` says until when.
            continue
        vote = _Plain(round_, home, _what_is_asked(round_), one.ballot)
        names = {home.id, one.ballot.request_id}
        if not names & taken and _is_complete(vote):
            taken |= names
            plain[place] = vote
    return plain


def _is_complete(vote: _Plain) -> bool:
    """Whether it says what this home is asked, all of it, on the plan as it stands."""
    ballot, asked = vote.ballot, vote.asked
    if ballot.seen != 0 or ballot.plan_number != asked.version.number:
        return False
    matters = [matter for matter in asked.matters if matter.counts(vote.home)]
    decisions = {matter.id for matter in matters if matter.is_decision}
    consulted = {matter.id for matter in matters if matter.track == Track.CONSULTATION}
    is_whole = bool(ballot.choices) and consulted <= ballot.choices.keys() <= decisions
    return is_whole and ballot.is_on_the_menus(matters)


def _what_is_asked(round_: Any) -> _Asked:
    """From memory, where the votes of an evening follow each other by milliseconds.

    The moment of its opening tells a round from any other that ever had its number.
    """
    key = (round_.id, round_.opened_at, round_.plan_version_id)
    if key not in _memory:
        if len(_memory) > 5000:
            _memory.clear()
        of_round = select(Matter).where(Matter.round_id == round_.id)
        matters = tuple(db.session.scalars(of_round.options(selectinload(Matter.options))))
        version = db.session.get_one(PlanVersion, round_.plan_version_id)
        for remembered in (*matters, version):
            db.session.expunge(remembered)
        _memory[key] = _Asked(matters, version)
    return _memory[key]


_together = Together(_cast_all)
_memory: dict[tuple[object, ...], _Asked] = {}

# Made once, on tables instead of classes, because they are on the way of every vote.
_round, _entry, _session, _code = (
    as_type(Table, model.__table__)
    for model in (Round, RegisterEntry, HouseholdSession, HouseholdCode)
)
# Under a name of its own: `session_stands` asks about phones by itself.
_phone = as_type(Table, Contact.__table__).alias("phone")
_ROUNDS = (
    select(
        _round.c.id,
        _round.c.frozen_at,
        _round.c.opened_at,
        _round.c.closes_at,
        _round.c.plan_version_id,
    )
    .where(
        _round.c.id.in_(bindparam("ids", expanding=True)),
        _round.c.opened_at.is_not(None),
        _round.c.closed_at.is_(None),
        _round.c.plan_version_id.is_not(None),
    )
    .order_by(_round.c.id)
    .with_for_update()
)
_HOMES = (
    select(
        _session.c.token_digest,
        _session.c.began_at,
        _session.c.id.label("session_id"),
        _phone.c.since.label("phone_since"),
        _entry.c.id,
        _entry.c.round_id,
        _entry.c.household_id,
        _entry.c.building_id,
        _entry.c.entrance_id,
        _entry.c.case,
        _entry.c.is_household,
        _entry.c.is_property,
        _entry.c.commitment,
    )
    .join(_entry, _entry.c.household_id == _session.c.household_id)
    .outerjoin(_code, _code.c.id == _session.c.code_id)
    .outerjoin(_phone, _phone.c.id == _session.c.contact_id)
    .where(
        _session.c.token_digest.in_(bindparam("digests", expanding=True)),
        session_stands(),
        _entry.c.round_id.in_(bindparam("round_ids", expanding=True)),
        _entry.c.removed_at.is_(None),
        _entry.c.votes == 0,
        _entry.c.voice == Voice.SILENT,
    )
)
