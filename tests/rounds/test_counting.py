"""The 80 % condition, with the worked figures of the rules; pure."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.format import as_percent
from app.rounds.counting import Tally


@pytest.mark.parametrize(
    ("total", "needed"),
    [
        (1, 1),
        (5, 4),
        (10, 8),
        (24, 20),
        (25, 20),
        (26, 21),
        (27, 22),
        (33, 27),
        (41, 33),
        (52, 42),
        (99, 80),
        (100, 80),
        (404, 324),
        (863, 691),
        (1845, 1476),
    ],
)
def test_the_households_needed_are_those_of_the_rules(total: int, needed: int) -> None:
    assert Tally(total).needed == needed
    assert Tally(total, agree=needed).passed
    assert not Tally(total, agree=needed - 1).passed


def test_exactly_eighty_percent_passes_and_a_hair_less_does_not() -> None:
    assert Tally(1845, agree=1476).passed
    assert not Tally(863, agree=690).passed
    assert as_percent(690, 863) == "79.9"


def test_nobody_on_the_register_is_no_consent() -> None:
    nobody = Tally(0)
    assert not nobody.passed
    assert not nobody.is_reachable


def test_silence_and_abstention_are_not_agreement() -> None:
    tally = Tally(10, agree=7, abstain=3)
    assert (tally.silent, tally.missing, tally.passed, tally.is_reachable) == (0, 1, False, False)
    assert Tally(10, agree=7, abstain=2).is_reachable


def test_it_is_out_of_reach_only_when_the_silent_cannot_carry_it() -> None:
    assert Tally(10, agree=0, disagree=2).is_reachable
    assert not Tally(10, agree=0, disagree=3).is_reachable


def test_two_buildings_together_are_counted_as_one_register() -> None:
    together = Tally(24, agree=20) + Tally(380, agree=303, disagree=10)
    assert together == Tally(404, agree=323, disagree=10)
    assert (together.missing, together.passed) == (1, False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 3, "agree": 4},
        {"total": 3, "agree": -1},
        {"total": -1},
        {"total": 3, "threshold": 0},
        {"total": 3, "threshold": 101},
    ],
)
def test_impossible_numbers_are_an_error_and_never_a_result(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Tally(**wrong)


def test_every_register_up_to_two_thousand_agrees_with_fractions() -> None:
    for total in range(2001):
        needed = Tally(total).needed
        for agree in {0, max(0, needed - 1), min(needed, total), total}:
            tally = Tally(total, agree=agree)
            exact = total > 0 and Fraction(agree, total) >= Fraction(80, 100)
            assert tally.passed == exact
            assert tally.passed == (total > 0 and tally.missing == 0)


@given(st.integers(1, 10_000), st.data())
def test_what_is_shown_never_reaches_the_threshold_when_the_decision_says_no(
    total: int, data: st.DataObject
) -> None:
    agree = data.draw(st.integers(0, total))
    shown = Fraction(as_percent(agree, total))
    assert Tally(total, agree=agree).passed or shown < 80
    assert shown <= Fraction(100 * agree, total)


@given(st.integers(1, 5000), st.data())
def test_one_more_agreeing_household_never_hurts(total: int, data: st.DataObject) -> None:
    agree = data.draw(st.integers(0, total - 1))
    less, more = Tally(total, agree=agree), Tally(total, agree=agree + 1)
    assert more.missing <= less.missing
    assert more.passed >= less.passed
