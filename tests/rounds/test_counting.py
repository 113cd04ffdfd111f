"""Every rule the product counts by, with the worked figures of the rules; pure."""

from dataclasses import replace
from itertools import product

import pytest

from app.core.format import as_percent
from app.rounds.counting import (
    CONSENT,
    Bar,
    Base,
    Choice,
    Measure,
    Part,
    Place,
    Rule,
    Tally,
    Track,
    divided_holders,
    owners_tallies,
    ranking,
)
from tests.rounds.law import (
    BOTH,
    HEADS,
    LEGACY_FUNDS,
    MORE_THAN_HALF,
    ORDINARY,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R8_OTHER,
    R9,
    R9_SPECIAL,
    R10,
    R11,
    R12,
    R15,
    RULES,
    SPECIAL,
    TWO_THIRDS,
)

AGREE, DISAGREE, ABSTAIN = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN

# The condition for starting: 80 % of all households (RULES.md §2; Civil Code art. 1259).


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
    assert Tally(total).missing == needed
    assert Tally(total, agree=needed).passed
    assert not Tally(total, agree=needed - 1).passed


def test_exactly_eighty_percent_passes_and_a_hair_less_does_not() -> None:
    assert Tally(1845, agree=1476).passed
    assert not Tally(863, agree=690).passed
    assert (as_percent(690, 863), as_percent(323, 404)) == ("79.9", "79.9")


def test_nobody_on_the_register_is_no_consent_and_no_number_would_help() -> None:
    for rule in RULES.values():
        nobody = Tally(0, rule=rule)
        assert (nobody.passed, nobody.is_reachable) == (False, False)
        assert (nobody.needed, nobody.participation_needed, nobody.missing) == (0, 0, 0)


def test_silence_and_abstention_are_not_agreement() -> None:
    tally = Tally(10, agree=7, abstain=3)
    assert (tally.silent, tally.missing, tally.passed, tally.is_reachable) == (0, 1, False, False)
    assert Tally(10, agree=7, abstain=2).is_reachable
    assert Tally(10, agree=7, disagree=1).best == 9


def test_it_is_out_of_reach_only_when_the_silent_cannot_carry_it() -> None:
    for total, disagree, abstain in product(range(30), range(15), range(15)):
        left = total - disagree - abstain
        if left >= 0:
            tally = Tally(total, disagree=disagree, abstain=abstain)
            assert tally.is_reachable == (total > 0 and left >= tally.needed)


# The rules of law, one by one (RULES.md §2.1): who is asked, how many must agree at least.


@pytest.mark.parametrize(
    ("row", "total", "taking_part", "least"),
    [
        pytest.param(row, total, taking_part, least, id=f"{row}: {least} of {taking_part}/{total}")
        for row, total, taking_part, least in [
            (R1, 404, 404, 324),
            (R1, 1845, 1845, 1476),
            (R2, 99, 99, 66),
            (R2, 100, 100, 67),
            (R3, 403, 403, 269),
            (R4, 1845, 1845, 1384),
            (R4, 100, 100, 75),
            (R5, 100, 51, 26),
            (R5, 100, 52, 27),
            (R6, 403, 269, 135),
            (R6, 403, 270, 136),
            (R6, 66_783_97, 44_522_65, 22_261_33),
            (R6, 66_783_97, 44_522_66, 22_261_34),
            (R7, 403, 269, 202),
            (R7, 403, 272, 204),
            (R7, 66_783_97, 44_522_65, 33_391_99),
            (R8, 403, 403, 269),
            (R8, 402, 402, 268),
            (R8_OTHER, 403, 403, 202),
            (R8_OTHER, 404, 404, 203),
            (R9, 12, 8, 5),
            (R9_SPECIAL, 12, 8, 6),
            (R10, 12, 12, 8),
            (R10, 14, 14, 10),
            (R11, 12, 12, 8),
            (R11, 1_234_56, 1_234_56, 823_04),
            (R12, 12, 12, 9),
            (R15, 403, 403, 81),
            (R15, 100, 100, 20),
        ]
    ],
)
def test_a_rule_of_law_is_met_at_its_number_and_not_one_below(
    row: str, total: int, taking_part: int, least: int
) -> None:
    below, at, above = (
        Tally(total, agree, taking_part - agree, rule=RULES[row])
        for agree in (least - 1, least, least + 1)
    )
    assert (below.passed, at.passed, above.passed) == (False, True, True)
    assert (below.needed, at.needed, above.needed) == (least, least, least)
    assert above.participation_met


