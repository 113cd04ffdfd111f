"""Guessing codes is hopeless, and keeps nobody out who belongs in (THREATS.md T01, T20).

`JUYI_LIVES` set to anything guesses a thousand times over twenty homes.
"""

import os
import statistics
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from app.accounts import entering, guessing
from app.accounts.codes import Code, draw_code, hash_secret, is_secret, read_code
from app.accounts.entering import Entered, Marker
from app.accounts.guessing import Door, NeedsDoor
from app.accounts.models import HouseholdCode
from app.core import clock
from app.core.db import db
from app.core.limits import Attempt, TooManyTries
from app.roster.models import Building
from tests.client import PageClient
from tests.factories import CODE_KEY, homes_of, issue_all_codes, issue_code, make_building

GUESSES_OF_EACH = 50 if os.environ.get("JUYI_LIVES") else 16


def wrong_for(digits: str, number: int = 1) -> str:
    """The same selector with another secret."""
    return digits[:4] + f"{(int(digits[4:]) + number) % 10**8:08d}"


def enter(building: Building, digits: str, **how: Any) -> Entered | None:
    code = read_code(digits)
    assert code is not None
    return entering.enter(building.id, code, CODE_KEY, **how)


def attack(building: Building, digits: str, times: int, door: Door | None = None) -> Counter[str]:
    """What each of `times` wrong guesses at a home came to: `judged`, or why it was not."""
    outcomes: Counter[str] = Counter()
    for number in range(1, times + 1):
        try:
            assert enter(building, wrong_for(digits, number), door=door) is None
            outcomes["judged"] += 1
        except (NeedsDoor, TooManyTries) as refusal:
            outcomes[type(refusal).__name__] += 1
    return outcomes


def door_of(home: Any) -> Door:
    return Door(home.premises.entrance.name, home.premises.room)


def let_guess(building: Building, times: int) -> None:
    """Let so many wrong codes have come for a building just now."""
    key = f"guessed:{building.id}"
    db.session.add_all(Attempt(key=key, at=clock.now()) for _ in range(times))
    db.session.commit()


def make_home(homes: int = 6) -> tuple[Building, str]:
    building = make_building(homes=homes)
    return building, issue_code(homes_of(building)[0])


def test_of_all_guesses_over_twenty_homes_ten_a_home_and_day_are_judged(
    session: Session,
) -> None:
    building = make_building(homes=20)
    codes = issue_all_codes(building.compound)
    judged: Counter[int] = Counter()
    began = clock.now()
    for number in range(GUESSES_OF_EACH):
        # Spread over a day, so that no pause saves the homes.
        at = began + number * timedelta(hours=24) / GUESSES_OF_EACH
        with time_machine.travel(at, tick=False):
            for home in homes_of(building):
                door = door_of(home) if number % 2 else None
                found = attack(building, codes[home.id], 1, door)
                judged[home.id] += found["judged"]
    assert max(judged.values()) <= guessing.OPEN_TRIES + guessing.ROOM_TRIES == 10
    assert sum(judged.values()) > 0


def test_ten_thousand_guessers_at_once_change_nothing_of_that(session: Session) -> None:
    building, digits = make_home()
    assert attack(building, digits, 60) == {"judged": 5, "NeedsDoor": 55}
    home = homes_of(building)[0]
    assert attack(building, digits, 60, door_of(home))["judged"] == 1


def test_the_owner_gets_in_at_once_while_strangers_guess(session: Session) -> None:
    building, digits = make_home()
    home = homes_of(building)[0]
    attack(building, digits, 100)
    with pytest.raises(NeedsDoor):
        enter(building, digits)
    assert enter(building, digits, door=door_of(home))


def test_who_also_tries_all_other_rooms_keeps_the_owner_out_no_longer(session: Session) -> None:
    building, digits = make_home()
    mine, *others = homes_of(building)
    attack(building, digits, 20)
    for other in others:
        attack(building, digits, 20, door_of(other))
    assert enter(building, digits, door=door_of(mine))


def test_a_guesser_with_the_right_room_makes_the_owner_wait_for_minutes_that_are_told(
    session: Session,
) -> None:
    building, digits = make_home()
    home = homes_of(building)[0]
    attack(building, digits, 20)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        waited = []
        for _ in range(guessing.ROOM_TRIES - 1):
            assert attack(building, digits, 9, door_of(home))["judged"] == 1
            with pytest.raises(TooManyTries) as refusal:
                enter(building, digits, door=door_of(home))
            waited.append(refusal.value.wait)
            traveller.shift(refusal.value.wait)
        assert enter(building, digits, door=door_of(home))
    assert waited == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]


def test_a_browser_that_was_in_before_still_gets_in_whatever_strangers_do(
    session: Session,
) -> None:
    building, digits = make_home()
    home = homes_of(building)[0]
    first = enter(building, digits)
    assert first
    for door in (None, door_of(home)):
        attack(building, digits, 30, door)
    assert enter(building, digits, marker=Marker("my-phone", (first.mark,)))


def test_even_such_a_browser_pauses_after_its_third_slip_and_never_for_more_than_half_an_hour(
    session: Session,
) -> None:
    building, digits = make_home()
    first = enter(building, digits)
    assert first
    marker = Marker("my-phone", (first.mark,))
    waited = []
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for number in range(12):
            try:
                enter(building, wrong_for(digits, number + 1), marker=marker)
            except TooManyTries as refusal:
                waited.append(refusal.wait)
                traveller.shift(refusal.wait)
                enter(building, wrong_for(digits, number + 1), marker=marker)
        assert waited[:6] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16, 30)]
        assert max(waited) == guessing.LONGEST_PAUSE
        traveller.shift(guessing.LONGEST_PAUSE)
        assert enter(building, digits, marker=marker)


