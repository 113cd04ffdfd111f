"""Nobody drains the credit or bombs a phone: only numbers on file, so many a day (T03).

`JUYI_LIVES` set to anything lets twenty threads ask a thousand times.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts import phone_codes, tasks
from app.accounts.guessing import Door
from app.accounts.models import PhoneCode
from app.accounts.phone_codes import AskedTooOften
from app.core import clock, jobs
from app.core.db import db
from app.notices.models import Message
from app.roster.models import Building
from tests.accounts.phones import home_with
from tests.apart import app_apart
from tests.client import PageClient
from tests.factories import CODE_KEY, homes_of, make_building
from tests.notices.postbox import Postbox, sending_to
from tests.rounds.crowds import all_at_once

HOMES, THREADS, ASKS = 12, 20, 50 if os.environ.get("JUYI_LIVES") else 8


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application whose commits are real, so that threads can meet in its database."""
    with app_apart(tmp_path, f"sms_budget_{worker_id}") as app, sending_to(app, Postbox()):
        app.extensions["huey"].immediate = False
        yield app


def ask(building_id: int, door: Door, phone: str, browser: str) -> None:
    phone_codes.ask(building_id, door, phone, browser, CODE_KEY)


def building_with_phones(homes: int, phones: int) -> tuple[int, list[tuple[Door, str]]]:
    """A building of which each home has so many phones, and all (door, phone) pairs."""
    building = make_building(homes=homes)
    pairs = []
    for number, home in enumerate(homes_of(building)):
        own = [f"138{number:04d}{place:04d}" for place in range(phones)]
        home_with(*own, building=building, number=number)
        pairs += [(Door(home.premises.entrance.name, home.premises.room), one) for one in own]
    db.session.commit()
    return building.id, pairs


def test_however_many_ask_and_send_at_once_not_one_too_many_leaves(living_app: Flask) -> None:
    with living_app.app_context():
        building_id, on_file = building_with_phones(HOMES, phones=4)
        budget = phone_codes._budget(building_id)
    assert budget == HOMES * 3 // 2 < len(on_file)

    def come(number: int) -> str:
        door, phone = on_file[number % len(on_file)]
        # Every third asks with a number that is nowhere on file.
        stranger = number % 3 == 0
        ask(building_id, door, f"139{number:08d}" if stranger else phone, f"browser-{number}")
        db.session.commit()
        tasks.send_codes()
        return "asked"

    outcomes = Counter(map(str, all_at_once(living_app, come, THREADS * ASKS, THREADS)))
    assert outcomes["asked"] + outcomes[str(AskedTooOften)] == THREADS * ASKS
    with living_app.app_context():
        sent = Counter(db.session.scalars(sa.select(Message.phone)))
        assert sum(sent.values()) == budget
        assert set(sent) <= {phone for _door, phone in on_file}
        assert max(sent.values()) == 1
        drawn = sa.select(sa.func.count()).where(PhoneCode.code_hash.is_not(None))
        assert db.session.scalar(drawn) == budget
        assert phone_codes.budgets_spent() == f"phone codes used up at building {building_id}"


def test_of_many_who_ask_for_one_number_at_once_one_is_heard(living_app: Flask) -> None:
    with living_app.app_context():
        building_id, ((door, phone),) = building_with_phones(1, phones=1)

    def come(number: int) -> str:
        ask(building_id, door, phone, f"browser-{number}")
        return "asked"

    outcomes = all_at_once(living_app, come, 40, THREADS)
    assert (outcomes.count("asked"), outcomes.count(AskedTooOften)) == (1, 39)


def test_one_number_at_several_doors_gets_one_message_a_minute_whoever_sends(
    living_app: Flask,
) -> None:
    with living_app.app_context():
        building_id, pairs = building_with_phones(6, phones=0)
        building = db.session.get_one(Building, building_id)
        for number, home in enumerate(homes_of(building)):
            home_with("13800000001", building=building, number=number)
            pairs.append((Door(home.premises.entrance.name, home.premises.room), "13800000001"))
        db.session.commit()

    def come(number: int) -> str:
        door, phone = pairs[number % len(pairs)]
        ask(building_id, door, phone, f"browser-{number}")
        db.session.commit()
        tasks.send_codes()
        return "asked"

    outcomes = all_at_once(living_app, come, 24, THREADS)
    assert outcomes.count("asked") == len(pairs)
    with living_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 1