@pytest.mark.parametrize(
    ("row", "total", "least"),
    [
        pytest.param(row, total, least, id=f"{row}: {least} of {total} take part")
        for row, total, least in [
            (R5, 100, 51),
            (R5, 101, 51),
            (R6, 403, 269),
            (R6, 66_783_97, 44_522_65),
            (R7, 403, 269),
            (R7, 66_783_97, 44_522_65),
            (R8, 403, 202),
            (R8_OTHER, 404, 203),
            (R9, 12, 8),
            (R9_SPECIAL, 12, 8),
            (R12, 12, 8),
        ]
    ],
)
def test_a_rule_of_law_asks_for_its_participation_whatever_was_said(
    row: str, total: int, least: int
) -> None:
    below, at, above = (
        Tally(total, abstain=voted, rule=RULES[row]) for voted in (least - 1, least, least + 1)
    )
    assert [tally.participation_met for tally in (below, at, above)] == [False, True, True]
    assert {tally.participation_needed for tally in (below, at, above)} == {least}
    assert not Tally(total, agree=least - 1, rule=RULES[row]).passed


@pytest.mark.parametrize(("row", "passes"), [(R6, True), (R7, True), (R8, False), (R11, False)])
def test_a_share_of_those_taking_part_is_less_than_the_same_share_of_all(
    row: str, passes: bool
) -> None:
    assert Tally(300, agree=199, disagree=1, rule=RULES[row]).passed is passes


@pytest.mark.parametrize(("row", "least"), [(R1, 323), (R2, 269), (R10, 269), (R15, 81)])
def test_a_rule_that_asks_for_no_participation_is_carried_by_those_who_agree_alone(
    row: str, least: int
) -> None:
    below, at = Tally(403, least - 1, rule=RULES[row]), Tally(403, least, rule=RULES[row])
    assert (below.passed, at.passed) == (False, True)
    assert (below.participation_needed, below.participation_met, below.missing) == (0, True, 1)


@pytest.mark.parametrize(("objecting", "stands"), [(99, True), (100, False), (101, False)])
def test_r16_lishui_13_stands_while_fewer_than_a_third_object(objecting: int, stands: bool) -> None:
    assert Bar(1, 3).is_met(objecting, 300) is not stands


# How premises and people are counted (RULES.md §2.2).


def _one_each(*choices: Choice | None) -> list[Part]:
    return [Part(f"owner {i}", 50_00, choice) for i, choice in enumerate(choices)]


def test_the_heads_and_area_of_a_published_notice_are_counted_as_it_says() -> None:
    said: list[Choice | None] = [AGREE] * 202 + [DISAGREE] * 67 + [None] * 134
    parts = [replace(part, size=165_71) for part in _one_each(*said)]
    heads, area = owners_tallies(parts, SPECIAL)
    assert (heads.total, heads.voted, heads.needed, heads.passed) == (403, 269, 202, True)
    assert (area.total, area.voted, area.agree) == (66_781_13, 44_575_99, 33_473_42)
    assert area.passed


def test_several_premises_of_one_owner_are_one_head_and_their_areas_add_up() -> None:
    parts = [Part("developer", 80_00, AGREE), Part("developer", 45_50, AGREE), Part("Li", 60_00)]
    heads, area = owners_tallies(parts, ORDINARY)
    assert (heads.total, heads.agree, heads.silent) == (2, 1, 1)
    assert (area.total, area.agree, area.silent) == (185_50, 125_50, 60_00)


def test_one_owner_of_ten_of_forty_homes_is_ten_households_and_one_head() -> None:
    parts = [Part("one", 50_00)] * 10 + _one_each(*[None] * 30)
    households = Tally(len(parts))
    (heads,) = owners_tallies(parts, replace(ORDINARY, measures=HEADS))
    assert (households.total, households.needed) == (40, 32)
    assert (heads.total, heads.participation_needed) == (31, 21)


def test_a_head_takes_part_with_one_of_its_premises_but_area_only_where_it_was_said() -> None:
    parts = [Part("one", 50_00, AGREE), Part("one", 70_00), Part("two", 30_00)]
    assert owners_tallies(parts, SPECIAL) == (
        Tally(2, agree=1, rule=SPECIAL),
        Tally(150_00, agree=50_00, rule=SPECIAL),
    )


@pytest.mark.parametrize("other", [DISAGREE, ABSTAIN])
def test_a_divided_owner_takes_part_but_agrees_to_nothing_until_it_is_settled(
    other: Choice,
) -> None:
    parts = [Part("one", 50_00, AGREE), Part("one", 70_00, other), Part("two", 30_00, AGREE)]
    heads, area = owners_tallies(parts, ORDINARY)
    assert (heads.agree, heads.disagree, heads.abstain) == (1, 0, 1)
    assert (area.agree, area.disagree + area.abstain) == (80_00, 70_00)
    assert divided_holders(parts) == {"one"}


def test_only_owners_who_said_different_things_are_divided() -> None:
    agreeing = [Part("one", 50_00, AGREE), Part("one", 70_00, AGREE), Part("one", 10_00)]
    assert divided_holders([*agreeing, *_one_each(AGREE, DISAGREE, None)]) == frozenset()


def test_owners_who_cannot_be_reached_stay_in_the_whole() -> None:
    heads, area = owners_tallies(_one_each(AGREE, AGREE, None), LEGACY_FUNDS)
    assert (heads.total, heads.voted, area.total, area.voted) == (3, 2, 150_00, 100_00)


