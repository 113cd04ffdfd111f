"""What households say in the life of a round, and the clock they say it by."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from app.accounts import sessions
from app.accounts.models import HouseholdSession
from app.core.db import db
from app.roster.models import Contact
from app.rounds import actions, casting
from app.rounds.casting import Ballot, Receipt
from app.rounds.counting import Choice
from app.rounds.models import Channel
from tests.rounds.living import CHANNELS, CHOICES, PICK, SELDOM, WORDS, Living
from tests.rounds.reckoning import HOME, OWNER, PAPER, PHONE, Door, Place, Request, Said

FLAWS = st.sampled_from([""] * 12 + ["stale", "old plan", "partial", "wish"])
Vote = tuple[int, list[Choice], int, str, int, str]
VOTE = st.tuples(PICK, CHOICES, st.integers(0, 7), CHANNELS, st.integers(0, 5), FLAWS)
# A life is a life only when something happens before it closes.
YOUNG = 40


class Voting(Living):
    """A life with votes of every kind, and time that passes."""

    # --- votes

    @rule(votes=st.lists(VOTE, min_size=2, max_size=6))
    def vote(self, votes: list[Vote]) -> None:
        """Some households say something, a few on a form that is not the newest or not whole."""
        for which, answers, wishes, channel, form, flaw in votes:
            self.tick()
            place = self._speaker(which, form)
            # An owner who does not live there has no code: it answers in writing.
            via = channel if place[1] == HOME else PAPER
            request = self._request(place, answers, wishes, via, form, flaw)
            self.requests.append(request)
            self.send(request)

    @rule(votes=st.lists(VOTE, min_size=3, max_size=8))
    def vote_in_the_evening(self, votes: list[Vote]) -> None:
        """Most of what happens in a round is votes."""
        self.vote(votes)

    def _request(
        self,
        place: Place,
        answers: list[Choice],
        wishes: int,
        channel: str,
        form: int,
        flaw: str,
    ) -> Request:
        door = self.reckoning.doors.get(place)
        asked = self._form(door, form)
        choices = dict(zip(asked, (a.value for a in answers), strict=False))
        if flaw == "partial":
            choices.pop(asked[0])
        is_home = door is not None and door.who == HOME
        return Request(
            place,
            f"request-{self.moment:05d}",
            choices,
            self._wished(wishes) if is_home or flaw == "wish" else frozenset(),
            len(door.said) - (flaw == "stale") if door else 0,
            self.reckoning.plan - (flaw == "old plan"),
            channel,
        )

    def _speaker(self, which: int, form: int) -> Place:
        """Who says something for some premises; a household also when it is on no register."""
        premises = self.pick(which)
        is_owner = (premises, OWNER) in self.reckoning.doors
        speakers = [HOME] * (premises in self.home_of) + [OWNER] * is_owner
        return premises, speakers[form % len(speakers)]

    def _form(self, door: Door | None, form: int) -> list[int]:
        """Every question of a door, or all but the owners' ones."""
        asked = self.reckoning.to_answer(door) if door else set()
        owners = {q.id for q in self.reckoning.questions if q.track == "owners"}
        return sorted(asked - owners if form % 3 == 0 and asked - owners else asked) or [1]

    def _wished(self, bits: int) -> frozenset[int]:
        menu = sorted(o for q in self.reckoning.questions for o in q.options)
        return frozenset(o for bit, o in enumerate(menu) if bits >> bit & 1)

    # --- phones

    @rule(which=PICK)
    def put_a_phone_on_file(self, which: int) -> None:
        """The office puts another phone in the place of the one that a home had."""
        self.tick()
        home = self.home_of[self._pick_home(which)]
        old = sa.update(Contact).where(Contact.household_id == home, Contact.ended_at.is_(None))
        db.session.execute(old.values(ended_at=self.now))
        contact = Contact(household_id=home, phone=f"138{self.moment:08d}", since=self.now)
        db.session.add(contact)
        db.session.flush()
        sessions.begin(home, contact_id=contact.id)
        db.session.commit()
        self.happened()

    @precondition(lambda self: self.state == "open")
    @rule(which=PICK, answers=CHOICES, wishes=st.integers(0, 7), is_said_before=st.booleans())
    def come_by_phone(
        self, which: int, answers: list[Choice], wishes: int, is_said_before: bool
    ) -> None:
        """A household speaks, or confirms, in the browser that came in by its phone."""
        if not (premises := [p for p in sorted(self.home_of) if self._browser(p) is not None]):
            return
        place = (premises[which % len(premises)], HOME)
        if is_said_before:
            self.reaffirm_as(place[0], self.reckoning.plan, self._browser(place[0]))
            return
        self.tick()
        request = self._request(place, answers, wishes, PHONE, 1, "")
        request = replace(request, is_new_phone=True)
        self.requests.append(request)
        self.send(request)

    def _browser(self, premises: int) -> int | None:
        """The newest browser of a home that came in by a phone on file."""
        newest = (
            sa.select(HouseholdSession.id)
            .where(
                HouseholdSession.household_id == self.home_of[premises],
                HouseholdSession.contact_id.is_not(None),
            )
            .order_by(HouseholdSession.id.desc())
            .limit(1)
        )
        return db.session.scalar(newest)

    def _waits(self, session_id: int | None) -> bool:
        """Whether what it says waits: its phone came during the round, a day ago at most."""
        if session_id is None or self.reckoning.opened is None:
            return False
        contact = db.session.get_one(HouseholdSession, session_id).contact
        assert contact is not None
        is_of_the_round = contact.since > self.reckoning.opened
        return is_of_the_round and self.now - contact.since < timedelta(hours=24)

    # --- the same again

    @precondition(lambda self: self.requests)
    @rule(which=PICK)
    def ask_again(self, which: int) -> None:
        """The same request, once more: recorded before, it has the same receipt."""
        self.tick()
        self.send(self.requests[which % len(self.requests)])

    @precondition(lambda self: self.requests)
    @rule(which=PICK, home=PICK, is_other_home=st.booleans())
    def use_the_request_for_something_else(
        self, which: int, home: int, is_other_home: bool
    ) -> None:
        """Another household, or other answers, under an id that was used before."""
        self.tick()
        request = self.requests[which % len(self.requests)]
        if request.token not in self.receipts:
            return
        turned = {"agree": "disagree", "disagree": "abstain", "abstain": "agree"}
        choices = {q: turned[c] for q, c in request.choices.items()}
        changed = replace(request, choices=choices)
        if is_other_home:
            changed = replace(request, place=(self._pick_home(home), HOME))
        if changed != request:
            self.attempt(lambda: self._cast(changed), allowed=False)
            self.happened()

    @rule(which=PICK, is_old_plan=SELDOM)
    def reaffirm(self, which: int, is_old_plan: bool) -> None:
        """A household says the same again on the plan as it is now; pressed twice, it is once."""
        self.reaffirm_as(self._pick_home(which), self.reckoning.plan - is_old_plan, None)

    def reaffirm_as(self, premises: int, plan: int, session_id: int | None) -> None:
        """As this browser (None: one that came in by the slip)."""
        self.tick()
        token = f"reaffirm-{self.moment:05d}"
        door = self.reckoning.doors.get((premises, HOME))
        before = self.reckoning.to_say_again(door) if door else None
        asked = self.reckoning.to_answer(door) if door else set()
        choices = {q: c for q, c in before.choices.items() if q in asked} if before else {}
        seen = len(door.said) if door else 0
        wishes = before.wishes if before else frozenset()
        request = Request((premises, HOME), token, choices, wishes, seen, plan, PHONE)

        def act() -> Receipt:
            home = self.home_of[premises]
            return casting.reaffirm(
                self.round, home, token, seen, plan_number=plan, session_id=session_id
            )

        allowed = self.reckoning.will_be_taken(request, self.now)
        # What the seller said is nothing that the buyer can say again.
        is_sellers = door and door.sold and before and before.moment < door.sold
        allowed = allowed and not is_sellers
        self._record(request, act, allowed=allowed, waits=self._waits(session_id))
        if allowed:
            assert self.attempt(act, allowed=True) == self.receipts[token]
            self.happened()

    def send(self, request: Request) -> None:
        """Cast it; see whether it is taken, refused, or was taken before."""
        first = self.receipts.get(request.token)
        if first is not None:
            again = self.attempt(lambda: self._cast(request), allowed=True)
            door = self.reckoning.doors[request.place]
            is_held = door.held is not None and door.held.seq == first.seq
            # Whether it is held is told as it is now; two persons may have settled it since.
            assert again == replace(first, is_held=is_held)
            self.happened()
            return
        allowed = self.reckoning.will_be_taken(request, self.now)
        waits = request.is_new_phone and self._waits(self._browser(request.place[0]))
        self._record(request, lambda: self._cast(request), allowed=allowed, waits=waits)

    def _record(
        self, request: Request, act: Callable[[], Receipt], *, allowed: bool, waits: bool
    ) -> None:
        receipt = self.attempt(act, allowed=allowed)
        if not allowed:
            self.happened()
            return
        (entry,) = self.happened("VOTE")
        door = self.reckoning.doors[request.place]
        self.check_vote(entry, door, request.token)
        said = self.said(door, entry)
        said = replace(said, keyed_by=self._keyed_by(request.channel), waits=waits)
        assert ("waits_until" in entry) == (receipt.waits_until is not None) == waits
        assert (said.choices, said.wishes) == (request.choices, request.wishes)
        self.reckoning.hear(door, said)
        assert (receipt.seq, receipt.number) == (said.seq, said.number)
        assert receipt.is_held == bool(entry["held"]) == (door.held == said)
        self.receipts[request.token] = receipt

    def check_vote(self, entry: dict[str, Any], door: Door, token: str) -> None:
        """A vote in the journal: asked for, by whom it says, in the order of its household."""
        assert entry["req"].startswith(token)
        assert entry["hh"] == self.entry(door).commitment
        assert entry["number"] == len(door.said) + 1
        assert entry["version"] == self.reckoning.plan
        assert all(said.seq < entry["seq"] for said in door.said)

    def said(self, door: Door, entry: dict[str, Any]) -> Said:
        """A vote as the journal tells it."""
        return Said(
            len(door.said) + 1,
            {int(matter): choice for matter, choice in entry["choice"].items()},
            frozenset(entry["wish"]),
            entry["channel"],
            self.reckoning.plan,
            self.moment,
            entry["seq"],
        )

    def _cast(self, request: Request) -> Receipt:
        ballot = Ballot(
            {matter: Choice(choice) for matter, choice in request.choices.items()},
            request.token,
            request.seen,
            request.plan,
            WORDS,
            request.wishes,
        )
        first = self.world.people[0]
        if request.channel == PAPER and request.place in self.reckoning.doors:
            entry = self.entry(self.reckoning.doors[request.place])
            return casting.cast_on_paper(self.round, entry, ballot, keyed_by=first)
        keyed_by, via = self._keyed_by(request.channel), Channel(request.channel)
        home = self.home_of[request.place[0]]
        browser = self._browser(request.place[0]) if request.is_new_phone else None
        whose = {"session_id": browser, "keyed_by_id": keyed_by}
        return casting.cast(self.round, home, ballot, via=via, **whose)

    def _keyed_by(self, channel: str) -> int | None:
        return None if channel == PHONE else self.world.people[0].id

    def pick(self, which: int) -> int:
        """Some premises of the roster."""
        premises = sorted(self.roster)
        return premises[which % len(premises)]

    def pick_door(self, which: int) -> Door:
        """Some door that is or was on the register."""
        doors = sorted(self.reckoning.doors)
        return self.reckoning.doors[doors[which % len(doors)]]

    def _pick_home(self, which: int) -> int:
        homes = sorted(self.home_of)
        return homes[which % len(homes)]

    # --- time

    @rule(
        to=st.sampled_from(
            ["minute", "hour", "day", "week", "before the close", "the close", "after", "back"]
        )
    )
    def let_time_pass(self, to: str) -> None:
        """Hours, days, the very second of the close; a clock may also be set back."""
        end = self.reckoning.deadline
        jumps = {
            "minute": self.now + timedelta(minutes=1),
            "hour": self.now + timedelta(hours=1),
            "day": self.now + timedelta(days=1),
            "week": min(self.now + timedelta(days=7), max(self.now, end - timedelta(days=1))),
            "before the close": end - timedelta(microseconds=1),
            "the close": end,
            "after": self.now + timedelta(days=2) if self.now > end else self.now,
            "back": self.now - timedelta(hours=5),
        }
        is_too_early = self.moment < YOUNG and jumps[to] > end - timedelta(hours=9)
        self.tick(None if is_too_early else jumps[to])

    @precondition(lambda self: self.now >= self.reckoning.deadline or self.moment % 9 == 0)
    @rule()
    def look_at_the_clock(self) -> None:
        """The scheduler's minute: a round whose time is over gets its close."""
        self.tick()
        is_due = self.state == "closed" and not self.reckoning.is_closed
        closed = actions.close_due_rounds()
        db.session.commit()
        assert [r.id for r in closed if r.id == self.round_id] == [self.round_id] * is_due
        self.check_close(self.happened("CLOSE")[0]) if is_due else self.happened()

    def check_close(self, entry: dict[str, Any]) -> None:
        """The close draws its sample from the seed; anybody can draw it again."""

        def lot(seq: int) -> str:
            return hashlib.sha256(f"{entry['seed']} {seq}".encode()).hexdigest()

        expected = sorted(self.reckoning.paper_at_close(), key=lot)[: self.audit_votes]
        assert entry["drawn"] == expected
        assert entry["closes_at"] == self.reckoning.deadline.isoformat()
        self.reckoning.is_closed = True
        self.drawn = dict.fromkeys(expected, False)

    @precondition(lambda self: self.state == "frozen")
    @rule()
    def open(self) -> None:
        """Start the consultation, when nothing waits and there is time enough."""
        self.tick()
        left = self.reckoning.deadline - self.now
        homes = self.reckoning.homes()
        has_codes = not self.without_code & {door.premises for door in homes}
        is_ready = timedelta(days=5) <= left and not self.unsettled() and has_codes
        first = self.world.people[0]
        self.attempt(lambda: actions.open_round(self.round, by=first), allowed=is_ready)
        if is_ready:
            (entry,) = self.happened("ROUND_OPEN")
            assert entry["households"] == len(homes)
            self.reckoning.opened = self.now
            self.reckoning.change_plan(entry["version"], is_material=True)
        else:
            self.happened()

    def unsettled(self) -> bool:
        """Whether something waits for an answer; see `living_cases`."""
        return False