def test_of_many_who_use_one_code_at_once_one_gets_in(living_app: Flask) -> None:
    with living_app.app_context():
        building_id, ((door, phone),) = building_with_phones(1, phones=1)
        ask(building_id, door, phone, "browser")
        db.session.commit()
        tasks.send_codes()
        body = db.session.scalars(sa.select(Message.body)).one() or ""
    code = re.search(r"验证码(\d{6})", body)
    assert code

    def use(_number: int) -> bool:
        return phone_codes.use("browser", code[1], CODE_KEY) is not None

    outcomes = all_at_once(living_app, use, phone_codes.TRIES)
    assert sorted(outcomes) == [False] * (phone_codes.TRIES - 1) + [True]


def test_of_many_workers_one_sends(living_app: Flask) -> None:
    with living_app.app_context():
        building_id, ((door, phone),) = building_with_phones(1, phones=1)
        ask(building_id, door, phone, "browser")
        db.session.commit()

    def work(_number: int) -> None:
        tasks.send_codes()

    all_at_once(living_app, work, 12)
    with living_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Message)) == 1


def test_the_operator_is_warned_and_the_next_day_goes_on(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    building_id, on_file = building_with_phones(2, phones=4)
    for number, (door, phone) in enumerate(on_file[:5]):
        _ask_and_send(building_id, door, phone, f"browser-{number}")
    assert len(postbox.letters) == 3
    answer = client.raw("get", "/readyz")
    assert answer.status_code == 200
    assert answer.json["warnings"] == [f"phone codes used up at building {building_id}"]
    with time_machine.travel(clock.now() + timedelta(hours=24, minutes=1)):
        door, phone = on_file[6]
        _ask_and_send(building_id, door, phone, "browser-7")
        assert len(postbox.letters) == 4
        assert client.raw("get", "/readyz").json == {"status": "ready"}


def test_another_building_keeps_its_own_budget(postbox: Postbox, session: Session) -> None:
    for _ in range(2):
        building_id, on_file = building_with_phones(2, phones=2)
        for number, (door, phone) in enumerate(on_file):
            phone = f"13{building_id % 10}{phone[3:]}"
            _ask_and_send(building_id, door, phone, f"{building_id}-{number}")
    assert len(postbox.letters) <= 6


def test_a_code_asked_for_too_long_ago_is_not_sent_any_more(
    postbox: Postbox, session: Session
) -> None:
    building_id, ((door, phone),) = building_with_phones(1, phones=1)
    ask(building_id, door, phone, "browser")
    db.session.commit()
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        tasks.send_codes()
    assert postbox.letters == []


def test_what_is_over_is_forgotten_after_two_days(postbox: Postbox, session: Session) -> None:
    building_id, ((door, phone),) = building_with_phones(1, phones=1)
    _ask_and_send(building_id, door, phone, "browser")
    assert _rows(session) == (1, 1)
    with time_machine.travel(clock.now() + timedelta(days=2, minutes=1)):
        tasks.forget_old()
    assert _rows(session) == (0, 0)


def _rows(session: Session) -> tuple[Any, Any]:
    tables = (PhoneCode.id, sa.column("id", sa.Integer))
    asked = session.scalar(sa.select(sa.func.count(tables[0])))
    tries = sa.select(sa.func.count()).select_from(sa.table("attempt", sa.column("key")))
    of_phones = tries.where(sa.column("key").like("phone:%"))
    return asked, session.scalar(of_phones)


def _ask_and_send(building_id: int, door: Door, phone: str, browser: str) -> None:
    ask(building_id, door, phone, browser)
    db.session.commit()
    jobs.wake()
