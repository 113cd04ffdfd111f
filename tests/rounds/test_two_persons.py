"""Two persons are two persons; and a step that two people press at once is taken once."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.actions import create_staff
from app.accounts.queries import are_two_persons
from app.accounts.standing import NotAllowed
from app.core.db import db
from app.core.errors import Refused
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.rounds import actions, steps
from app.rounds.models import Round, State
from tests.apart import app_apart
from tests.factories import make_building, make_plan, make_round, make_staff, mark_invited


@pytest.mark.usefixtures("session")
def test_the_profile_is_confirmed_once() -> None:
    round_ = make_round(make_building().compound, opened=False)
    confirmed_by = round_.confirmed_by_id
    with pytest.raises(steps.NotNow):
        actions.confirm_profile(round_, by=make_staff().identity)
    assert round_.confirmed_by_id == confirmed_by


@pytest.mark.usefixtures("session")
def test_an_account_one_made_oneself_is_no_second_person() -> None:
    maker = make_staff(Role.ADMIN)
    made = make_staff()
    mark_invited(made, by=maker)
    other = make_staff()
    db.session.flush()
    assert not are_two_persons(maker.id, made.identity)
    assert not are_two_persons(made.id, maker.identity)
    assert are_two_persons(made.id, other.identity)
    assert not are_two_persons(made.id, made.identity)


@pytest.mark.usefixtures("session")
def test_nobody_makes_an_account_of_their_own_standing() -> None:
    office = make_staff(Role.OFFICE).identity
    with pytest.raises(NotAllowed):
        create_staff("twin", "另一个我", Role.OFFICE, None, "long enough password", by=office)
    made = create_staff("li", "李敏", Role.WORKER, None, "long enough password", by=office)
    assert made.made_by_id == office.id


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application whose commits are real, so that threads can meet in its database."""
    with app_apart(tmp_path, f"steps_{worker_id}") as app:
        yield app


def at_once(app: Flask, work: Callable[[], None], times: int) -> list[str]:
    """Do `work` in so many threads at the same moment; how each ended."""
    ends: list[str] = []
    gate = threading.Barrier(times)

    def one() -> None:
        with app.app_context():
            gate.wait()
            try:
                work()
                db.session.commit()
                ends.append("done")
            except Refused:
                db.session.rollback()
                ends.append("refused")

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ends)


def test_a_step_pressed_by_many_at_once_is_taken_and_recorded_once(living_app: Flask) -> None:
    with living_app.app_context():
        compound = make_building().compound
        make_plan(compound)
        first = make_staff().identity
        round_ = make_round(compound, opened=False)
        round_id = round_.id
        round_.frozen_at = round_.register_hash = None
        db.session.execute(sa.text("DELETE FROM counter"))
        db.session.execute(sa.text("DELETE FROM register_entry"))
        db.session.commit()

    def freeze() -> None:
        actions.freeze_register(db.session.get_one(Round, round_id), by=first)

    assert at_once(living_app, freeze, 6) == ["done"] + ["refused"] * 5
    with living_app.app_context():
        frozen = sa.select(sa.func.count()).where(JournalEntry.kind == Kind.REGISTER_FROZEN)
        assert db.session.scalar(frozen) == 2
        assert db.session.get_one(Round, round_id).state == State.FROZEN
