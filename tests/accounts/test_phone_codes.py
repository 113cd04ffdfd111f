"""Guessing one-time codes: whatever browsers do in whatever order, the promises of T02 hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.accounts import phone_codes
from app.accounts.guessing import Door
from app.accounts.models import PhoneCode
from app.accounts.phone_codes import AskedTooOften, CodeSpoilt
from app.accounts.sessions import token_digest
from app.core import clock, jobs
from app.core.db import db
from app.core.limits import Attempt
from tests.accounts.phones import MOBILE, home_with
from tests.factories import CODE_KEY
from tests.notices.postbox import Postbox

BROWSERS = st.sampled_from(["one", "two"])


class Doors(RuleBasedStateMachine):
    """Two browsers at the phone door of one home, and what a person would expect of it."""

    # Set by the test: the application the machine lives in, and its postbox.
    postbox: Postbox

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = db.session.begin_nested()
        home = home_with(MOBILE)
        self.building_id = home.premises.entrance.building_id
        self.door = Door(home.premises.entrance.name, home.premises.room)
        self.home_id = home.id
        self.clock = time_machine.travel(datetime(2026, 12, 1, 2, 0, tzinfo=UTC), tick=False)
        self.traveller = self.clock.start()
        # browser → (the name it asked under, the code sent, when); what was tried and used.
        self.asked: dict[str, tuple[str, str, datetime]] = {}
        self.tried: dict[str, int] = {}
        self.used: set[str] = set()
        self.asks: list[datetime] = []
        self.number = 0

    def teardown(self) -> None:
        self.clock.stop()
        db.session.rollback()
        db.session.execute(sa.delete(Attempt))
        db.session.execute(sa.delete(PhoneCode))
        db.session.commit()

    @rule(browser=BROWSERS)
    def request(self, browser: str) -> None:
        now, name = clock.now(), f"{browser}-{self.number}"
        self.number += 1
        recent = [at for at in self.asks if now - at < timedelta(hours=24)]
        may = len(recent) < 2 and all(now - at >= timedelta(seconds=60) for at in recent)
        before = len(self.postbox.letters)
        try:
            phone_codes.ask(self.building_id, self.door, MOBILE, name, CODE_KEY)
        except AskedTooOften:
            assert not may
            return
        assert may
        db.session.commit()
        jobs.wake()
        self.asks.append(now)
        assert len(self.postbox.letters) == before + 1
        self.asked[browser] = (name, _code_in(self.postbox.bodies[-1]), now)

    @rule(browser=BROWSERS, offset=st.integers(1, 999_999))
    def guess(self, browser: str, offset: int) -> None:
        name, code, _at = self.asked.get(browser, (f"{browser}-never", "000000", clock.now()))
        wrong = f"{(int(code) + offset) % 10**6:06d}"
        assert self._use(name, wrong) is None

    @rule(browser=BROWSERS)
    def use(self, browser: str) -> None:
        if browser in self.asked:
            name, code, at = self.asked[browser]
            expected = name not in self.used and clock.now() - at < timedelta(minutes=10)
            is_spoilt = self.tried.get(name, 0) >= 5
            found = self._use(name, code)
            assert (found is not None) == (expected and not is_spoilt)
            if found:
                assert found.household_id == self.home_id
                self.used.add(name)

    @rule(browser=BROWSERS)
    def use_from_another_browser(self, browser: str) -> None:
        if browser in self.asked:
            other = "two" if browser == "one" else "one"
            name = self.asked.get(other, (f"{other}-never",))[0]
            if self.asked.get(other, ("", ""))[1] != self.asked[browser][1]:
                assert self._use(name, self.asked[browser][1]) is None

    @rule(minutes=st.sampled_from([1, 4, 11, 60 * 25]))
    def wait(self, minutes: int) -> None:
        self.traveller.shift(timedelta(minutes=minutes))

    def _use(self, name: str, code: str) -> Any:
        try:
            found = phone_codes.use(name, code, CODE_KEY)
        except CodeSpoilt:
            assert self.tried.get(name, 0) >= 5
            return None
        db.session.commit()
        self.tried[name] = self.tried.get(name, 0) + 1
        return found

    @invariant()
    def at_most_five_guesses_of_a_code_are_judged(self) -> None:
        for name in self.tried:
            key = f"phone-code:{token_digest(name)[:32]}"
            judged = sa.select(sa.func.count()).where(Attempt.key == key)
            assert (db.session.scalar(judged) or 0) <= 5

    @invariant()
    def a_code_is_kept_as_a_hash_alone(self) -> None:
        kept = db.session.scalars(sa.select(PhoneCode.code_hash)).all()
        codes = {code for _name, code, _at in self.asked.values()}
        assert not [one for one in kept if one and (one in codes or len(one) != 64)]


def _code_in(body: str) -> str:
    start = next(i for i in range(len(body)) if body[i : i + 6].isdigit())
    return body[start : start + 6]


@pytest.mark.usefixtures("session")
def test_no_order_of_asking_guessing_waiting_and_using_breaks_a_promise(
    app: Flask, postbox: Postbox
) -> None:
    class Here(Doors):
        pass

    Here.postbox = postbox
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert postbox.letters


@pytest.mark.usefixtures("session")
def test_of_two_who_use_the_same_code_the_second_comes_too_late(postbox: Postbox) -> None:
    home = home_with(MOBILE)
    door = Door(home.premises.entrance.name, home.premises.room)
    phone_codes.ask(home.premises.entrance.building_id, door, MOBILE, "browser", CODE_KEY)
    db.session.commit()
    jobs.wake()
    code = _code_in(postbox.bodies[-1])
    assert phone_codes.use("browser", code, CODE_KEY)
    assert phone_codes.use("browser", code, CODE_KEY) is None


@pytest.mark.usefixtures("session")
def test_the_same_digits_are_kept_differently_for_each_code(postbox: Postbox) -> None:
    first, second = home_with(MOBILE), home_with("13900000003")
    for home, phone in ((first, MOBILE), (second, "13900000003")):
        door = Door(home.premises.entrance.name, home.premises.room)
        phone_codes.ask(home.premises.entrance.building_id, door, phone, phone, CODE_KEY)
    db.session.commit()
    jobs.wake()
    rows = db.session.scalars(sa.select(PhoneCode).order_by(PhoneCode.id)).all()
    assert rows[0].code_hash != rows[1].code_hash
    # Each is bound to its own row, so a copied hash opens nothing.
    rows[1].code_hash = rows[0].code_hash
    db.session.flush()
    assert phone_codes.use("13900000003", _code_in(postbox.bodies[0]), CODE_KEY) is None
