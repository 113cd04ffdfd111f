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
from tests.rounds.reckoning import PAPER, Door, Facts, Said

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
    door: int | None
    detail: Any
    by: Identity
    is_waiting: bool = True


@dataclass
class Raised:
    """An objection as its household or the office raised it."""

    id: int
    premises: int
    by_household: bool
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
        premises: int | None,
        detail: Any,
        act: Callable[[], Decision],
        *,
        allowed: bool,
        at_once: bool,
    ) -> None:
        """Propose it; and mostly a second person agrees at the same moment."""
        same = [p for p in self.waiting(kind) if (p.door, p.detail) == (premises, detail)]
        allowed = allowed and not same
        decision = self.attempt(act, allowed=allowed)
        if decision is None:
            self.happened()
            return
        (entry,) = self.happened("DECISION_PROPOSED")
        first = self.world.people[0]
        self.check_reason(entry, decision)
        assert entry["actor"] == first.commitment
        proposal = Proposal(decision.id, kind, premises, detail, first)
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
        return self.reckoning.doors.get(proposal.door or 0)

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
        self.take_effect(proposal, new, by)
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
            return door is None or not door.is_listed
        return door is not None and self._may_befall(kind, door, proposal.detail)

    def _may_befall(self, kind: str, door: Door, detail: Any) -> bool:
        if kind == "conflict":
            return door.held is not None and door.held.number == detail[1]
        if kind == "settlement":
            return self.may_settle(door, detail)
        is_settled = not door.held and not door.is_disputed
        free = {"remove": is_settled, "dispute": not door.is_disputed}
        return door.is_listed and free.get(kind, True)

    def may_settle(self, door: Door, choices: Any) -> bool:
        """Whether the form all owners signed can be written down now."""
        return door.is_disputed and self.may_write(door, choices)

    def may_write(self, door: Door, choices: Any) -> bool:
        """Whether two persons can write down a signed form for a door."""
        is_there = self.reckoning.opened and door.is_listed and not door.held
        return bool(is_there) and set(choices) in self.reckoning.forms(door, PAPER)

    def take_effect(self, proposal: Proposal, new: list[dict[str, Any]], by: Identity) -> None:
        """Do the same to the reckoning."""
        door, kind, detail = self.door_of(proposal), proposal.kind, proposal.detail
        if kind == "extension":
            self.reckoning.deadline = detail[0]
        elif kind == "plan":
            self.reckoning.change_plan(detail[0], is_material=detail[1])
        elif kind == "add":
            self.put_on(proposal.door or 0)
        elif kind == "objection":
            self.take_answer(proposal, new, by)
        elif door is not None:
            self._befall(kind, door, detail, new, by)

    def _befall(
        self, kind: str, door: Door, detail: Any, new: list[dict[str, Any]], by: Identity
    ) -> None:
        if kind == "remove":
            door.is_listed = False
        elif kind == "correct":
            door.facts = self.roster[door.premises]
        elif kind == "transfer":
            door.sold = self.moment
            self.without_code.add(door.premises)
            owner = f"new owner {self.moment}"
            self.roster[door.premises] = replace(self.roster[door.premises], owner=owner)
            if door.current is None:
                door.facts = replace(door.facts, owner=owner)
        elif kind == "conflict":
            held, door.held = door.held, None
            door.current = held if detail[0] else door.current
        elif kind == "dispute":
            door.is_disputed = True
        elif kind == "settlement":
            self.write_down(door, detail, new[0], by)

    def write_down(
        self, door: Door, choices: dict[int, str], entry: dict[str, Any], by: Identity
    ) -> Said:
        """A signed form that two persons wrote down: a vote in the journal like any other."""
        self.check_vote(entry, door, f"decision-{entry['decision']}-")
        said = replace(self.said(door, entry), keyed_by=by.id)
        wishes = door.current.wishes if door.current else frozenset()
        assert said.channel == PAPER
        assert (said.choices, said.wishes) == self.reckoning.whole(door, choices, wishes)
        self.reckoning.put(door, said)
        return said

    def put_on(self, premises: int) -> None:
        """On the register, with what was said there before."""
        door = self.reckoning.doors.get(premises)
        if door is None:
            door = Door(
                premises,
                self.home_of.get(premises),
                self.building_of[premises],
                self.roster[premises],
            )
            self.reckoning.doors[premises] = door
        door.is_listed = True

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
        premises = self.pick(which)
        door = self.reckoning.doors.get(premises)
        is_listed = door is not None and door.is_listed
        entry = self.entry(door) if door else None
        act, allowed = self._change(kind, premises, entry), is_listed
        if act is None:
            return
        if kind in ("add", "correct"):
            allowed = not is_listed if kind == "add" else self.differs(door) and is_listed
        allowed = allowed and self.state in SETTLING
        self.propose(kind, premises, None, act, allowed=allowed, at_once=at_once)

    @precondition(lambda self: self.worth_something())
    @rule(which=PICK, has_new_plan=st.booleans())
    def go_and_come_back(self, which: int, has_new_plan: bool) -> None:
        """Struck off and put on again; what was said comes back for what it is worth by then."""
        doors = list(self.worth_something())
        premises = sorted(self.roster).index(doors[which % len(doors)].premises)
        self.change_the_register(premises, "remove", True)
        self.everything_agrees()
        if has_new_plan:
            self.change_plan(False, True, True)
        self.change_the_register(premises, "add", True)

    def worth_something(self) -> list[Door]:
        """The doors whose word counts now."""
        doors = self.reckoning.doors.values()
        return [door for door in doors if self.reckoning.worth(door) == "counted"]

    def _change(
        self, kind: str, premises: int, entry: RegisterEntry | None
    ) -> Callable[[], Decision] | None:
        by, row = self.world.people[0], db.session.get_one(Premises, premises)
        if kind == "add":
            return lambda: register.propose_addition(self.round, row, GROUNDS, by=by)
        if entry is None:
            return None
        return {
            "remove": lambda: register.propose_removal(entry, GROUNDS, by=by),
            "correct": lambda: register.propose_correction(entry, GROUNDS, by=by),
            "transfer": lambda: register.propose_transfer(entry, ["李卖房"], GROUNDS, by=by),
        }[kind]

    def differs(self, door: Door | None) -> bool:
        """Whether the roster says something else of a door than the register."""
        if door is None:
            return False
        listed, now = door.facts, self.roster[door.premises]
        return (listed.kind, listed.size, listed.holder) != (now.kind, now.size, now.holder)
