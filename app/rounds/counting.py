"""Counting consent: pure, in integers only; RULES.md §2 is its specification.

It knows no database and no person, only how much of a register said what. Every rule of law that
the product counts by is one `Rule`; there is one way to count, and it is `Tally`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    """What may be said on a matter; who says nothing is silent, and silence is no choice."""

    AGREE = "agree"
    DISAGREE = "disagree"
    ABSTAIN = "abstain"


class Track(StrEnum):
    """Which of the two tracks that never mix a matter belongs to, or none (a preference)."""

    CONSULTATION = "consultation"
    OWNERS = "owners"
    PREFERENCE = "preference"


class Measure(StrEnum):
    """What is added up: households 户, heads of owners 人数, or exclusive area in 0.01 m² 面积."""

    HOUSEHOLDS = "households"
    HEADS = "heads"
    AREA = "area"


class Base(StrEnum):
    """The whole an approval is a share of: all of the register, or only what took part in it."""

    ALL = "all"
    PARTICIPANTS = "participants"


@dataclass(frozen=True)
class Bar:
    """A share that must be reached: `part` of `whole`, such as 80 of 100 or 2 of 3.

    「以上」 includes the share itself (Civil Code art. 1259); 「过半数」 is strictly more than it.
    """

    part: int
    whole: int
    inclusive: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.part <= self.whole:
            raise ValueError("a bar is a share above nothing and up to the whole")
        if self.part == self.whole and not self.inclusive:
            raise ValueError("nobody can be more than the whole")

    def is_met(self, part: int, of: int) -> bool:
        """Whether `part` of `of` reaches this bar; of nothing, no bar is ever met."""
        reached, asked = self.whole * part, self.part * of
        return of > 0 and (reached >= asked if self.inclusive else reached > asked)

    def needed(self, of: int) -> int:
        """The smallest number that meets this bar in `of`; 0 of nothing, which meets no bar."""
        return self._least(self.part * of, self.whole) if of > 0 else 0

    def needed_beside(self, others: int) -> int:
        """The smallest number that meets this bar among itself and `others`, who do not agree.

        0 beside nobody: alone, any number at all is the whole. Only for a bar below the whole.
        """
        return self._least(self.part * others, self.whole - self.part) if others > 0 else 0

    def _least(self, product: int, divisor: int) -> int:
        # ceil(product / divisor), or the first whole number above it, without leaving integers.
        return -(-product // divisor) if self.inclusive else product // divisor + 1


@dataclass(frozen=True)
class Rule:
    """How one matter is decided: by every one of its measures, each on its own.

    `participation` is what must take part at all; it is always a share of the whole register.
    """

    measures: tuple[Measure, ...]
    approval: Bar
    base: Base = Base.ALL
    participation: Bar | None = None

    def __post_init__(self) -> None:
        if not self.measures:
            raise ValueError("a rule counts something")
        if len(set(self.measures)) < len(self.measures):
            raise ValueError("a rule counts each measure once")
        if self.base is Base.PARTICIPANTS:
            self._check_participants()

    def _check_participants(self) -> None:
        if self.participation is None:
            raise ValueError("a share of those taking part needs a least participation")
        if self.approval.part == self.approval.whole:
            raise ValueError("once one of those taking part said no, no number could mend it")


# 「80%以上居民同意」, of all households of the frozen register; silence is not agreement.
CONSENT = Rule((Measure.HOUSEHOLDS,), Bar(80, 100))


@dataclass(frozen=True)
class Tally:
    """One measure of one matter: how much of the register said what.

    The numbers are households, heads, or 0.01 m², whichever `rule` measures here.
    """

    total: int
    agree: int = 0
    disagree: int = 0
    abstain: int = 0
    rule: Rule = CONSENT

    def __post_init__(self) -> None:
        if min(self.agree, self.disagree, self.abstain) < 0:
            raise ValueError("what is counted is never negative")
        if self.voted > self.total:
            raise ValueError("more was said than the register holds")

    @property
    def voted(self) -> int:
        """What expressed anything, and so took part; abstaining is taking part."""
        return self.agree + self.disagree + self.abstain

    @property
    def silent(self) -> int:
        """What has said nothing; silence is not agreement."""
        return self.total - self.voted

    @property
    def base(self) -> int:
        """The whole that approval is measured against."""
        return self.total if self.rule.base is Base.ALL else self.voted

    @property
    def needed(self) -> int:
        """The smallest agreement that meets approval, the base being what it is now."""
        return self.rule.approval.needed(self.base)

    @property
    def participation_needed(self) -> int:
        """The smallest participation the rule asks for; 0 when it asks for none."""
        participation = self.rule.participation
        return participation.needed(self.total) if participation else 0

    @property
    def participation_met(self) -> bool:
        """Whether as much took part as the rule asks for; always when it asks for none."""
        participation = self.rule.participation
        return participation is None or participation.is_met(self.voted, self.total)

    @property
    def passed(self) -> bool:
        """Enough took part, and enough agreed; an empty register never passes."""
        return self.participation_met and self.rule.approval.is_met(self.agree, self.base)

    @property
    def missing(self) -> int:
        """The fewest more that must come and agree until it passes; may exceed `silent`.

        Who comes enlarges the base of those taking part, so there it is not `needed − agree`.
        """
        absent = self.participation_needed - self.voted
        return max(0, absent, self._agreement_to_pass - self.agree)

    @property
    def _agreement_to_pass(self) -> int:
        if self.rule.base is Base.ALL:
            return self.needed
        return self.rule.approval.needed_beside(self.disagree + self.abstain)

    @property
    def best(self) -> int:
        """The agreement there would be if all the silent came and agreed."""
        return self.agree + self.silent

    @property
    def is_reachable(self) -> bool:
        """Whether the silent could still carry it, as the votes stand now; they may change."""
        return self.total > 0 and self.missing <= self.silent

    def __add__(self, other: "Tally") -> "Tally":
        """Two disjoint parts of the same register, together.

        Heads of two buildings are disjoint only where nobody owns in both.
        """
        if self.rule != other.rule:
            raise ValueError("two matters are never added")
        return Tally(
            self.total + other.total,
            self.agree + other.agree,
            self.disagree + other.disagree,
            self.abstain + other.abstain,
            self.rule,
        )


@dataclass(frozen=True)
class Part:
    """One premises 专有部分 of the owners' register, and what was said for it.

    `holder` is the same key wherever the same owner holds: several buyers together are one holder,
    and so is the developer with everything unsold or not yet handed over. `size` is in 0.01 m².
    """

    holder: str
    size: int
    choice: Choice | None = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("an area is never negative")


def owners_tallies(parts: Iterable[Part], rule: Rule) -> tuple[Tally, ...]:
    """One tally per measure of the rule, in its order; the matter passes when each of them does.

    Area takes part premises by premises and counts as was said for it. An owner is one head however
    many premises are held (区分所有权解释 art. 9), and takes part as soon as one premises did. A
    divided owner took part, and abstains until it is settled: no text decides that case.
    """
    register = tuple(parts)
    return tuple(_tally(_weighed(register, measure), rule) for measure in rule.measures)


def divided_holders(parts: Iterable[Part]) -> frozenset[str]:
    """Owners of several premises who said different things for them; the office asks them."""
    return frozenset(
        holder for holder, choices in _choices_of_holders(parts).items() if len(choices) > 1
    )


def _weighed(parts: tuple[Part, ...], measure: Measure) -> list[tuple[int, Choice | None]]:
    """Everything a measure adds up: how much each weighs, and what it said."""
    if measure is Measure.AREA:
        return [(part.size, part.choice) for part in parts]
    if measure is Measure.HEADS:
        return [(1, _choice_of_head(said)) for said in _choices_of_holders(parts).values()]
    raise ValueError("owners are counted by heads and by area, never by household")


def _choices_of_holders(parts: Iterable[Part]) -> dict[str, set[Choice]]:
    said: dict[str, set[Choice]] = {}
    for part in parts:
        choices = said.setdefault(part.holder, set())
        if part.choice is not None:
            choices.add(part.choice)
    return said


def _choice_of_head(said: set[Choice]) -> Choice | None:
    if len(said) > 1:
        return Choice.ABSTAIN
    return next(iter(said), None)


def _tally(weighed: list[tuple[int, Choice | None]], rule: Rule) -> Tally:
    sums: Counter[Choice | None] = Counter()
    for weight, choice in weighed:
        sums[choice] += weight
    agree, disagree = sums[Choice.AGREE], sums[Choice.DISAGREE]
    return Tally(sums.total(), agree, disagree, sums[Choice.ABSTAIN], rule)


@dataclass(frozen=True)
class Place:
    """Where one option stands in a ranking; options that as many wish for share a rank."""

    option: int
    households: int
    rank: int
    # How many of them want it before everything else.
    firsts: int = 0


def ranking(
    wishes: Mapping[int, int], firsts: Mapping[int, int] | None = None
) -> tuple[Place, ...]:
    """Options by how many households wish for each (1, 2, 2, 4); a wish list, never a decision.

    Options of the same rank are told in the order of how many put each of them first, and else
    as they were given.
    """
    first = firsts or {}
    if any(households < 0 for households in wishes.values()):
        raise ValueError("households are counted, never negative")
    return tuple(
        Place(
            option,
            households,
            1 + sum(more > households for more in wishes.values()),
            first.get(option, 0),
        )
        for option, households in sorted(
            wishes.items(), key=lambda wish: (-wish[1], -first.get(wish[0], 0))
        )
    )
