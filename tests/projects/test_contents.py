"""What plain values of a plan can do by themselves."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.projects.contents import Facts, tenths_of


@pytest.mark.parametrize("day", [None, date(2027, 4, 6)])
def test_kept_facts_are_read_back_as_they_were(day: date | None) -> None:
    facts = Facts("改造项目", "住建局", "镇", "王", "0953", "甲", "乙", 5, "专人", day, day)
    assert Facts.from_kept(facts.as_kept()) == facts


@pytest.mark.parametrize(
    ("amounts", "tenths"),
    [
        ([1, 1, 1], [334, 333, 333]),
        ([2, 2, 3], [286, 286, 428]),
        ([8_000_000, 2_000_000], [800, 200]),
        ([1, 9_999_999], [0, 1000]),
        ([0, 5], [0, 1000]),
        ([0], [0]),
        ([], []),
    ],
)
def test_shares_of_money_go_to_the_largest_remainders(
    amounts: list[int], tenths: list[int]
) -> None:
    assert tenths_of(amounts) == tenths


@given(st.lists(st.integers(0, 10**14), min_size=1, max_size=7).filter(any))
def test_shares_of_money_add_up_and_none_is_off_by_a_tenth(amounts: list[int]) -> None:
    tenths = tenths_of(amounts)
    assert sum(tenths) == 1000
    whole = sum(amounts)
    assert all(
        abs(share * whole - amount * 1000) < whole
        for share, amount in zip(tenths, amounts, strict=True)
    )
