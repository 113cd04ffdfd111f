"""What a round must amount to, reckoned by hand: plain records, and the rules of RULES.md.

It is written from the rules alone and uses nothing of the application, to be compared with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

PHONE, PAPER, VISIT = "phone", "paper", "visit"
# Who speaks for premises; most are "home" alone, which is the household and the owner in one.
HOME, OWNER = "home", "owner"
# Lived in by somebody who is not the owner: two speakers.
APART = ("public", "occupied")
ONE_HOLDER = {
    "public": "the public landlord",
    "undelivered": "the developer",
    "occupied": "the developer",
}
Place = tuple[int, str]


@dataclass(frozen=True)
class Question:
    """One matter: which track, where it is asked (None: everywhere), and its options."""

    id: int
    track: str
    building: int | None = None
    options: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Facts:
    """What the roster says of premises: what counts of them on a register."""

    kind: str
    size: int
    owner: str

    @property
    def holder(self) -> str:
        return ONE_HOLDER.get(self.kind, self.owner)


@dataclass(frozen=True)
class Said:
    """One vote: the `number`-th of its household, cast as the `moment`-th event of this life."""

    number: int
    choices: dict[int, str]
    wishes: frozenset[int]
    channel: str
    plan: int
    moment: int
    seq: int
    keyed_by: int | None = None
    # Came by a phone that was put on file during the round, less than a day before.
    waits: bool = False


@dataclass
class Door:
    """One place on the register and everything said there."""

    premises: int
    who: str
    building: int
    facts: Facts
    holder: str
    is_listed: bool = True
    said: list[Said] = field(default_factory=list)
    current: Said | None = None
    held: Said | None = None
    is_disputed: bool = False
    sold: int | None = None
    void: set[int] = field(default_factory=set)

    @property
    def place(self) -> Place:
        return self.premises, self.who

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to say which word counts."""
        return self.held is None and not self.is_disputed


@dataclass
class Request:
    """One request as a phone sent it, or one form as it was keyed: the same may come again."""

    place: Place
    token: str
    choices: dict[int, str]
    wishes: frozenset[int]
    seen: int
    plan: int
    channel: str
    is_new_phone: bool = False


