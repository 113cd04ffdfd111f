"""Counting against exact fractions, over everything small, and what holds for any numbers; pure."""

from dataclasses import replace
from fractions import Fraction
from itertools import count, product
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.format import as_percent
from app.rounds.counting import (
    CONSENT,
    Bar,
    Base,
    Choice,
    Part,
    Rule,
    Tally,
    divided_holders,
    owners_tallies,
)
from tests.rounds.law import (
    ASSEMBLY,
    HOUSEHOLDS,
    LEGACY_FUNDS,
    MORE_THAN_HALF,
    ORDINARY,
    RULES,
    SPECIAL,
    THREE_QUARTERS,
    TWO_THIRDS,
)

# Everything there is, against exact fractions.


def _passes(rule: Rule, total: int, agree: int, others: int) -> bool:
    """RULES.md §2 said once more, in fractions; also for more people than a register holds."""
    whole = total if rule.base is Base.ALL else agree + others
    taking_part = rule.participation is None or _reaches(rule.participation, agree + others, total)
    return total > 0 and taking_part and _reaches(rule.approval, agree, whole)


def _reaches(bar: Bar, part: int, of: int) -> bool:
    if of == 0:
        return False
    share, asked = Fraction(part, of), Fraction(bar.part, bar.whole)
    return share >= asked if bar.inclusive else share > asked


BARS = [CONSENT.approval, TWO_THIRDS, THREE_QUARTERS, MORE_THAN_HALF, Bar(2, 3, False), Bar(1, 1)]
WAYS = [
    pytest.param(CONSENT, id="consent"),
    pytest.param(ORDINARY, id="ordinary"),
    pytest.param(SPECIAL, id="special"),
    pytest.param(ASSEMBLY, id="assembly"),
    pytest.param(LEGACY_FUNDS, id="of all, with participation"),
    pytest.param(Rule(HOUSEHOLDS, MORE_THAN_HALF), id="more than half of all"),
    pytest.param(Rule(HOUSEHOLDS, Bar(1, 1)), id="everybody"),
]


@pytest.mark.parametrize("rule", WAYS)
def test_every_register_up_to_two_thousand_agrees_with_fractions(rule: Rule) -> None:
    for total in range(2001):
        least = rule.approval.needed(total)
        for agree in {0, max(0, least - 1), least, min(least + 1, total)}:
            for others in {0, total - agree}:
                tally = Tally(total, agree, disagree=others, rule=rule)
                assert tally.passed == _passes(rule, total, agree, others)
                assert tally.passed == (total > 0 and tally.missing == 0)


@pytest.mark.parametrize("bar", BARS, ids=str)
def test_every_number_of_agreeing_up_to_two_hundred_agrees_with_fractions(bar: Bar) -> None:
    for total in range(201):
        reached = [n for n in range(total + 1) if _reaches(bar, n, total)]
        assert [n for n in range(total + 1) if bar.is_met(n, total)] == reached
        assert bar.needed(total) == min(reached, default=0)


@pytest.mark.parametrize("rule", WAYS)
def test_what_is_missing_is_the_least_that_carries_it_in_every_small_register(rule: Rule) -> None:
    for total, agree, disagree, abstain in product(range(1, 13), range(13), range(13), range(2)):
        others = disagree + abstain
        if agree + others <= total:
            tally = Tally(total, agree, disagree, abstain, rule)
            least = next(k for k in count() if _passes(rule, total, agree + k, others))
            assert tally.missing == least
            assert tally.passed == (least == 0)
            assert tally.is_reachable == (least <= tally.silent)


# Properties.


@st.composite
def _tallies(draw: st.DrawFn, rules: tuple[Rule, ...] = tuple(RULES.values())) -> Tally:
    agree, disagree, abstain, silent = (draw(st.integers(0, 400)) for _ in range(4))
    total = agree + disagree + abstain + silent
    return Tally(total, agree, disagree, abstain, draw(st.sampled_from(rules)))


_parts = st.lists(
    st.builds(
        Part,
        holder=st.sampled_from("甲乙丙丁戊"),
        size=st.integers(0, 200_00),
        choice=st.sampled_from([None, *Choice]),
    )
)


@given(_tallies())
def test_what_is_shown_never_reaches_an_inclusive_threshold_when_the_decision_says_no(
    tally: Tally,
) -> None:
    bar = tally.rule.approval
    shown = Fraction(as_percent(tally.agree, tally.base))
    asked = Fraction(100 * bar.part, bar.whole)
    assert bar.is_met(tally.agree, tally.base) or shown < asked or not bar.inclusive
    assert tally.base == 0 or shown <= Fraction(100 * tally.agree, tally.base)


@given(_tallies())
def test_one_more_who_comes_and_agrees_never_hurts(less: Tally) -> None:
    assume(less.silent)
    more = replace(less, agree=less.agree + 1)
    assert more.missing == max(0, less.missing - 1)
    assert more.passed >= less.passed
    assert more.agree * max(less.base, 1) >= less.agree * more.base


@given(_tallies())
def test_who_turns_from_no_to_yes_never_hurts(less: Tally) -> None:
    assume(less.disagree)
    more = replace(less, agree=less.agree + 1, disagree=less.disagree - 1)
    assert more.passed >= less.passed
    assert more.missing <= less.missing
    assert more.is_reachable >= less.is_reachable


@given(_tallies())
def test_what_is_missing_carries_it_and_one_less_does_not(tally: Tally) -> None:
    assume(tally.is_reachable)
    assert replace(tally, agree=tally.agree + tally.missing).passed
    assert not tally.missing or not replace(tally, agree=tally.agree + tally.missing - 1).passed


@given(_tallies())
def test_it_is_reachable_exactly_when_all_the_silent_agreeing_would_carry_it(
    tally: Tally,
) -> None:
    assert tally.is_reachable == replace(tally, agree=tally.best).passed


@given(_tallies((CONSENT,)), _tallies((CONSENT,)))
def test_two_parts_of_a_register_add_up(one: Tally, other: Tally) -> None:
    both = one + other
    assert (both.voted, both.silent) == (one.voted + other.voted, one.silent + other.silent)
    assert both.passed or not (one.passed and other.passed)
    assert both == other + one


@given(_parts, st.randoms(use_true_random=False))
def test_the_order_of_the_premises_does_not_matter(parts: list[Part], random: Random) -> None:
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert owners_tallies(shuffled, SPECIAL) == owners_tallies(parts, SPECIAL)
    assert divided_holders(shuffled) == divided_holders(parts)


@given(_parts)
def test_heads_are_the_owners_and_areas_the_sum_of_the_premises(parts: list[Part]) -> None:
    heads, area = owners_tallies(parts, ORDINARY)
    assert heads.total == len({part.holder for part in parts})
    assert heads.voted == len({part.holder for part in parts if part.choice})
    assert area.total == sum(part.size for part in parts)
    assert area.agree == sum(part.size for part in parts if part.choice is Choice.AGREE)


@given(_parts)
def test_owners_who_hold_nothing_in_common_are_counted_apart_and_added(parts: list[Part]) -> None:
    some = [part for part in parts if part.holder in "甲乙"]
    rest = [part for part in parts if part.holder not in "甲乙"]
    apart = zip(owners_tallies(some, SPECIAL), owners_tallies(rest, SPECIAL), strict=True)
    assert tuple(one + other for one, other in apart) == owners_tallies(parts, SPECIAL)