def test_the_marker_of_another_home_or_an_old_slip_is_worth_nothing(session: Session) -> None:
    building, digits = make_home()
    home, neighbour = homes_of(building)[:2]
    old = enter(building, digits)
    other = enter(building, issue_code(neighbour))
    assert old
    assert other
    digits = issue_code(home)
    attack(building, digits, 10)
    for mark in (old.mark, other.mark):
        with pytest.raises(NeedsDoor):
            enter(building, digits, marker=Marker("a-phone", (mark,)))


def test_two_hundred_wrong_codes_in_an_hour_ask_the_whole_building_for_the_door_and_warn(
    client: PageClient,
) -> None:
    building, digits = make_home()
    elsewhere, other_digits = make_home()
    assert client.raw("get", "/readyz").json == {"status": "ready"}
    let_guess(building, guessing.GUESSES - 1)
    assert not guessing.is_being_guessed(building.id)
    assert enter(building, f"{(int(digits[:4]) + 1) % 10**4:04d}" + "0" * 8) is None
    assert guessing.is_being_guessed(building.id)
    with pytest.raises(NeedsDoor):
        enter(building, digits)
    assert enter(building, digits, door=door_of(homes_of(building)[0]))
    assert enter(elsewhere, other_digits)
    answer = client.raw("get", "/readyz")
    assert answer.status_code == 200
    assert answer.json["warnings"] == [
        f"household codes are being guessed at building {building.id}"
    ]
    with time_machine.travel(clock.now() + timedelta(hours=1, minutes=1)):
        assert enter(building, digits)
        assert client.raw("get", "/readyz").json == {"status": "ready"}


def test_wrong_doors_and_wrong_selectors_run_out_of_tries_as_right_ones_do(
    session: Session,
) -> None:
    building, digits = make_home()
    mine, other = homes_of(building)[:2]
    unknown = f"{(int(digits[:4]) + 1) % 10**4:04d}" + digits[4:]
    told = []
    with time_machine.travel(clock.now(), tick=False):
        for typed, door in ((digits, door_of(mine)), (digits, door_of(other)), (unknown, None)):
            open_tries = attack(building, typed, 8)
            with_door = attack(building, typed, 8, door or door_of(mine))
            told.append((open_tries, with_door))
    assert told[0] == (Counter(judged=5, NeedsDoor=3), Counter(judged=1, TooManyTries=7))
    assert told[2] == told[0]
    # The open tries of this home were used up before; the pair has its own.
    assert told[1] == (Counter(NeedsDoor=8), Counter(judged=1, TooManyTries=7))


def test_secrets_are_drawn_evenly(session: Session) -> None:
    drawn = [draw_code().digits for _ in range(20_000)]
    for place in range(12):
        counts = Counter(digits[place] for digits in drawn)
        chi_square = sum((counts[str(digit)] - 2000) ** 2 / 2000 for digit in range(10))
        # Nine degrees of freedom: beyond 45 once in a million draws.
        assert chi_square < 45, place
    assert len(set(drawn)) == len(drawn)


def test_the_database_holds_no_code_in_the_clear(session: Session) -> None:
    building, digits = make_home()
    attack(building, digits, 3)
    assert enter(building, digits)
    for table in ("household_code", "household_session", "attempt", "journal_entry"):
        for row in session.execute(sa.select(sa.text("*")).select_from(sa.table(table))):
            assert digits[4:] not in str(tuple(row))
            assert digits not in str(tuple(row))


def test_tries_are_named_by_what_was_typed_and_never_by_a_room(session: Session) -> None:
    building, digits = make_home()
    attack(building, digits, 1, Door("1单元", "501"))
    keys = session.scalars(sa.select(Attempt.key)).all()
    assert keys
    assert not [key for key in keys if "501" in key.split(":")[-1] and len(key) < 30]


def test_an_unknown_selector_takes_as_long_as_a_wrong_secret() -> None:
    stored = hash_secret("12345678", CODE_KEY)
    pairs = [(_cost(stored), _cost(None)) for _ in range(150)]
    known = statistics.median(pair[0] for pair in pairs)
    assert abs(statistics.median(a - b for a, b in pairs)) < 0.03 * known


def _cost(stored: str | None) -> float:
    """Seconds of this thread alone, whatever else the machine is doing."""
    began = time.thread_time()
    assert not is_secret(stored, "87654321", CODE_KEY)
    return time.thread_time() - began


def test_the_slow_hash_is_a_salted_argon2id_of_a_keyed_digest(session: Session) -> None:
    _building, digits = make_home()
    session.flush()
    (stored,) = session.scalars(sa.select(HouseholdCode.secret_hash)).all()
    assert stored.startswith("$argon2id$")
    assert not is_secret(stored, digits[4:], "another key")
    assert is_secret(stored, digits[4:], CODE_KEY)
    assert hash_secret(digits[4:], CODE_KEY) != stored
    assert Code(digits[:4], digits[4:]).digits == digits


def test_the_page_asks_strangers_for_the_door_while_the_building_is_being_guessed(
    client: PageClient,
) -> None:
    building, digits = make_home()
    familiar = PageClient(client.app)
    familiar.enter(building, digits)
    let_guess(building, guessing.GUESSES)
    assert client.get("accounts.enter", token=building.token).one("input", id="home-room")
    page = client.post("accounts.enter", {"code": digits}, 422, token=building.token)
    assert "再填单元和房号" in page.one("div", role="alert").text
    typed = {"code": digits, "room": homes_of(building)[0].premises.room}
    assert client.post("accounts.enter", typed, token=building.token)
    page = familiar.get("accounts.enter", token=building.token)
    assert page.all("input", id="home-room") == []
    assert familiar.enter(building, digits)
