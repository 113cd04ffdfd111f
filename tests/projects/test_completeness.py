"""Which blockers stand between a draft and residents."""

from dataclasses import replace
from datetime import date

import pytest

from app.projects.completeness import missing
from app.projects.contents import Contents, Fund, Money
from tests.projects.plans import BUILD, CARE, COMPLETE, DRAWING, FUNDS, MONEY


def parts(contents: Contents) -> list[str]:
    return [lack.part for lack in missing(contents)]


def test_a_complete_plan_lacks_nothing() -> None:
    assert missing(COMPLETE) == []


def test_an_empty_plan_is_told_everything_at_once() -> None:
    assert parts(Contents()) == [
        *("summary", "items", "money", "design", "pictures"),
        *("construction", "construction", "management", "management", "management", "management"),
    ]


@pytest.mark.parametrize(
    ("contents", "part"),
    [
        (replace(COMPLETE, summary=""), "summary"),
        (replace(COMPLETE, design=""), "design"),
        (replace(COMPLETE, papers=()), "pictures"),
        (replace(COMPLETE, papers=(replace(DRAWING, section="work"),)), "pictures"),
        (replace(COMPLETE, papers=(replace(DRAWING, media_type="application/pdf"),)), "pictures"),
        (replace(COMPLETE, money=Money()), "money"),
        (replace(COMPLETE, construction=replace(BUILD, text="")), "construction"),
        (replace(COMPLETE, construction=replace(BUILD, starts_on=None)), "construction"),
        (replace(COMPLETE, construction=replace(BUILD, finishes_on=None)), "construction"),
        (
            replace(COMPLETE, construction=replace(BUILD, finishes_on=date(2027, 4, 6))),
            "construction",
        ),
        (replace(COMPLETE, management=replace(CARE, mode=None)), "management"),
        (replace(COMPLETE, management=replace(CARE, services="")), "management"),
        (replace(COMPLETE, management=replace(CARE, fee_per_area=None)), "management"),
        (replace(COMPLETE, management=replace(CARE, fee_per_area=0, fee_note="")), "management"),
        (replace(COMPLETE, management=replace(CARE, subsidy="")), "management"),
    ],
)
def test_each_thing_a_plan_must_say_is_missed_alone(contents: Contents, part: str) -> None:
    assert parts(contents) == [part]


def test_no_work_items_is_missed_and_so_is_what_the_money_is_for() -> None:
    assert parts(replace(COMPLETE, items=())) == ["items", "money"]


def test_a_fee_of_nothing_is_a_statement_when_it_is_explained() -> None:
    free = replace(CARE, fee_per_area=0, fee_note="社区代管，不收费。")
    assert missing(replace(COMPLETE, management=free)) == []


def test_money_that_does_not_add_up_by_one_fen_is_told_with_both_sums() -> None:
    short = (FUNDS[0], replace(FUNDS[1], amount=FUNDS[1].amount - 1))
    (lack,) = missing(replace(COMPLETE, money=replace(MONEY, funds=short)))
    assert lack.params == {"funds": "99,999.99", "cost": "100,000"}


RESIDENTS = (Fund("central", 9_000_000), Fund("residents", 1_000_000))


@pytest.mark.parametrize(
    ("money", "is_sound"),
    [
        (Money(FUNDS, 0, 0, ""), True),
        (Money(RESIDENTS, 20_000, 0, ""), True),
        (Money(RESIDENTS, 0, 500, ""), True),
        (Money(RESIDENTS, 0, 0, "只有装对讲的人家出钱。"), True),
        (Money(RESIDENTS, 0, 0, ""), False),
        (Money(FUNDS, 20_000, 0, "每户 200 元"), False),
        (Money(FUNDS, 0, 500, "每平方米 5 元"), False),
    ],
)
def test_what_residents_pay_together_and_each_must_agree(money: Money, is_sound: bool) -> None:
    assert (missing(replace(COMPLETE, money=money)) == []) is is_sound
