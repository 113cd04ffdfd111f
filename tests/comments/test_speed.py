"""How fast questions are answered: a pure sum over moments."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.comments.speed import DAYS, Wait, speed_of

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
HOURS = st.integers(0, 24 * 20)


def wait(asked_ago: int, took: int | None) -> Wait:
    asked = NOW - timedelta(hours=asked_ago)
    return asked, None if took is None else asked + timedelta(hours=took)


def test_of_nothing_there_is_nothing_to_tell() -> None:
    speed = speed_of([], NOW)
    assert (speed.asked, speed.answered, speed.median, speed.oldest) == (0, 0, None, None)
    assert [(w.met, w.due) for w in speed.within] == [(0, 0)] * 3


def test_the_limit_itself_is_in_time_and_who_may_still_be_in_time_counts_for_neither() -> None:
    speed = speed_of([wait(100, 24), wait(100, 25), wait(20, None), wait(30, None)], NOW)
    assert [(w.days, w.met, w.due) for w in speed.within] == [(1, 1, 3), (3, 2, 2), (7, 2, 2)]
    assert (speed.waiting, speed.oldest) == (2, timedelta(hours=30))


def test_of_two_in_the_middle_the_longer_is_told() -> None:
    assert speed_of([wait(99, 1), wait(99, 9)], NOW).median == timedelta(hours=9)


@given(st.lists(st.tuples(HOURS, st.none() | HOURS)))
def test_whatever_was_asked_the_parts_fit_the_whole(rows: list[tuple[int, int | None]]) -> None:
    speed = speed_of([wait(*row) for row in rows], NOW)
    assert speed.answered + speed.waiting == speed.asked == len(rows)
    assert all(0 <= w.met <= w.due <= speed.asked for w in speed.within)
    assert [w.met for w in speed.within] == sorted(w.met for w in speed.within)
    for within in speed.within:
        limit = within.days * 24
        assert within.met == sum(took is not None and took <= limit for _asked, took in rows)
    assert (speed.median is None) == (speed.answered == 0)
    assert len(speed.within) == len(DAYS)
