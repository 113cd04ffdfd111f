"""What two persons decide while a round lives: its terms, its register, two words of one home."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.core.db import db
from app.core.guards import Identity
from app.roster.models import Compound, Premises
from app.rounds import changes, decisions, queries, register
from app.rounds.cases import (
    Decision,
)
from app.rounds.decisions import Grounds
from app.rounds.models import RegisterEntry
from tests.factories import make_plan
from tests.rounds.living import KEPT_AS, PICK, SELDOM, WORDS
from tests.rounds.living_votes import Voting
from tests.rounds.reckoning import HOME, PAPER, Door, Facts, Place, Said

GROUNDS = Grounds(WORDS, WORDS)
LONGEST = timedelta(days=60)
SETTLING = {"frozen", "open", "closed", "preliminary"}
# In the journal: what agreeing to a proposal of this kind leaves.
TRACES = {
    "extension": ["DEADLINE_CHANGE"],
    "plan": ["PLAN_CHANGE"],
    "add": ["REGISTER_CHANGE"],
    "remove": ["REGISTER_CHANGE"],
    "correct": ["REGISTER_CHANGE"],
    "transfer": ["IDENTITY_CHANGE"],
    "conflict": ["CONFLICT"],
    "dispute": ["DISPUTE"],
    "settlement": ["VOTE", "DISPUTE"],
    "objection": ["OBJECTION"],
}


@dataclass
class Proposal:
    """Something that waits for a second person, and what it would do."""

    id: int
    kind: str
    place: Place | None
    detail: Any
    by: Identity
    is_waiting: bool = True


@dataclass
class Raised:
    """An objection as its household or the office raised it."""

    id: int
    premises: int
    is_home: bool
    is_open: bool = True


class Deciding(Voting):
    """A life with everything that two persons decide in it."""

    def __init__(self) -> None:
        super().__init__()
        self.proposals: list[Proposal] = []
        self.raised: list[Raised] = []
        self.versions = 1

    # --- proposals

    def propose(
        self,
        kind: str,
        place: Place | None,
        detail: Any,
        act: Callable[[], Decision],
        *,
        allowed: bool,
        at_once: bool,
    ) -> None:
        """Propose it; and mostly a second person agrees at the same moment."""
        same = [p for p in self.waiting(kind) if (p.place, p.detail) == (place, detail)]
        allowed = allowed and not same
        decision = self.attempt(act, allowed=allowed)
        if decision is None:
            self.happened()
            return
        (entry,) = self.happened("DECISION_PROPOSED")
        first = self.world.people[0]
        self.check_reason(entry, decision)
        assert entry["actor"] == first.commitment
        proposal = Proposal(decision.id, kind, place, detail, first)
        self.proposals.append(proposal)
        if at_once:
            self.agree(proposal, self.world.people[1])

    def check_reason(self, entry: dict[str, Any], decision: Decision) -> None:
        """An entry says which decision, and why only by a commitment."""
        assert entry["decision"] == decision.id
        assert entry["reason"] == decision.reason_commitment
        assert len(entry["reason"]) == 64

    def waiting(self, kind: str = "") -> list[Proposal]:
        """What waits for a second person."""
        return [p for p in self.proposals if p.is_waiting and kind in ("", p.kind)]

    def unsettled(self) -> bool:
        return bool(self.waiting()) or any(r.is_open for r in self.raised)

    def door_of(self, proposal: Proposal) -> Door | None:
        return self.reckoning.doors.get(proposal.place) if proposal.place else None

    def agree(self, proposal: Proposal, by: Identity) -> None:
        """A second person agrees, where that is possible; and only then it happens."""
        if proposal.kind == "transfer":
            # Whether the seller had voted before is told by the clock, were it right or not.
            self.tick(max(self.now, self.latest) + timedelta(seconds=1))
        decision = db.session.get_one(Decision, proposal.id)
        is_second = by is self.world.people[1]
        allowed = proposal.is_waiting and is_second and self.may_happen(proposal)
        self.attempt(lambda: decisions.approve(decision, by=by), allowed=allowed)
        if not allowed:
            self.happened()
            return
        proposal.is_waiting = False
        traces = TRACES[proposal.kind]
        if proposal.kind == "objection" and proposal.detail[1] == "replace":
            traces = ["VOTE", *traces]
        new = self.happened(*traces)
        entry = new[-1]
        self.check_reason(entry, decision)
        assert (entry["actor"], entry["proposer"]) == (by.commitment, proposal.by.commitment)
        before = self.reckoning.paper_at_close()
        self.take_effect(proposal, new)
        self.check_late_forms(before, entry)

    def check_late_forms(self, before: set[int], entry: dict[str, Any]) -> None:
        """After the close, paper that counts only since this decision is to be compared too."""
        late: set[int] = set()
        if self.reckoning.is_closed:
            late = self.reckoning.paper_at_close() - before - set(self.drawn)
        assert entry.get("audited", []) == sorted(late)
        self.drawn.update(dict.fromkeys(late, False))

    @precondition(lambda self: self.proposals)
    @rule(which=PICK, who=st.integers(0, 2))
    def agree_later(self, which: int, who: int) -> None:
        """Somebody agrees: the second person, the first one, or one the first one made."""
        self.tick()
        self.agree(self.proposals[which % len(self.proposals)], self.world.people[who])

    @precondition(lambda self: self.proposals)
    @rule(which=PICK)
    def decline(self, which: int) -> None:
        """A second person says no; what was settled stays settled."""
        self.tick()
        proposal, by = self.proposals[which % len(self.proposals)], self.world.people[1]
        decision, allowed = db.session.get_one(Decision, proposal.id), proposal.is_waiting
        self.attempt(lambda: decisions.decline(decision, WORDS, by=by), allowed=allowed)
        self.happened(*["DECISION_DECLINED"] * allowed)
        proposal.is_waiting = False

    def may_happen(self, proposal: Proposal) -> bool:
        """Whether what was proposed can still be done now."""
        door, kind, state = self.door_of(proposal), proposal.kind, self.state
        if kind in ("extension", "plan"):
            is_possible = self.is_later if kind == "extension" else self.is_newer
            return state == "open" and is_possible(proposal.detail[0])
        if state not in SETTLING:
            return False
        if kind == "objection":
            return self.may_answer(proposal)
        if kind == "add":
            assert proposal.place
            return not self.reckoning.doors_of(proposal.place[0])
        return door is not None and self._may_befall(kind, door, proposal.detail)

    def _may_befall(self, kind: str, door: Door, detail: Any) -> bool:
        if kind == "conflict":
            return door.held is not None and door.held.number == detail[1]
        if kind == "settlement":
            return self.may_settle(door, detail)
        if kind == "remove":
            doors = self.reckoning.doors_of(door.premises)
            return door.is_listed and all(d.is_settled for d in doors)
        if kind == "correct":
            return door.is_listed and self.is_behind(door) and self.may_align(door)
        return door.is_listed and not (kind == "dispute" and door.is_disputed)

    def is_behind(self, door: Door) -> bool:
        return self.reckoning.is_behind(door.premises, self.roster[door.premises])

    def may_align(self, door: Door) -> bool:
        return self.reckoning.may_align(door.premises, self.roster[door.premises])

    def may_settle(self, door: Door, choices: Any) -> bool:
        """Whether the form all owners signed can be written down now."""
        return door.is_disputed and self.may_write(door, choices)

    def may_write(self, door: Door, choices: Any) -> bool:
        """Whether two persons can write down a signed form for a door."""
        is_there = self.reckoning.opened and door.is_listed and not door.held
        return bool(is_there) and self.reckoning.is_whole(door, set(choices))

    def take_effect(self, proposal: Proposal, new: list[dict[str, Any]]) -> None:
        """Do the same to the reckoning."""
        door, kind, detail = self.door_of(proposal), proposal.kind, proposal.detail
        if kind == "extension":
            self.reckoning.deadline = detail[0]
        elif kind == "plan":
            self.reckoning.change_plan(detail[0], is_material=detail[1])
        elif kind == "add":
            assert proposal.place
            self.align(proposal.place[0])
        elif kind == "objection":
            self.take_answer(proposal, new)
        elif door is not None:
            self._befall(kind, door, detail, new, proposal.by)

    def _befall(
        self, kind: str, door: Door, detail: Any, new: list[dict[str, Any]], by: Identity
    ) -> None:
        if kind == "remove":
            for one in self.reckoning.doors_of(door.premises):
                one.is_listed = False
        elif kind == "correct":
            self.align(door.premises)
        elif kind == "transfer":
            self.sell(door)
        elif kind == "conflict":
            held, door.held = door.held, None
            door.current = held if detail[0] else door.current
        elif kind == "dispute":
            door.is_disputed = True
        elif kind == "settlement":
            self.write_down(door, detail, new[0], by)

    def sell(self, door: Door) -> None:
        """A buyer comes; a head of its own unless the seller has spoken as owner."""
        owner = f"new owner {self.moment}"
        self.roster[door.premises] = replace(self.roster[door.premises], owner=owner)
        door.sold = self.moment
        if door.who == HOME:
            self.without_code.add(door.premises)
        if not self.reckoning.keeps_holder(door):
            door.holder = replace(door.facts, owner=owner).holder

    def write_down(
        self, door: Door, choices: dict[int, str], entry: dict[str, Any], by: Identity
    ) -> Said:
        """A signed form that two persons wrote down: a vote in the journal like any other."""
        self.check_vote(entry, door, f"decision-{entry['decision']}-")
        said = replace(self.said(door, entry), keyed_by=by.id)
        is_own = door.current and not door.current.waits and not self.reckoning.is_sellers(door)
        wishes = door.current.wishes if door.current and is_own else frozenset()
        assert said.channel == PAPER
        assert (said.choices, said.wishes) == (choices, wishes)
        self.reckoning.put(door, said)
        return said

    # --- the round's own terms

    def is_later(self, closes_at: Any) -> bool:
        opened = self.reckoning.opened
        is_short = opened is None or closes_at - opened <= LONGEST
        return closes_at > self.reckoning.deadline and closes_at > self.now and is_short

    def is_newer(self, number: int) -> bool:
        return number == self.versions and number > self.reckoning.plan

    @rule(days=st.sampled_from([-1, 0, 1, 7, 50]), at_once=st.booleans())
    def extend(self, days: int, at_once: bool) -> None:
        self.tick()
        to = self.reckoning.deadline + timedelta(days=days)
        self.propose(
            "extension",
            None,
            (to, self.reckoning.deadline),
            lambda: changes.propose_extension(self.round, to, GROUNDS, by=self.world.people[0]),
            allowed=self.state == "open" and self.is_later(to),
            at_once=at_once,
        )

    @rule(
        is_old=SELDOM,
        is_material=st.booleans(),
        at_once=st.booleans(),
    )
    def change_plan(self, is_old: bool, is_material: bool, at_once: bool) -> None:
        self.tick()
        compound = db.session.get_one(Compound, self.world.compound)
        if not is_old and self.versions < 6:
            make_plan(compound)
            self.versions += 1
            db.session.commit()
        version = queries.current_version(compound.id)
        assert version is not None
        self.propose(
            "plan",
            None,
            (version.number, is_material),
            lambda: changes.propose_plan_change(
                self.round,
                version,
                is_material=is_material,
                grounds=GROUNDS,
                by=self.world.people[0],
            ),
            allowed=self.state == "open" and self.is_newer(version.number),
            at_once=at_once,
        )

    # --- the register

    @rule(which=PICK, kind=st.sampled_from(sorted(KEPT_AS)), size=st.integers(1, 9))
    def roster_changes(self, which: int, kind: str, size: int) -> None:
        """The office edits its ledger; no register follows by itself."""
        self.tick()
        premises = db.session.get_one(Premises, self.pick(which))
        if (kind == "shop") != (premises.id not in self.home_of):
            return
        for name, value in KEPT_AS[kind].items():
            setattr(premises, name, value)
        premises.size = size * 1000
        self.roster[premises.id] = Facts(kind, size * 1000, self.roster[premises.id].owner)
        db.session.commit()

    @rule(
        which=PICK,
        kind=st.sampled_from(["add", "remove", "correct", "transfer"]),
        at_once=st.booleans(),
    )
    def change_the_register(self, which: int, kind: str, at_once: bool) -> None:
        self.tick()
        if kind == "add":
            self.put_on(self.pick(which), at_once)
        else:
            self.change_door(self.pick_door(which), kind, at_once)

    def put_on(self, premises: int, at_once: bool) -> None:
        """Premises that stand on no register are put on it."""
        by, row = self.world.people[0], db.session.get_one(Premises, premises)
        self.propose(
            "add",
            (premises, ""),
            None,
            lambda: register.propose_addition(self.round, row, GROUNDS, by=by),
            allowed=not self.reckoning.doors_of(premises) and self.state in SETTLING,
            at_once=at_once,
        )

    def change_door(self, door: Door, kind: str, at_once: bool) -> None:
        """Something befalls one door; what strikes off or corrects takes all of the premises."""
        allowed = door.is_listed and self.state in SETTLING
        if kind == "correct":
            allowed = allowed and self.reckoning.differs(door, self.roster[door.premises])
        act = self._change(kind, self.entry(door))
        self.propose(kind, door.place, None, act, allowed=allowed, at_once=at_once)

    @precondition(lambda self: self.worth_something())
    @rule(which=PICK, has_new_plan=st.booleans())
    def go_and_come_back(self, which: int, has_new_plan: bool) -> None:
        """Struck off and put on again; what was said comes back for what it is worth by then."""
        doors = list(self.worth_something())
        door = doors[which % len(doors)]
        self.tick()
        self.change_door(door, "remove", True)
        self.everything_agrees()
        if has_new_plan:
            self.change_plan(False, True, True)
        self.tick()
        self.put_on(door.premises, True)

    def worth_something(self) -> list[Door]:
        """The doors whose word counts now."""
        doors = self.reckoning.doors.values()
        return [door for door in doors if self.reckoning.worth(door) == "counted"]

    def _change(self, kind: str, entry: RegisterEntry) -> Callable[[], Decision]:
        by = self.world.people[0]
        return {
            "remove": lambda: register.propose_removal(entry, GROUNDS, by=by),
            "correct": lambda: register.propose_correction(entry, GROUNDS, by=by),
            "transfer": lambda: register.propose_transfer(entry, ["李卖房"], GROUNDS, by=by),
        }[kind]
