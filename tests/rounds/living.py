"""A round that lives through anything, one event after the other, beside a reckoning by hand.

Here: the place it happens in, its votes and its clock. `living_cases` adds what two persons decide.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import sqlalchemy as sa
import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Identity
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry
from app.journal.queries import first_flaw
from app.roster.models import Compound, Household, Occupancy, Owner, Premises, Tenure, Use
from app.rounds import actions, matters, recounting, tallies
from app.rounds.casting import Receipt
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, RegisterEntry, Round, Scope, Subject
from app.rounds.profile import Revote, Switches
from tests.factories import (
    issue_all_codes,
    make_building,
    make_compound,
    make_household,
    make_plan,
    make_staff,
    mark_invited,
)
from tests.rounds.reckoning import (
    HOME,
    OWNER,
    PAPER,
    PHONE,
    VISIT,
    Door,
    Facts,
    Question,
    Reckoning,
    Request,
)

# A Monday with no holiday near it.
START = datetime(2027, 5, 10, 1, tzinfo=UTC)
# What people write; nothing of it may ever stand in the journal.
WORDS = "Zhang Weiguo of 3-2-501 at 13800138000"
CHINESE = re.compile("[\u3400-\u9fff]")
SELDOM = st.sampled_from([False] * 9 + [True])
PICK = st.sampled_from(range(30))
CHOICES = st.lists(st.sampled_from(list(Choice)), min_size=4, max_size=4)
CHANNELS = st.sampled_from([PHONE, PHONE, PAPER, PAPER, VISIT])
KEPT_AS: dict[str, dict[str, Any]] = {
    "owned": {"ownership": "已购", "use": Use.DWELLING, "occupancy": Occupancy.OWNER},
    "public": {"ownership": "直管公房", "use": Use.DWELLING, "occupancy": Occupancy.OWNER},
    "undelivered": {"ownership": "未售", "use": Use.DWELLING, "occupancy": Occupancy.VACANT},
    "occupied": {"ownership": "未售", "use": Use.DWELLING, "occupancy": Occupancy.OWNER},
    "shop": {"ownership": "已购", "use": Use.SHOP, "occupancy": Occupancy.VACANT},
}
# building, room, kind, size, owner
HOMES = [
    (0, "101", "owned", 7000, "a"),
    (0, "102", "owned", 8000, "b"),
    (0, "201", "owned", 9000, "b"),
    (0, "202", "public", 5000, "p"),
    (1, "101", "owned", 6000, "c"),
    (1, "102", "owned", 6500, "d"),
    (1, "201", "undelivered", 9900, "e"),
    (1, "202", "occupied", 5500, "e"),
]


@dataclass
class World:
    """A compound with every kind of premises, two persons, one more whom the first one made."""

    connection: sa.Connection
    compound: int
    people: tuple[Identity, Identity, Identity]


def make_world(connection: sa.Connection) -> World:
    """Everything that is there before a round begins; all lives start from it."""
    with time_machine.travel(START - timedelta(days=1), tick=False):
        compound = make_compound()
        make_building(compound, homes=0)
        make_building(compound, homes=0)
        owners: dict[str, Owner] = {}
        for building, room, kind, size, owner in HOMES:
            home = make_household(compound.buildings[building].entrances[0], room, size, owner)
            held_by = owners.setdefault(owner, home.premises.tenures[0].owner)
            home.premises.tenures[0].owner = held_by
            for name, value in KEPT_AS[kind].items():
                setattr(home.premises, name, value)
        shop = Premises(
            entrance=compound.buildings[0].entrances[0], room="1", position=1, size=4000
        )
        for name, value in KEPT_AS["shop"].items():
            setattr(shop, name, value)
        shop.tenures.append(Tenure(owner=owners["a"], since=START))
        db.session.add(shop)
        make_plan(compound)
        first, second, made = make_staff(), make_staff(), make_staff()
        db.session.flush()
        mark_invited(made, by=first)
        people = (first.identity, second.identity, made.identity)
        issue_all_codes(compound)
        db.session.commit()
        return World(connection, compound.id, people)


class Living(RuleBasedStateMachine):
    """One life of a round. What happens is done to the application and reckoned by hand."""

    world: ClassVar[World]
    steps: ClassVar[int] = 0
    lives: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.is_sound = False
        self.now = self.latest = START
        self.moment = 0
        self.told: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.receipts: dict[str, Receipt] = {}
        self.drawn: dict[int, bool] = {}
        self.checked = 0
        self.without_code: set[int] = set()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        db.session.commit()
        self.before = self.world.connection.begin_nested()

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self.finish()
        finally:
            db.session.close()
            self.before.rollback()
            self.traveller.stop()
            type(self).lives += 1

    def finish(self) -> None:
        """Drive the life to its end; see `living_cases`."""

    @initialize(
        revote=st.sampled_from(list(Revote) + [Revote.UNTIL_CLOSE] * 3),
        counts_public=st.booleans(),
        audit=st.sampled_from([1, 3, 60]),
        is_opened=st.sampled_from([True] * 5 + [False]),
    )
    def begin(self, revote: Revote, counts_public: bool, audit: int, is_opened: bool) -> None:
        """Draft, confirm, publish, freeze; and mostly open."""
        first, second, _made = self.world.people
        compound = db.session.get_one(Compound, self.world.compound)
        deadline = START + timedelta(days=15)
        terms = actions.RoundTerms("第一轮征询", START, deadline, "0953-5550100")
        round_ = actions.draft_round(compound, terms, by=first)
        self.round_id, self.audit_votes = round_.id, audit
        switches = Switches(revote, public_tenant_counts=counts_public, audit_votes=audit)
        matters.choose_profile(round_, "henan-80", switches, by=first)
        self._ask_more(round_)
        actions.submit_round(round_, by=first)
        actions.confirm_profile(round_, by=second)
        actions.publish_register(round_, by=first)
        actions.freeze_register(round_, by=first)
        actions.note_posters_printed(compound, by=first)
        self.reckoning = Reckoning(self._questions(), revote.value, counts_public, deadline)
        self._read_roster()
        for premises in self.roster:
            self.align(premises)
        self._late_homes(compound)
        db.session.commit()
        self.told = self._entries(0)
        if is_opened:
            self.open()

    def _ask_more(self, round_: Round) -> None:
        first, second = self.world.people[0], round_.compound.buildings[1].id
        more = [
            MatterTerms(Subject.RAISE_FUND, "筹集", "同意吗？", "owners-special"),
            MatterTerms(
                Subject.OTHER, "停车", "同意吗？", "two-thirds", Scope.BUILDINGS, (second,)
            ),
            MatterTerms(Subject.MENU, "菜单", "想要什么？", "menu", options=("灯", "树", "门")),
        ]
        for terms in more:
            matters.add_matter(round_, terms, by=first)

    def _questions(self) -> list[Question]:
        return [
            Question(
                m.id,
                m.track.value,
                m.places[0] if m.places else None,
                frozenset(option.id for option in m.options),
            )
            for m in self.round.matters
        ]

    def _read_roster(self) -> None:
        """The premises as `HOMES` made them, by the ids the database gave them."""
        rows = db.session.execute(
            sa.select(Premises, Household)
            .outerjoin(Household, Household.premises_id == Premises.id)
            .order_by(Premises.id)
        ).all()
        ours = [r for r in rows if r[0].entrance.building.compound_id == self.world.compound]
        self.roster = {
            premises.id: Facts(kind, size, owner)
            for (premises, _home), (_b, _r, kind, size, owner) in zip(ours, HOMES, strict=False)
        }
        self.home_of = {premises.id: home.id for premises, home in ours if home}
        self.building_of = {p.id: p.entrance.building_id for p, _home in ours}
        shop = ours[-1][0]
        self.roster[shop.id] = Facts("shop", 4000, "a")

    def _late_homes(self, compound: Compound) -> None:
        """Two homes that the roster learns of after the freeze."""
        for room in ("301", "302"):
            home = make_household(compound.buildings[0].entrances[0], room, 7700, "z" + room)
            for name, value in KEPT_AS["owned"].items():
                setattr(home.premises, name, value)
            premises = home.premises.id
            self.without_code.add(premises)
            self.roster[premises] = Facts("owned", 7700, "z" + room)
            self.home_of[premises] = home.id
            self.building_of[premises] = compound.buildings[0].id

    def align(self, premises: int) -> None:
        """Reckon that the register says of premises what the roster says."""
        self.reckoning.align(premises, self.building_of[premises], self.roster[premises])

    # --- what every event has in common

    @property
    def round(self) -> Round:
        return db.session.get_one(Round, self.round_id)

    @property
    def state(self) -> str:
        return self.reckoning.state(self.now)

    def entry(self, door: Door) -> RegisterEntry:
        """The register's row of a door."""
        found = sa.select(RegisterEntry).where(
            RegisterEntry.round_id == self.round_id,
            RegisterEntry.premises_id == door.premises,
            RegisterEntry.household_id.is_not(None)
            if door.who == HOME
            else RegisterEntry.household_id.is_(None),
        )
        return db.session.scalars(found).one()

    def attempt(self, act: Callable[[], Any], *, allowed: bool) -> Any:
        """Do something: it must be refused exactly when it should. A refusal changes nothing, so

        the transaction may be committed all the same.
        """
        outcome, refusal = None, ""
        try:
            outcome = act()
        except Refused as refused:
            refusal = str(refused) or "refused"
        assert bool(refusal) != allowed, refusal or "it should have been refused"
        db.session.commit()
        return outcome

    def happened(self, *kinds: str) -> list[dict[str, Any]]:
        """The entries of the journal that this event made: these and no others."""
        new = self._entries(len(self.told))
        assert [entry["type"] for entry in new] == list(kinds)
        self.told += new
        return new

    def tick(self, to: datetime | None = None) -> None:
        """A moment later, or another moment."""
        self.is_sound = False
        type(self).steps += 1
        self.moment += 1
        self.now = to or self.now + timedelta(seconds=1)
        self.latest = max(self.latest, self.now)
        self.clock.move_to(self.now)

    def _entries(self, start: int) -> list[dict[str, Any]]:
        rows = sa.select(JournalEntry.seq, JournalEntry.entry).where(
            JournalEntry.book == book_of_round(self.round_id), JournalEntry.seq >= start
        )
        found = db.session.execute(rows.order_by(JournalEntry.seq)).all()
        assert [row.seq for row in found] == list(range(start, start + len(found)))
        return [json.loads(row.entry) for row in found]

    # --- what must hold after every event

    @invariant()
    def everything_agrees(self) -> None:
        """Boards, the recount from the journal, and the reckoning by hand say the same."""
        round_, expected = self.round, self.reckoning.numbers()
        found = numbers_of(tallies.results(round_))
        assert found == expected, f"{found} instead of {expected}"
        if len(self.told) > self.checked:
            self._check_thoroughly(round_)
        self.checked = len(self.told)
        self.is_sound = True

    def _check_thoroughly(self, round_: Round) -> None:
        assert recounting.differences(round_) == []
        assert first_flaw(book_of_round(self.round_id)) is None
        rows = sa.select(RegisterEntry).where(RegisterEntry.round_id == self.round_id)
        doors = self.reckoning.doors
        found = [
            (e.premises_id, HOME if e.household_id else OWNER, e.voice.value, e.votes)
            for e in db.session.scalars(rows)
        ]
        assert sorted(found) == sorted(
            (*place, self.reckoning.worth(door), len(door.said)) for place, door in doors.items()
        )
        self._check_the_book()

    def _check_the_book(self) -> None:
        times = [entry["ts"] for entry in self.told]
        assert times == sorted(times)
        votes = [entry for entry in self.told if entry["type"] == "VOTE"]
        requests = [entry["req"] for entry in votes]
        assert len(set(requests)) == len(requests)
        recorded = {entry["seq"]: entry["req"] for entry in votes}
        for token, receipt in self.receipts.items():
            assert recorded.get(receipt.seq) == token
        asked = {r for r in requests if not r.startswith("decision-")}
        assert asked == set(self.receipts)


def numbers_of(tally: tallies.RoundTally) -> dict[str, object]:
    """A tally of the application in the form of the reckoning."""

    def four(t: Any) -> tuple[int, ...]:
        return (t.total, t.agree, t.disagree, t.abstain)

    names = {option.title: option.id for option in _options(tally)}
    return {
        "standing": (tally.total, tally.voted, tally.to_confirm, tally.disputed),
        "consultation": {m.matter_id: four(m.tally) for m in tally.matters},
        "owners": {m.matter_id: tuple(map(four, m.tallies)) for m in tally.owners},
        "menus": {
            m.matter_id: {names[w.title]: w.place.households for w in m.wishes} for m in tally.menus
        },
        "buildings": {b.building_id: (b.total, b.voted) for b in tally.buildings},
        "channels": {c.value: n for c, n in tally.channels.items() if c != Channel.SMS},
    }


def _options(tally: tallies.RoundTally) -> list[Any]:
    return [o for m in db.session.get_one(Round, tally.round_id).matters for o in m.options]