@dataclass
class Reckoning:
    """One round: its register, its plan, its end."""

    questions: list[Question]
    revote: str
    counts_public: bool
    deadline: datetime
    opened: datetime | None = None
    is_frozen: bool = False
    is_closed: bool = False
    is_withdrawn: bool = False
    is_preliminary: bool = False
    is_certified: bool = False
    is_archived: bool = False
    plan: int = 0
    counts_from: int = 0
    doors: dict[Place, Door] = field(default_factory=dict)
    recorded: dict[str, tuple[int, Said]] = field(default_factory=dict)

    def state(self, now: datetime) -> str:
        """Where the round stands; what is closed never opens again, whatever a clock says."""
        for is_so, name in (
            (self.is_archived or self.is_withdrawn, "archived"),
            (self.is_certified, "certified"),
            (self.is_preliminary, "preliminary"),
            (self.is_closed or (self.opened and now >= self.deadline), "closed"),
            (self.opened, "open"),
        ):
            if is_so:
                return name
        return "frozen"

    # --- the register

    def speakers(self, facts: Facts) -> tuple[str, ...]:
        """Who has a place of its own on a register."""
        if facts.kind == "owned":
            return (HOME,)
        is_told_apart = facts.kind in APART and (facts.kind != "public" or self.counts_public)
        return (HOME, OWNER) if is_told_apart else (OWNER,)

    def is_owner(self, door: Door) -> bool:
        """Whether heads and area are counted here."""
        return door.who == OWNER or door.facts.kind == "owned"

    def doors_of(self, premises: int) -> list[Door]:
        """The places of premises that are on the register now."""
        return [d for d in self.doors.values() if d.premises == premises and d.is_listed]

    def is_sellers(self, door: Door) -> bool:
        """Whether the last word of a door was said before it changed hands."""
        return bool(door.sold and door.current and door.current.moment < door.sold)

    def to_say_again(self, door: Door) -> Said | None:
        """What one tap would confirm: the newest word if it waits, else the last that counts."""
        newest = door.said[-1] if door.said else None
        if newest and newest.waits and newest.number not in door.void:
            return newest
        return door.current

    def keeps_holder(self, door: Door) -> bool:
        """Whether the seller spoke as owner: the head is whose word it is."""
        return self.is_owner(door) and self.is_sellers(door)

    def differs(self, door: Door, facts: Facts) -> bool:
        """Whether the roster says something else of a listed door than the register."""
        wanted = self.speakers(facts)
        if door.who not in wanted or len(wanted) != len(self.doors_of(door.premises)):
            return True
        is_other = (door.facts.kind, door.facts.size) != (facts.kind, facts.size)
        return is_other or (door.holder != facts.holder and not self.keeps_holder(door))

    def is_behind(self, premises: int, facts: Facts) -> bool:
        """Whether any door of premises says something else than the roster."""
        return any(self.differs(door, facts) for door in self.doors_of(premises))

    def may_align(self, premises: int, facts: Facts) -> bool:
        """Whether no door that would go has something to settle."""
        wanted = self.speakers(facts)
        return all(d.is_settled for d in self.doors_of(premises) if d.who not in wanted)

    def align(self, premises: int, building: int, facts: Facts) -> None:
        """Let the register say of premises what the roster says; what was said comes back."""
        wanted = self.speakers(facts)
        for door in self.doors_of(premises):
            door.is_listed = door.who in wanted
        for who in wanted:
            new = Door(premises, who, building, facts, facts.holder)
            door = self.doors.setdefault((premises, who), new)
            door.is_listed = True
            if not self.keeps_holder(door):
                door.holder = facts.holder
            door.facts = facts

    # --- votes

    def counts_in(self, question: Question, door: Door) -> bool:
        """Whether a question is about this door, and so is asked there."""
        if question.building not in (None, door.building):
            return False
        return self.is_owner(door) if question.track == "owners" else door.who == HOME

    def to_answer(self, door: Door) -> set[int]:
        """The questions that can be answered; a menu needs no answer."""
        asked = [q for q in self.questions if self.counts_in(q, door)]
        return {q.id for q in asked if q.track != "preference"}

    def is_whole(self, door: Door, answered: set[int]) -> bool:
        """Whether a form can be taken: an owners' question may be left open, no other."""
        asked = self.to_answer(door)
        needed = asked - {q.id for q in self._of("owners")}
        return bool(answered) and needed <= answered <= asked

    def worth(self, door: Door) -> str:
        """What the last word of a door is worth now."""
        if not door.is_listed:
            return "silent"
        if door.is_disputed:
            return "disputed"
        if door.current is None:
            return "silent"
        is_able = door.current.plan >= self.counts_from and not door.current.waits
        return "counted" if is_able else "to_confirm"

    def will_be_taken(self, request: Request, now: datetime) -> bool:
        """Whether a request that was never recorded becomes a vote."""
        door = self.doors.get(request.place)
        if self.state(now) != "open" or door is None or not door.is_listed:
            return False
        options = {o for q in self.questions if self.counts_in(q, door) for o in q.options}
        if not self.is_whole(door, set(request.choices)):
            return False
        if not request.wishes <= options or request.plan != self.plan:
            return False
        if request.seen != len(door.said) or not door.is_settled:
            return False
        return self.may_change(door)

    def may_change(self, door: Door) -> bool:
        """Whether what a door said may be said otherwise: only what counts can be locked."""
        if self.worth(door) != "counted" or door.current is None:
            return True
        if self.is_sellers(door):
            return False
        most = {"none": 0, "once": 1}.get(self.revote)
        # Saying again what a new plan or a decision took away is no use of the change.
        able = [
            s
            for s in door.said
            if s.plan >= self.counts_from and s.number not in door.void and not s.waits
        ]
        return most is None or len(able) <= most

    def contradicts(self, door: Door, said: Said) -> bool:
        """Whether paper meets another channel, or the reverse, with different choices."""
        before = door.current
        if self.worth(door) != "counted" or before is None:
            return False
        if (before.channel == PAPER) == (said.channel == PAPER):
            return False
        # To leave open what was answered before is another word too.
        return any(said.choices.get(q) != c for q, c in before.choices.items())

    def hear(self, door: Door, said: Said) -> None:
        """A household's vote: it counts, is held beside the one of the other channel, or waits

        beside one that counts.
        """
        if said.waits and self.worth(door) == "counted":
            door.said.append(said)
        elif self.contradicts(door, said):
            door.said.append(said)
            door.held = said
        else:
            self.put(door, said)

    def put(self, door: Door, said: Said) -> None:
        """What two persons wrote down for a door: it counts whatever was said before."""
        door.said.append(said)
        door.current, door.is_disputed = said, False

    def change_plan(self, number: int, *, is_material: bool) -> None:
        """A newer version; after a material change nothing said before counts by itself."""
        self.plan = number
        if is_material:
            self.counts_from = number
            for door in self.doors.values():
                door.held = None

    # --- numbers

    def homes(self, building: int | None = None) -> list[Door]:
        """The 户 on the register."""
        here = [d for d in self.doors.values() if building in (None, d.building)]
        return [d for d in here if d.is_listed and d.who == HOME]

    def numbers(self) -> dict[str, object]:
        """Everything a board says, in one comparable form."""
        homes = self.homes()
        return {
            "standing": self._standing(homes),
            "consultation": {q.id: self._four(q, homes) for q in self._of("consultation")},
            "owners": {q.id: self._heads_and_area(q) for q in self._of("owners")},
            "menus": {q.id: self._menu(q, homes) for q in self._of("preference")},
            "buildings": {
                b: self._standing(self.homes(b))[:2]
                for b in {d.building for d in self.doors.values() if d.is_listed}
            },
            "channels": {
                c: sum(d.current is not None and d.current.channel == c for d in self.counted())
                for c in (PHONE, PAPER, VISIT)
            },
        }

    def counted(self) -> list[Door]:
        """The 户 whose word counts now."""
        return [d for d in self.homes() if self.worth(d) == "counted"]

    def paper_at_close(self) -> set[int]:
        """Places in the journal of all votes on paper that count now."""
        doors = [d for d in self.doors.values() if self.worth(d) == "counted"]
        return {d.current.seq for d in doors if d.current and d.current.channel == PAPER}

    def _of(self, track: str) -> list[Question]:
        return [q for q in self.questions if q.track == track]

    def _standing(self, homes: Iterable[Door]) -> tuple[int, int, int, int]:
        worths = [self.worth(d) for d in homes]
        return (len(worths), *(worths.count(w) for w in ("counted", "to_confirm", "disputed")))

    def _choice(self, door: Door, question: Question) -> str | None:
        is_counted = self.worth(door) == "counted" and door.current is not None
        return door.current.choices.get(question.id) if is_counted and door.current else None

    def _four(self, question: Question, homes: Iterable[Door]) -> tuple[int, ...]:
        said = [self._choice(d, question) for d in homes if self.counts_in(question, d)]
        return (len(said), *(said.count(c) for c in ("agree", "disagree", "abstain")))

    def _heads_and_area(self, question: Question) -> tuple[tuple[int, ...], tuple[int, ...]]:
        doors = [d for d in self.doors.values() if d.is_listed and self.counts_in(question, d)]
        heads: dict[str, set[str]] = {}
        area = dict.fromkeys((None, "agree", "disagree", "abstain"), 0)
        for door in doors:
            choice = self._choice(door, question)
            heads.setdefault(door.holder, set()).update({choice} if choice else set())
            area[choice] += door.facts.size
        said = ["abstain" if len(c) > 1 else next(iter(c), None) for c in heads.values()]
        order = ("agree", "disagree", "abstain")
        of_heads = (len(said), *(said.count(c) for c in order))
        return of_heads, (sum(area.values()), *(area[c] for c in order))

    def _menu(self, question: Question, homes: Iterable[Door]) -> dict[int, int]:
        wished = [d.current.wishes for d in homes if self.worth(d) == "counted" and d.current]
        return {option: sum(option in w for w in wished) for option in question.options}
