"""Objections in the life of a round, conflicts, the audit, and its end."""

import json
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.core.db import db
from app.core.guards import Identity
from app.journal.models import JournalEntry
from app.roster.models import Compound
from app.rounds import actions, audit, conflicts, objections, queries, recounting
from app.rounds.cases import AuditItem, Conflict, Effect, Objection, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import Vote
from app.rounds.objections import Answer, Complaint
from tests.rounds.living import CHINESE, CHOICES, PICK, SELDOM, WORDS, numbers_of
from tests.rounds.living_cases import GROUNDS, LONGEST, SETTLING, Deciding, Proposal, Raised
from tests.rounds.living_votes import YOUNG
from tests.rounds.reckoning import HOME, Door, Said


class Life(Deciding):
    """A whole life: it always ends certified, withdrawn or never opened."""

    # --- conflicts and disputes

    @precondition(lambda self: any(d.held for d in self.reckoning.doors.values()))
    @rule(which=PICK, keep_held=st.booleans(), at_once=st.booleans())
    def resolve(self, which: int, keep_held: bool, at_once: bool) -> None:
        """Two persons say which of two words counts."""
        self.tick()
        doors = [d for d in self.reckoning.doors.values() if d.held]
        self._resolve(doors[which % len(doors)], keep_held, at_once)

    def _resolve(self, door: Door, keep_held: bool, at_once: bool) -> None:
        assert door.held is not None
        held = sa.select(Conflict).join(Vote, Vote.id == Conflict.held_vote_id)
        conflict = db.session.scalars(
            held.where(Vote.seq == door.held.seq, Vote.round_id == self.round_id)
        ).one()
        self.propose(
            "conflict",
            door.place,
            (keep_held, door.held.number),
            lambda: conflicts.propose_resolution(
                conflict, keep_held=keep_held, grounds=GROUNDS, by=self.world.people[0]
            ),
            allowed=self.state in SETTLING,
            at_once=at_once,
        )

    @rule(which=PICK, answers=CHOICES, is_partial=SELDOM, at_once=st.booleans())
    def disagree_among_owners(
        self, which: int, answers: list[Choice], is_partial: bool, at_once: bool
    ) -> None:
        """Co-owners disagree; or, when they did, sign one form."""
        self.tick()
        door = self.pick_door(which)
        entry, by = self.entry(door), self.world.people[0]
        if not door.is_disputed:
            self.propose(
                "dispute",
                door.place,
                None,
                lambda: conflicts.propose_dispute(entry, GROUNDS, by=by),
                allowed=door.is_listed and self.state in SETTLING,
                at_once=at_once,
            )
            return
        choices = self.answered(door, answers, is_partial)
        self.propose(
            "settlement",
            door.place,
            {q: c.value for q, c in choices.items()},
            lambda: conflicts.propose_settlement(entry, choices, GROUNDS, by=by),
            allowed=self.state in SETTLING and self.reckoning.is_whole(door, set(choices)),
            at_once=at_once,
        )

    def answered(self, door: Door, answers: list[Choice], is_partial: bool) -> dict[int, Choice]:
        """A paper form: every question of this door, or all but one."""
        asked = sorted(self.reckoning.to_answer(door))
        return dict(zip(asked[is_partial:], answers, strict=False))

    # --- objections

    @rule(which=PICK, by_household=st.booleans(), kind=st.sampled_from(list(ObjectionKind)))
    def object(self, which: int, by_household: bool, kind: ObjectionKind) -> None:
        """A household says that something is wrong, or the office writes it down for it."""
        self.tick()
        premises = self.pick(which)
        if premises not in self.home_of:
            return
        own = [r for r in self.raised if r.is_open and r.is_home and r.premises == premises]
        allowed = self.state in SETTLING and not self.is_past_term()
        allowed = allowed and not (by_household and len(own) >= objections.MOST_OPEN)
        complaint = Complaint(kind, "3-2-501", WORDS, self.home_of[premises], WORDS)
        by = None if by_household else self.world.people[0]
        raised = self.attempt(
            lambda: objections.raise_objection(self.round, complaint, by=by), allowed=allowed
        )
        if raised is None:
            self.happened()
            return
        (entry,) = self.happened("OBJECTION")
        assert entry["words"] == raised.commitment
        self.raised.append(Raised(raised.id, premises, True))

    def is_past_term(self) -> bool:
        """Whether the days for objections are over."""
        return self.state == "preliminary" and self.now >= queries.objections_end(self.round)

    @precondition(lambda self: self.raised)
    @rule(
        which=PICK,
        effect=st.sampled_from(list(Effect)),
        answers=CHOICES,
        is_partial=SELDOM,
        at_once=st.booleans(),
    )
    def answer(
        self, which: int, effect: Effect, answers: list[Choice], is_partial: bool, at_once: bool
    ) -> None:
        """Somebody answers an objection; perhaps the answer changes the count."""
        self.tick()
        raised = self.raised[which % len(self.raised)]
        door = self._home_of(raised)
        choices: dict[int, Choice] = {}
        if effect == Effect.REPLACE_VOTE and door:
            choices = self.answered(door, answers, is_partial)
        self._answer(raised, Answer(WORDS, effect, choices, WORDS), at_once)

    def _answer(self, raised: Raised, answer: Answer, at_once: bool) -> None:
        door = self._home_of(raised)
        objection = db.session.get_one(Objection, raised.id)
        choices = {q: c.value for q, c in answer.choices.items()}
        detail = (
            raised.id,
            answer.effect.value,
            json.dumps(choices),
            len(door.said) if door else 0,
        )
        allowed = (
            self.state in SETTLING
            and raised.is_open
            and not any(p.detail[0] == raised.id for p in self.waiting("objection"))
            and self.is_answered_so(raised, answer.effect.value)
            and self._may_propose(door, answer.effect.value, choices)
        )
        self.propose(
            "objection",
            (raised.premises, HOME),
            detail,
            lambda: objections.propose_answer(objection, answer, by=self.world.people[0]),
            allowed=allowed,
            at_once=at_once,
        )

    def _home_of(self, raised: Raised) -> Door | None:
        """The door of the household that objects."""
        return self.reckoning.doors.get((raised.premises, HOME)) if raised.is_home else None

    def _may_propose(self, door: Door | None, effect: str, choices: dict[int, str]) -> bool:
        """Whether an answer can do this to the count as things are; what waits may be settled."""
        is_listed = door is not None and door.is_listed
        if effect in ("none", "add"):
            return effect == "none" or not is_listed
        if door is None or not is_listed:
            return False
        if effect == "correct":
            return self.reckoning.differs(door, self.roster[door.premises])
        is_whole = self.reckoning.is_whole(door, set(choices))
        return door.current is not None if effect == "strike_out" else is_whole

    def may_answer(self, proposal: Proposal) -> bool:
        number, effect, choices, votes = proposal.detail
        raised = next(r for r in self.raised if r.id == number)
        is_possible = raised.is_open and self.is_answered_so(raised, effect)
        if effect == "add":
            return is_possible and not self.reckoning.doors_of(raised.premises)
        if effect == "none":
            return is_possible
        door = self._home_of(raised)
        if door is None or not door.is_listed:
            return False
        if effect == "correct":
            return is_possible and self.may_align(door)
        # The household has said something else since: it is not what was objected to.
        is_possible = is_possible and votes == len(door.said)
        if effect == "strike_out":
            return is_possible and door.current is not None and not door.held
        return is_possible and self.may_write(door, _choices(choices))

    def is_answered_so(self, raised: Raised, effect: str) -> bool:
        """An objection speaks for a household; for an owner's form the answer is words only."""
        return raised.is_home or effect == "none"

    def take_answer(self, proposal: Proposal, new: list[dict[str, Any]]) -> None:
        number, effect, answers, _votes = proposal.detail
        raised = next(r for r in self.raised if r.id == number)
        raised.is_open = False
        door = self._home_of(raised)
        if effect in ("add", "correct"):
            self.align(raised.premises)
        elif effect == "strike_out" and door and door.current:
            door.void.add(door.current.number)
            door.current, door.is_disputed = None, False
        elif effect == "replace" and door:
            self.write_down(door, _choices(answers), new[0], proposal.by)

    # --- the audit and the end

    @precondition(lambda self: self.drawn)
    @rule(which=PICK, agrees=st.booleans(), who=st.integers(0, 2))
    def check_a_form(self, which: int, agrees: bool, who: int) -> None:
        """Somebody compares a drawn form; never who keyed it. A difference is an objection."""
        self.tick()
        seq = sorted(self.drawn)[which % len(self.drawn)]
        self._check_form(seq, agrees, self.world.people[who])

    def _check_form(self, seq: int, agrees: bool, by: Identity) -> None:
        found = sa.select(AuditItem).join(Vote, Vote.id == AuditItem.vote_id)
        item = db.session.scalars(
            found.where(AuditItem.round_id == self.round_id, Vote.seq == seq)
        ).one()
        door = next(d for d in self.reckoning.doors.values() if self._said_at(d, seq))
        said = self._said_at(door, seq)
        first, _second, made = self.world.people
        strangers = {first.id: {made.id}, made.id: {first.id}}.get(by.id, set()) | {by.id}
        allowed = (
            self.state in ("closed", "preliminary")
            and not self.drawn[seq]
            and said is not None
            and said.keyed_by not in strangers
        )
        self.attempt(
            lambda: audit.check_item(self.round, item, agrees=agrees, why=WORDS, by=by),
            allowed=allowed,
        )
        self.happened(*(["AUDIT"] + ["OBJECTION"] * (not agrees)) * allowed)
        if allowed:
            self.drawn[seq] = True
        if allowed and not agrees:
            last = sa.select(Objection).where(Objection.round_id == self.round_id)
            raised = db.session.scalars(last.order_by(Objection.id.desc())).first()
            assert raised is not None
            self.raised.append(Raised(raised.id, door.premises, door.who == HOME))

    def _said_at(self, door: Door, seq: int) -> Said | None:
        return next((said for said in door.said if said.seq == seq), None)

    @precondition(lambda self: self.state in ("closed", "preliminary", "certified", "archived"))
    @rule()
    def publish(self) -> None:
        """The preliminary result, once, when the round is over."""
        self.tick()
        allowed, first = self.state == "closed", self.world.people[0]
        was_closed = self.reckoning.is_closed
        self.attempt(lambda: actions.publish_result(self.round, by=first), allowed=allowed)
        if not allowed:
            self.happened()
            return
        new = self.happened(*["CLOSE"] * (not was_closed), "PRELIMINARY")
        if not was_closed:
            self.check_close(new[0])
        self.reckoning.is_preliminary = True
        self.check_result(new[-1])

    def check_result(self, entry: dict[str, Any]) -> None:
        """A published result is what was reckoned by hand."""
        numbers = self.reckoning.numbers()
        told = {m["matter"]: m["tallies"] for m in entry["matters"]}
        expected = {m: [list(four)] for m, four in numbers["consultation"].items()}
        expected |= {m: [list(t) for t in two] for m, two in numbers["owners"].items()}
        assert told == expected
        total, _voted, to_confirm, disputed = numbers["standing"]
        found = (entry["households"], entry["to_confirm"], entry["disputed"])
        assert found == (total, to_confirm, disputed)
        plans = [numbers["consultation"][q.id] for q in self.reckoning.questions[:2]]
        assert entry["passed"] == int(all(n > 0 and 5 * yes >= 4 * n for n, yes, *_ in plans))

    @precondition(lambda self: self.reckoning.is_preliminary)
    @rule(who=st.integers(0, 2))
    def certify(self, who: int) -> None:
        """Final by a second person, when nothing is left to do."""
        self.tick()
        by = self.world.people[who]
        allowed = (
            self.state == "preliminary"
            and who == 1
            and self.is_past_term()
            and not self.unsettled()
            and not any(d.held for d in self.reckoning.doors.values())
            and all(self.drawn.values())
        )
        self.attempt(lambda: actions.certify(self.round, by=by), allowed=allowed)
        new = self.happened(*["RESULT"] * allowed)
        if allowed:
            self.check_result(new[0])
            self.reckoning.is_certified = True

    @precondition(lambda self: self.state == "certified")
    @rule()
    def archive(self) -> None:
        """Put away for good."""
        self.tick()
        actions.archive_round(self.round, by=self.world.people[0])
        db.session.commit()
        self.happened("ROUND_ARCHIVED")
        self.reckoning.is_archived = True

    @precondition(
        lambda self: self.moment % 19 == 0 or (self.state == "frozen" and self.moment > 30)
    )
    @rule()
    def withdraw(self) -> None:
        """Give it up, before it opened."""
        self.tick()
        allowed, first = self.state == "frozen", self.world.people[0]
        self.attempt(lambda: actions.withdraw_round(self.round, WORDS, by=first), allowed=allowed)
        self.happened(*["ROUND_WITHDRAWN"] * allowed)
        self.reckoning.is_withdrawn |= allowed

    @property
    def is_left_frozen(self) -> bool:
        return self.state == "frozen" and self.moment > YOUNG

    def finish(self) -> None:
        """Drive it to its end, whatever has happened; then the question can be asked again."""
        if self.reckoning.opened and not self.reckoning.is_withdrawn:
            self._settle_everything()
            self._end()
        self.everything_agrees()
        assert numbers_of(recounting.recount(self.round)) == self.reckoning.numbers()
        self._ask_another_time()
        self._check_privacy()

    def _settle_everything(self) -> None:
        self.tick(max(self.now, self.reckoning.deadline))
        for proposal in self.waiting():
            self.agree(proposal, self.world.people[1])
            if proposal.is_waiting:
                self.decline(self.proposals.index(proposal))
        if self.state == "closed":
            self.publish()

    def _end(self) -> None:
        for door in [d for d in self.reckoning.doors.values() if d.held]:
            self._resolve(door, True, True)
        for seq, is_checked in list(self.drawn.items()):
            for by in self.world.people[:2]:
                if not is_checked and not self.drawn[seq]:
                    self._check_form(seq, seq % 2 == 0, by)
        for raised in [r for r in self.raised if r.is_open]:
            self._answer(raised, Answer(WORDS), True)
        self.tick(max(self.now, queries.objections_end(self.round)))
        if self.state == "preliminary":
            self.certify(1)
        assert self.reckoning.is_certified

    def _ask_another_time(self) -> None:
        first = self.world.people[0]
        compound = db.session.get_one(Compound, self.world.compound)
        terms = actions.RoundTerms("再问一次", self.now, self.now + LONGEST, "0953-5550100")
        is_over = self.reckoning.is_certified or self.reckoning.is_withdrawn
        is_again = self.reckoning.opened is not None

        def draft(why: str) -> Any:
            return actions.draft_round(compound, terms, by=first, reopening_reason=why)

        self.attempt(lambda: draft(""), allowed=is_over and not is_again)
        follower = self.attempt(lambda: draft(WORDS), allowed=is_over and is_again)
        if follower:
            assert (follower.number, follower.predecessor_id) == (2, self.round_id)

    def _check_privacy(self) -> None:
        """No book says a word that somebody wrote, a name, a room or a telephone."""
        for entry in db.session.scalars(sa.select(JournalEntry.entry)):
            assert not CHINESE.search(entry)
            assert not any(word in entry for word in WORDS.split() if len(word) > 4)


def _choices(kept: str) -> dict[int, str]:
    return {int(question): choice for question, choice in json.loads(kept).items()}
