"""Visits, assignments and helped homes when several threads meet in the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.models import Staff
from app.core.db import db
from app.core.guards import Role
from app.doors.actions import Attempt, Recorded, RequestTaken, record_visit, share_out
from app.doors.models import Assignment, Outcome, Visit
from app.journal.models import Kind
from app.rounds.assisting import AssistedSession, HelpReason, Reason, begin, submit
from app.rounds.casting import Ballot, Receipt
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Round
from tests.apart import app_apart
from tests.doors.conftest import entries_of
from tests.factories import make_building, make_round, make_staff
from tests.rounds.crowds import all_at_once, check_whole, seqs


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application whose commits are real, so that threads can meet in its database."""
    with app_apart(tmp_path, f"doors_{worker_id}") as app:
        yield app


def prepared(app: Flask, workers: int) -> tuple[int, list[int], list[int]]:
    """A committed open round, its entries, and so many workers of its community."""
    with app.app_context():
        round_ = make_round(make_building(homes=6).compound)
        staff = [make_staff(Role.WORKER, round_.compound.area) for _ in range(workers)]
        entries = [entry.id for entry in entries_of(round_)]
        found = round_.id, entries, [one.id for one in staff]
        db.session.commit()
        return found


def test_forty_times_the_same_knock_makes_one_row_and_one_entry(living_app: Flask) -> None:
    round_id, entries, [worker] = prepared(living_app, 1)

    def send(_number: int) -> Recorded:
        entry = db.session.get_one(RegisterEntry, entries[0])
        by = db.session.get_one(Staff, worker).identity
        return record_visit(entry, Attempt(Outcome.SPOKEN, "request-of-a-phone"), by=by)

    told = all_at_once(living_app, send, 40)
    assert len({one.visit_id for one in told}) == 1
    assert sum(one.is_new for one in told) == 1
    with living_app.app_context():
        assert len(seqs(round_id, Kind.VISIT)) == 1


def test_of_two_workers_with_the_same_request_one_is_refused(living_app: Flask) -> None:
    _round_id, entries, workers = prepared(living_app, 2)

    def send(number: int) -> Recorded:
        entry = db.session.get_one(RegisterEntry, entries[0])
        by = db.session.get_one(Staff, workers[number]).identity
        return record_visit(entry, Attempt(Outcome.SPOKEN, "request-of-two"), by=by)

    told = all_at_once(living_app, send, 2)
    assert told.count(RequestTaken) == 1
    with living_app.app_context():
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) == 1


def test_doors_shared_out_at_the_same_moment_are_each_somebodys(living_app: Flask) -> None:
    round_id, entries, workers = prepared(living_app, 8)

    def share(number: int) -> int:
        worker = db.session.get_one(Staff, workers[number])
        round_ = db.session.get_one(Round, round_id)
        return share_out(round_, entries, worker, by=worker.identity).doors

    assert all_at_once(living_app, share, 8) == [6] * 8
    with living_app.app_context():
        held = db.session.scalars(sa.select(Assignment.worker_id)).all()
        assert len(held) == 6
        assert len(set(held)) == 1


def test_a_helped_home_that_is_sent_twice_at_once_counts_once(living_app: Flask) -> None:
    round_id, entries, [worker] = prepared(living_app, 1)
    with living_app.app_context():
        by = db.session.get_one(Staff, worker).identity
        entry = db.session.get_one(RegisterEntry, entries[0])
        session_id = begin(entry, Reason(HelpReason.CANNOT_SEE), by=by).id
        db.session.commit()

    def send(_number: int) -> Receipt:
        session = db.session.get_one(AssistedSession, session_id)
        choices = dict.fromkeys([m.id for m in session.entry.round.matters], Choice.AGREE)
        return submit(session, Ballot(choices, "said-at-the-door", 0, 1), by=by)

    receipts = all_at_once(living_app, send, 12)
    assert len(set(receipts)) == 1
    with living_app.app_context():
        assert len(seqs(round_id, Kind.VOTE)) == 1
        assert len(seqs(round_id, Kind.ASSISTED)) == 2
        check_whole(round_id)
