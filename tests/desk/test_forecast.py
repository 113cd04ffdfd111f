"""Where a count will stand at its deadline: a table, and what holds whatever the numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desk.forecast import MINUTES_A_DAY, Forecast, forecasts, pace_needed

COUNTS = st.integers(0, 5000)
DAYS = st.lists(st.tuples(COUNTS, COUNTS).map(sorted), min_size=0, max_size=12)


@pytest.mark.parametrize(
    ("spoke", "agreed", "agree", "silent", "needed", "minutes", "wanted"),
    [
        # Too few whole days tell nothing.
        ((), (), 10, 90, 80, 5 * MINUTES_A_DAY, ()),
        ((9, 9), (9, 9), 18, 82, 80, 5 * MINUTES_A_DAY, ()),
        # Twelve a day for five days more.
        ((15, 12, 9), (15, 12, 9), 250, 200, 320, 5 * MINUTES_A_DAY, ((3, 36, 310, 10),)),
        # Half a day is half of it, cut.
        ((5, 5, 5), (5, 5, 5), 50, 40, 52, MINUTES_A_DAY // 2, ((3, 15, 52, 0),)),
        ((5, 5, 5), (5, 5, 5), 50, 40, 53, MINUTES_A_DAY // 2, ((3, 15, 52, 1),)),
        # Nobody agreed lately, nobody spoke at all.
        ((2, 1, 0), (0, 0, 0), 50, 40, 80, 9 * MINUTES_A_DAY, ((3, 0, 50, 30),)),
        ((0, 0, 0), (0, 0, 0), 50, 40, 80, 9 * MINUTES_A_DAY, ((3, 0, 50, 30),)),
        # Only the silent can come, and half of those who came lately agreed.
        ((20, 20, 20), (10, 10, 10), 50, 40, 80, 90 * MINUTES_A_DAY, ((3, 30, 70, 10),)),
        # A week tells something else than its last days.
        ((7,) * 4 + (0,) * 3, (7,) * 4 + (0,) * 3, 40, 60, 80, 7 * MINUTES_A_DAY,
         ((3, 0, 40, 40), (7, 28, 68, 12))),
        # Over is over.
        ((9, 9, 9), (9, 9, 9), 50, 40, 80, -5, ((3, 27, 50, 30),)),
    ],
)  # fmt: skip
def test_the_pace_of_the_last_days_goes_on(
    spoke: tuple[int, ...],
    agreed: tuple[int, ...],
    agree: int,
    silent: int,
    needed: int,
    minutes: int,
    wanted: tuple[tuple[int, ...], ...],
) -> None:
    found = forecasts(
        spoke, agreed, agree=agree, silent=silent, needed=needed, minutes_left=minutes
    )
    assert found == tuple(Forecast(*one) for one in wanted)


@given(DAYS, COUNTS, COUNTS, COUNTS, st.integers(-10, 90 * MINUTES_A_DAY))
def test_nobody_is_lost_and_no_more_come_than_are_silent(
    days: list[list[int]], agree: int, silent: int, needed: int, minutes: int
) -> None:
    agreed, spoke = [d[0] for d in days], [d[1] for d in days]
    for found in forecasts(
        spoke, agreed, agree=agree, silent=silent, needed=needed, minutes_left=minutes
    ):
        assert agree <= found.at_close <= agree + silent
        assert found.missing == max(0, needed - found.at_close)


@given(DAYS, COUNTS, COUNTS, st.integers(0, 60 * MINUTES_A_DAY), st.integers(0, 9999))
def test_more_time_never_leads_to_less(
    days: list[list[int]], agree: int, silent: int, minutes: int, more: int
) -> None:
    agreed, spoke = [d[0] for d in days], [d[1] for d in days]
    known = {"agree": agree, "silent": silent, "needed": agree + silent}
    sooner = forecasts(spoke, agreed, **known, minutes_left=minutes)
    later = forecasts(spoke, agreed, **known, minutes_left=minutes + more)
    assert all(a.at_close <= b.at_close for a, b in zip(sooner, later, strict=True))


@pytest.mark.parametrize(
    ("missing", "minutes", "pace"),
    [
        (0, 5 * MINUTES_A_DAY, 0),
        (-3, 5 * MINUTES_A_DAY, 0),
        (14, 2 * MINUTES_A_DAY, 7),
        (15, 2 * MINUTES_A_DAY, 8),
        (14, MINUTES_A_DAY, 14),
        (14, 30, 14),
        (14, -1, 14),
    ],
)
def test_the_pace_it_takes_is_never_too_small(missing: int, minutes: int, pace: int) -> None:
    assert pace_needed(missing, minutes) == pace


@given(st.integers(1, 5000), st.integers(MINUTES_A_DAY, 90 * MINUTES_A_DAY))
def test_who_keeps_the_needed_pace_gets_there(missing: int, minutes: int) -> None:
    pace = pace_needed(missing, minutes)
    [found] = forecasts(
        [pace] * 3, [pace] * 3, agree=0, silent=missing, needed=missing, minutes_left=minutes
    )
    assert found.missing == 0
    if pace > 1:
        assert (pace - 1) * minutes // MINUTES_A_DAY < missing