def test_tallies_come_in_the_order_of_the_rule() -> None:
    parts = _one_each(AGREE)
    assert [t.total for t in owners_tallies(parts, replace(ORDINARY, measures=BOTH))] == [1, 50_00]
    turned = replace(ORDINARY, measures=BOTH[::-1])
    assert [t.total for t in owners_tallies(iter(parts), turned)] == [50_00, 1]
    assert owners_tallies([], ORDINARY) == (Tally(0, rule=ORDINARY),) * 2


def test_owners_are_never_counted_as_households() -> None:
    with pytest.raises(ValueError, match=r"^owners .* never by household$"):
        owners_tallies(_one_each(AGREE), CONSENT)


# A wish list.


def test_options_that_as_many_wish_for_share_a_rank_and_keep_their_order() -> None:
    assert ranking({4: 7, 9: 12, 2: 7, 1: 0}) == (
        Place(option=9, households=12, rank=1),
        Place(option=4, households=7, rank=2),
        Place(option=2, households=7, rank=2),
        Place(option=1, households=0, rank=4),
    )
    assert ranking({}) == ()


def test_fewer_than_no_households_cannot_wish_for_anything() -> None:
    with pytest.raises(ValueError, match=r"^households are counted, never negative$"):
        ranking({1: 3, 2: -1})


# What is kept and hashed is spelled the same for good.


def test_the_words_that_are_kept_never_change() -> None:
    assert [*Choice] == ["agree", "disagree", "abstain"]
    assert [*Track] == ["consultation", "owners", "preference"]
    assert [*Measure] == ["households", "heads", "area"]
    assert [*Base] == ["all", "participants"]


# What makes no sense is an error.


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 3, "agree": 4},
        {"total": 3, "agree": 2, "disagree": 1, "abstain": 1},
        {"total": 3, "agree": -1},
        {"total": 3, "disagree": -1},
        {"total": 3, "abstain": -1},
        {"total": -1},
    ],
)
def test_impossible_numbers_are_an_error_and_never_a_result(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"^(what is counted is never|more was said than)"):
        Tally(**wrong)


@pytest.mark.parametrize(
    ("part", "whole", "inclusive"),
    [(0, 2, True), (-1, 2, True), (3, 2, True), (0, 0, True), (-2, -3, True), (2, 2, False)],
)
def test_a_bar_is_a_share_that_somebody_can_reach(part: int, whole: int, inclusive: bool) -> None:
    with pytest.raises(ValueError, match=r"^(a bar is a share|nobody can be more)"):
        Bar(part, whole, inclusive)


def test_a_bar_may_be_everybody_and_is_inclusive_unless_it_is_said_otherwise() -> None:
    assert Bar(3, 3).is_met(7, 7)
    assert not Bar(1, 1).is_met(6, 7)
    assert Bar(1, 2).is_met(5, 10)


@pytest.mark.parametrize("bar", [Bar(1, 2), MORE_THAN_HALF])
def test_of_nothing_nothing_is_needed_and_no_bar_is_met(bar: Bar) -> None:
    assert (bar.needed(0), bar.needed_beside(0)) == (0, 0)
    assert not any(bar.is_met(part, 0) for part in (0, 1))


@pytest.mark.parametrize(
    ("measures", "approval", "base", "participation", "why"),
    [
        ((), TWO_THIRDS, Base.ALL, None, "a rule counts something"),
        (HEADS * 2, TWO_THIRDS, Base.ALL, None, "a rule counts each measure once"),
        (HEADS, TWO_THIRDS, Base.PARTICIPANTS, None, "a share of those taking part"),
        (HEADS, Bar(2, 2), Base.PARTICIPANTS, TWO_THIRDS, "once one of those taking part"),
    ],
)
def test_a_rule_that_cannot_be_counted_is_an_error(
    measures: tuple[Measure, ...],
    approval: Bar,
    base: Base,
    participation: Bar | None,
    why: str,
) -> None:
    with pytest.raises(ValueError, match=f"^{why}"):
        Rule(measures, approval, base, participation)


def test_everybody_of_all_is_a_rule() -> None:
    rule = Rule(HEADS, Bar(1, 1))
    assert Tally(12, agree=12, rule=rule).passed
    assert not Tally(12, agree=11, rule=rule).passed


def test_premises_have_no_negative_area_but_may_have_none() -> None:
    assert Part("one", 0).size == 0
    with pytest.raises(ValueError, match=r"^an area is never negative$"):
        Part("one", -1)


def test_two_matters_are_never_added() -> None:
    with pytest.raises(ValueError, match=r"^two matters are never added$"):
        Tally(3, rule=ORDINARY) + Tally(3, rule=SPECIAL)


def test_two_buildings_together_are_counted_as_one_register() -> None:
    together = Tally(24, 18, 1, 2) + Tally(380, 303, 10, 4)
    assert together == Tally(404, agree=321, disagree=11, abstain=6)
    assert (together.missing, together.passed) == (3, False)
    assert (Tally(3, 1, rule=SPECIAL) + Tally(4, rule=SPECIAL)).rule == SPECIAL
