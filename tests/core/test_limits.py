"""Limits on guessing: counted in the database, over a window, for one thing at a time."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.i18n import translated
from app.core.limits import Attempt, TooManyTries, give_back, spend

HOUR = timedelta(hours=1)


def _spend(key: str, times: int) -> None:
    for _ in range(times):
        spend(key, most=3, window=HOUR)


def test_the_last_try_within_the_limit_is_allowed_and_the_next_is_not(session: Session) -> None:
    _spend("code:1", 3)
    with pytest.raises(TooManyTries) as refusal:
        spend("code:1", most=3, window=HOUR)
    assert "60" in translated(refusal.value)


def test_one_thing_being_guessed_does_not_lock_another(session: Session) -> None:
    _spend("code:1", 3)
    _spend("code:2", 3)
    with pytest.raises(TooManyTries):
        spend("code:2", most=3, window=HOUR)


def test_waiting_opens_the_door_again(session: Session) -> None:
    began = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    with time_machine.travel(began, tick=False):
        _spend("code:1", 3)
    just_before = began + HOUR - timedelta(seconds=1)
    with time_machine.travel(just_before, tick=False), pytest.raises(TooManyTries):
        spend("code:1", most=3, window=HOUR)
    with time_machine.travel(began + HOUR, tick=False):
        _spend("code:1", 3)
        with pytest.raises(TooManyTries):
            spend("code:1", most=3, window=HOUR)


def test_a_refused_try_costs_nothing(session: Session) -> None:
    began = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    with time_machine.travel(began, tick=False):
        _spend("code:1", 3)
    with time_machine.travel(began + timedelta(minutes=59), tick=False):
        for _ in range(5):
            with pytest.raises(TooManyTries):
                spend("code:1", most=3, window=HOUR)
    with time_machine.travel(began + HOUR, tick=False):
        _spend("code:1", 3)
        with pytest.raises(TooManyTries):
            spend("code:1", most=3, window=HOUR)


def test_a_right_try_is_given_back_and_the_wrong_ones_before_it_are_not(session: Session) -> None:
    _spend("code:1", 2)
    give_back(spend("code:1", most=3, window=HOUR))
    _spend("code:1", 1)
    with pytest.raises(TooManyTries):
        spend("code:1", most=3, window=HOUR)


def test_a_spent_try_survives_a_crash_behind_it(session: Session) -> None:
    _spend("code:1", 3)
    session.rollback()
    with pytest.raises(TooManyTries):
        spend("code:1", most=3, window=HOUR)


def test_tries_before_the_window_do_not_pile_up(session: Session) -> None:
    began = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    with time_machine.travel(began, tick=False):
        _spend("code:1", 3)
        _spend("code:2", 1)
    with time_machine.travel(began + HOUR, tick=False):
        _spend("code:1", 1)
    kept = session.scalars(select(Attempt.key).order_by(Attempt.key)).all()
    assert kept == ["code:1", "code:2"]
