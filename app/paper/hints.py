"""What a supervisor may want to look at in how forms were keyed: hints, never accusations.

Pure: from who keyed what and when. Each hint has its numbers; a small office will see some of them
for honest reasons.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

# Below so many entries shares and pairs say nothing.
FEWEST = 20
MOST_OF_ONE = 70
MOST_AN_HOUR = 40
MOST_OF_A_PAIR = 90
MOST_ALIKE_IN_A_ROW = 15
MOST_OVER_OTHERS = 5
NIGHT_BEGINS, NIGHT_ENDS, MOST_BY_NIGHT = 22, 6, 3
# The last votes that carried a matter over its bar, and how many of them on paper are many.
APPROACH, MANY_OF_APPROACH = 10, 6


class HintKind(StrEnum):
    """What stands out."""

    ONE_PERSON = "one_person"
    FAST = "fast"
    SAME_PAIR = "same_pair"
    NIGHT = "night"
    ALL_ALIKE = "all_alike"
    OVER_OTHERS = "over_others"
    AT_THE_BAR = "at_the_bar"


@dataclass(frozen=True)
class Keyed:
    """One entry of a form: by whom, at what moment of the office's wall clock, saying what.

    `said` only tells equal from different. `over_other`: the household had a vote by another
    channel.
    """

    form: int
    place: int
    person: int
    at: datetime
    said: str
    over_other: bool = False


@dataclass(frozen=True)
class Crossing:
    """How the last agreeing votes before a matter reached its bar came in: on paper or not."""

    matter: str
    on_paper: Sequence[bool]


@dataclass(frozen=True)
class Hint:
    """One thing to look at: `count` of `of`, about these persons or this matter."""

    kind: HintKind
    count: int
    of: int
    persons: tuple[int, ...] = ()
    matter: str = ""


def hints_from(entries: Iterable[Keyed], crossings: Iterable[Crossing] = ()) -> list[Hint]:
    """Everything that stands out, in the order of the kinds."""
    keyed = sorted(entries, key=lambda one: (one.at, one.form, one.place))
    firsts = [one for one in keyed if one.place == 1]
    return [
        *_of_one_person(firsts),
        *_fast(keyed),
        *_same_pair(keyed),
        *_by_night(keyed),
        *_all_alike(firsts),
        *_over_others(firsts),
        *_at_the_bar(crossings),
    ]


def _of_one_person(firsts: list[Keyed]) -> list[Hint]:
    total = len(firsts)
    return [
        Hint(HintKind.ONE_PERSON, count, total, (person,))
        for person, count in Counter(one.person for one in firsts).most_common()
        if total >= FEWEST and 100 * count >= MOST_OF_ONE * total
    ]


def _fast(keyed: list[Keyed]) -> list[Hint]:
    """The most entries of a person within any sixty minutes."""
    found = []
    for person in sorted({one.person for one in keyed}):
        moments = [one.at for one in keyed if one.person == person]
        busiest = max(
            sum(begin <= at < begin + timedelta(hours=1) for at in moments[start:])
            for start, begin in enumerate(moments)
        )
        if busiest > MOST_AN_HOUR:
            found.append(Hint(HintKind.FAST, busiest, len(moments), (person,)))
    return found


def _same_pair(keyed: list[Keyed]) -> list[Hint]:
    people: dict[int, set[int]] = {}
    for one in keyed:
        if one.place <= 2:
            people.setdefault(one.form, set()).add(one.person)
    pairs = Counter(tuple(sorted(two)) for two in people.values() if len(two) == 2)
    total = sum(pairs.values())
    return [
        Hint(HintKind.SAME_PAIR, count, total, pair)
        for pair, count in pairs.items()
        if total >= FEWEST and 100 * count >= MOST_OF_A_PAIR * total
    ]


def _by_night(keyed: list[Keyed]) -> list[Hint]:
    late = Counter(o.person for o in keyed if o.at.hour >= NIGHT_BEGINS or o.at.hour < NIGHT_ENDS)
    every = Counter(one.person for one in keyed)
    return [
        Hint(HintKind.NIGHT, count, every[person], (person,))
        for person, count in late.most_common()
        if count >= MOST_BY_NIGHT
    ]


def _all_alike(firsts: list[Keyed]) -> list[Hint]:
    """The longest row of first entries by one person that all say the same."""
    found = []
    for person in sorted({one.person for one in firsts}):
        mine = [one.said for one in firsts if one.person == person]
        longest = run = 1
        for before, after in pairwise(mine):
            run = run + 1 if after == before else 1
            longest = max(longest, run)
        if longest >= MOST_ALIKE_IN_A_ROW:
            found.append(Hint(HintKind.ALL_ALIKE, longest, len(mine), (person,)))
    return found


def _over_others(firsts: list[Keyed]) -> list[Hint]:
    over = Counter(one.person for one in firsts if one.over_other)
    every = Counter(one.person for one in firsts)
    return [
        Hint(HintKind.OVER_OTHERS, count, every[person], (person,))
        for person, count in over.most_common()
        if count >= MOST_OVER_OTHERS
    ]


def _at_the_bar(crossings: Iterable[Crossing]) -> list[Hint]:
    found = []
    for crossing in crossings:
        last = list(crossing.on_paper)[-APPROACH:]
        if sum(last) >= MANY_OF_APPROACH:
            found.append(Hint(HintKind.AT_THE_BAR, sum(last), len(last), matter=crossing.matter))
    return found
