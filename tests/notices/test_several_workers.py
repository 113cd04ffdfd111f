"""Several workers at once, with commits that are real: everything leaves, nothing twice."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db
from app.notices import actions as notices
from app.notices import tasks
from app.notices.gateways import Letter
from app.notices.models import MessageKind, MessageState
from app.roster.models import Household
from tests.apart import app_apart
from tests.notices.homes import ask_for_code, homes_with_a_phone_each, queued
from tests.notices.postbox import Postbox, sending_to
from tests.rounds.crowds import all_at_once

HOMES, WORKERS = 40, 4


@pytest.fixture
def office(tmp_path: Path, worker_id: str) -> Iterator[tuple[Flask, Postbox]]:
    """An application of its own with homes that can be reached."""
    with app_apart(tmp_path, f"workers_{worker_id}") as app, sending_to(app, Postbox()) as postbox:
        with app.app_context():
            homes_with_a_phone_each(HOMES)
            db.session.commit()
        yield app, postbox


def homes() -> list[Household]:
    return list(db.session.scalars(sa.select(Household).order_by(Household.id)))


def tell_everybody() -> None:
    notices.tell([home.id for home in homes()], MessageKind.CODE_REISSUED, "code:1")
    db.session.commit()


def test_several_workers_send_each_message_once(office: tuple[Flask, Postbox]) -> None:
    app, postbox = office
    with app.app_context():
        for home in homes():
            ask_for_code(home)
        db.session.commit()
    all_at_once(app, lambda _number: tasks.send_codes(), WORKERS)
    with app.app_context():
        messages = queued()
    assert Counter(letter.message_id for letter in postbox.letters) == Counter(
        message.id for message in messages
    )
    assert {(m.state, m.attempts) for m in messages} == {(MessageState.SENT, 1)}
    assert len(messages) == HOMES


def test_homes_that_are_told_by_several_at_once_are_told_once(
    office: tuple[Flask, Postbox],
) -> None:
    app, _postbox = office
    all_at_once(app, lambda _number: tell_everybody(), WORKERS)
    with app.app_context():
        assert len(queued()) == HOMES


def test_no_connection_is_held_while_the_gateway_works(office: tuple[Flask, Postbox]) -> None:
    app, postbox = office
    held = []

    def look(_letter: Letter) -> str:
        held.append(db.engine.pool.checkedout())
        return "taken"

    postbox.answer = look
    with app.app_context():
        tell_everybody()
        tasks.send_waiting()
    assert held == [0] * HOMES


def test_the_next_minute_does_not_wait_for_the_one_that_still_sends(
    office: tuple[Flask, Postbox],
) -> None:
    app, postbox = office
    is_sending, may_go_on = threading.Event(), threading.Event()

    def slowly(_letter: Letter) -> str:
        is_sending.set()
        assert may_go_on.wait(30)
        return "taken"

    def send() -> None:
        with app.app_context():
            tasks.send_waiting()

    postbox.answer = slowly
    with app.app_context():
        tell_everybody()
    first = threading.Thread(target=send)
    first.start()
    assert is_sending.wait(30)
    send()
    assert len(postbox.letters) == 1
    may_go_on.set()
    first.join(30)
    assert len(postbox.letters) == HOMES
