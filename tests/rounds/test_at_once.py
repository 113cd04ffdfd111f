"""Everything that many do at the same moment: each gets a definite answer, and it is the truth.

`JUYI_LIVES` set to anything lets as many meet as FAULTS.md asks (F06, F07, F15).
"""

import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import clock
from app.core.db import db
from app.journal.models import Kind
from app.rounds import actions, casting, changes, decisions, register, tallies
from app.rounds.cases import Decision
from app.rounds.casting import NotOpen, Receipt, VotedMeanwhile, cast
from app.rounds.decisions import AlreadySettled
from app.rounds.models import Channel, RegisterEntry, Round, State, Vote
from app.rounds.steps import NotNow
from tests.apart import app_apart
from tests.factories import homes_of, issue_all_codes, make_building, make_plan, make_round
from tests.rounds.crowds import all_at_once, ballot_of, check_whole, seen_by, seqs, until_done
from tests.rounds.offices import GROUNDS, Office

HOMES, CLIENTS = (200, 8) if os.environ.get("JUYI_LIVES") else (15, 8)
AT_THE_CLOSE = 200 if os.environ.get("JUYI_LIVES") else 60


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application whose commits are real, so that threads can meet in its database."""
    with app_apart(tmp_path, f"at_once_{worker_id}") as app:
        yield app


def prepared(app: Flask, homes: int = 6, **facts: Any) -> tuple[int, list[int]]:
    """A committed round, open unless told otherwise, and the ids of its homes."""
    with app.app_context():
        building = make_building(homes=homes)
        round_ = make_round(building.compound, **facts)
        found = round_.id, [home.id for home in homes_of(building)]
        db.session.commit()
        return found


def close_in(app: Flask, round_ids: list[int], seconds: float) -> float:
    """Let these rounds close so soon; the moment on the clock of this process."""
    with app.app_context():
        closes_at = clock.now() + timedelta(seconds=seconds)
        soon = sa.update(Round).where(Round.id.in_(round_ids)).values(closes_at=closes_at)
        db.session.execute(soon)
        db.session.commit()
    return time.monotonic() + seconds


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def test_a_hundred_times_the_same_request_makes_one_vote(living_app: Flask) -> None:
    round_id, homes = prepared(living_app)

    def send(_number: int) -> Receipt:
        mine = db.session.get_one(Round, round_id)
        return cast(mine, homes[0], ballot_of(mine, "request-0001"), via=Channel.PHONE)

    receipts = all_at_once(living_app, send, 100)
    assert len(set(receipts)) == 1
    with living_app.app_context():
        assert seqs(round_id, Kind.VOTE) == [receipts[0].seq]
        check_whole(round_id)


def test_of_many_phones_of_one_home_that_saw_the_same_only_one_gets_through(
    living_app: Flask,
) -> None:
    round_id, homes = prepared(living_app)

    def send(number: int) -> Receipt:
        mine = db.session.get_one(Round, round_id)
        ballot = ballot_of(mine, f"request-{number:04d}", number)
        return cast(mine, homes[0], ballot, via=Channel.PHONE)

    outcomes = all_at_once(living_app, send, 24)
    assert outcomes.count(VotedMeanwhile) == 23
    with living_app.app_context():
        assert len(seqs(round_id, Kind.VOTE)) == 1
        check_whole(round_id)


def test_homes_that_vote_at_the_same_moment_all_count(living_app: Flask) -> None:
    round_id, homes = prepared(living_app, homes=30)

    def send(number: int) -> Receipt:
        mine = db.session.get_one(Round, round_id)
        ballot = ballot_of(mine, f"request-{number:04d}", number)
        return cast(mine, homes[number], ballot, via=Channel.PHONE)

    sequence = sorted(receipt.seq for receipt in all_at_once(living_app, send, 30))
    assert sequence == list(range(sequence[0], sequence[0] + 30))
    with living_app.app_context():
        tally = tallies.results(check_whole(round_id)).matters[0].tally
        assert (tally.agree, tally.disagree, tally.abstain) == (10, 10, 10)


def test_all_phones_of_all_homes_see_their_votes_in_the_order_in_which_they_were_sent(
    living_app: Flask,
) -> None:
    round_id, homes = prepared(living_app, homes=HOMES)

    def send(number: int) -> tuple[int, float, float, Receipt]:
        home = homes[number % HOMES]
        seen, sent = seen_by(round_id, home), time.monotonic()
        mine = db.session.get_one(Round, round_id)
        ballot = ballot_of(mine, f"request-{number:05d}", number, seen)
        receipt = cast(mine, home, ballot, via=Channel.PHONE)
        db.session.commit()
        return home, sent, time.monotonic(), receipt

    outcomes = all_at_once(living_app, send, HOMES * CLIENTS)
    taken = [outcome for outcome in outcomes if outcome is not VotedMeanwhile]
    for home in homes:
        own = sorted((o for o in taken if o[0] == home), key=lambda o: o[3].seq)
        assert [o[3].number for o in own] == list(range(1, len(own) + 1))
        # Real time: what was acknowledged before the next was sent stands before it.
        assert all(a[3].seq < b[3].seq for a in own for b in own if a[2] < b[1])
    with living_app.app_context():
        assert seqs(round_id, Kind.VOTE) == sorted(o[3].seq for o in taken)
        assert tallies.results(check_whole(round_id)).voted == HOMES


def test_who_is_told_that_it_counted_stands_before_the_close_and_nobody_after_it(
    living_app: Flask,
) -> None:
    round_id, homes = prepared(living_app, homes=AT_THE_CLOSE)
    end, done = close_in(living_app, [round_id], 2.0), threading.Event()
    scheduler = until_done(living_app, actions.close_due_rounds, done)

    def send(number: int) -> Receipt:
        sleep_until(end - 2 + 4 * number / AT_THE_CLOSE)
        mine = db.session.get_one(Round, round_id)
        ballot = ballot_of(mine, f"request-{number:04d}", number)
        return cast(mine, homes[number], ballot, via=Channel.PHONE)

    outcomes = all_at_once(living_app, send, AT_THE_CLOSE)
    done.set()
    scheduler.join()
    counted = [o for o in outcomes if isinstance(o, Receipt)]
    assert counted
    assert outcomes.count(NotOpen) == AT_THE_CLOSE - len(counted) > 0
    with living_app.app_context():
        (close,) = seqs(round_id, Kind.CLOSE)
        assert seqs(round_id, Kind.VOTE) == sorted(receipt.seq for receipt in counted)
        assert all(receipt.seq < close for receipt in counted)
        round_ = check_whole(round_id)
        assert all(receipt.at < round_.closes_at for receipt in counted)
        assert tallies.results(round_).voted == len(counted)


def test_an_extension_at_the_closing_second_comes_in_time_or_not_at_all(
    living_app: Flask,
) -> None:
    rounds = [prepared(living_app)[0] for _ in range(8)]
    end, done = close_in(living_app, rounds, 1.5), threading.Event()
    with living_app.app_context():
        office, later = Office(), clock.now() + timedelta(days=20)
        waiting = [
            changes.propose_extension(
                db.session.get_one(Round, round_id), later, GROUNDS, by=office.first
            ).id
            for round_id in rounds
        ]
        db.session.commit()
    scheduler = until_done(living_app, actions.close_due_rounds, done)

    def approve(number: int) -> str:
        sleep_until(end - 0.04 + number * 0.01)
        decision = db.session.get_one(Decision, waiting[number])
        decisions.approve(decision, by=office.second)
        return "later"

    outcomes = all_at_once(living_app, approve, len(rounds))
    time.sleep(0.3)
    done.set()
    scheduler.join()
    with living_app.app_context():
        for round_id, outcome in zip(rounds, outcomes, strict=True):
            is_later = outcome == "later"
            assert is_later or outcome is NotNow
            assert len(seqs(round_id, Kind.DEADLINE_CHANGE)) == is_later
            assert len(seqs(round_id, Kind.CLOSE)) == (not is_later)
            assert check_whole(round_id).is_open == is_later


def test_of_two_who_agree_at_once_one_does(living_app: Flask) -> None:
    round_id, _homes = prepared(living_app)
    with living_app.app_context():
        office, others = Office(), [Office().second for _ in range(6)]
        round_ = db.session.get_one(Round, round_id)
        later = round_.closes_at + timedelta(days=1)
        waiting = changes.propose_extension(round_, later, GROUNDS, by=office.first).id
        db.session.commit()

    def approve(number: int) -> str:
        decisions.approve(db.session.get_one(Decision, waiting), by=others[number])
        return "done"

    outcomes = all_at_once(living_app, approve, 6)
    assert (outcomes.count("done"), outcomes.count(AlreadySettled)) == (1, 5)
    with living_app.app_context():
        assert len(seqs(round_id, Kind.DEADLINE_CHANGE)) == 1


def test_after_a_material_change_no_vote_on_the_old_version_counts(living_app: Flask) -> None:
    round_id, homes = prepared(living_app, homes=40)
    with living_app.app_context():
        office, round_ = Office(), db.session.get_one(Round, round_id)
        version = make_plan(round_.compound)
        waiting = changes.propose_plan_change(
            round_, version, is_material=True, grounds=GROUNDS, by=office.first
        ).id
        db.session.commit()

    def act(number: int) -> Any:
        if number == 25:
            decisions.approve(db.session.get_one(Decision, waiting), by=office.second)
            return "changed"
        home = homes[number % 40]
        seen = seen_by(round_id, home)
        # A form that somebody opened some time ago: half of them show the old version.
        ballot = ballot_of(db.session.get_one(Round, round_id), f"request-{number:04d}", seen=seen)
        db.session.rollback()
        time.sleep(0.002 * (number % 5))
        return cast(db.session.get_one(Round, round_id), home, ballot, via=Channel.PHONE)

    outcomes = all_at_once(living_app, act, 81)
    assert outcomes.count("changed") == 1
    receipts = [o for o in outcomes if isinstance(o, Receipt)]
    refused = {o for o in outcomes if isinstance(o, type)}
    assert refused <= {casting.PlanChanged, VotedMeanwhile}
    with living_app.app_context():
        (changed,) = seqs(round_id, Kind.PLAN_CHANGE)
        assert seqs(round_id, Kind.VOTE) == sorted(receipt.seq for receipt in receipts)
        new = _votes_on(round_id, 2)
        assert {r.seq for r in receipts if r.seq > changed} == new
        tally = tallies.results(check_whole(round_id))
        assert tally.voted == len(_voters(round_id, new)) > 0
        assert tally.voted + tally.to_confirm == len(_voters(round_id, {r.seq for r in receipts}))


def _votes_on(round_id: int, number: int) -> set[int]:
    votes = db.session.scalars(sa.select(Vote).where(Vote.round_id == round_id))
    return {vote.seq for vote in votes if vote.plan_version.number == number}


def _voters(round_id: int, places: set[int]) -> set[int]:
    votes = sa.select(Vote.entry_id).where(Vote.round_id == round_id, Vote.seq.in_(places))
    return set(db.session.scalars(votes))


def test_a_round_is_opened_closed_and_published_once_whoever_presses(living_app: Flask) -> None:
    round_id, _homes = prepared(living_app, opened=False)
    with living_app.app_context():
        office, round_ = Office(), db.session.get_one(Round, round_id)
        issue_all_codes(round_.compound)
        actions.note_posters_printed(round_.compound, by=office.first)
        db.session.commit()

    def press(step: Any) -> list[Any]:
        def one(_number: int) -> str:
            step(db.session.get_one(Round, round_id), by=office.first)
            return "done"

        return sorted(all_at_once(living_app, one, 6), key=str)

    once = [NotNow] * 5 + ["done"]
    assert press(actions.open_round) == once
    close_in(living_app, [round_id], 0.0)
    closed = all_at_once(living_app, lambda _number: len(actions.close_due_rounds()), 6)
    assert sorted(closed) == [0] * 5 + [1]
    assert press(actions.publish_result) == once
    with living_app.app_context():
        kinds = (Kind.ROUND_OPEN, Kind.CLOSE, Kind.PRELIMINARY)
        assert [len(seqs(round_id, kind)) for kind in kinds] == [1, 1, 1]
        assert check_whole(round_id).state == State.PRELIMINARY


def test_a_vote_and_the_removal_of_its_household_happen_one_after_the_other(
    living_app: Flask,
) -> None:
    round_id, homes = prepared(living_app, homes=12)
    with living_app.app_context():
        office, round_ = Office(), db.session.get_one(Round, round_id)
        entries = sa.select(RegisterEntry).where(RegisterEntry.round_id == round_id)
        waiting = {
            entry.household_id: _propose_removal(entry, office)
            for entry in db.session.scalars(entries).all()
        }
        total = tallies.results(round_).total
        db.session.commit()

    def act(number: int) -> Any:
        home = homes[number // 2]
        if number % 2:
            decisions.approve(db.session.get_one(Decision, waiting[home]), by=office.second)
            return "removed"
        mine = db.session.get_one(Round, round_id)
        return cast(mine, home, ballot_of(mine, f"request-{number:04d}"), via=Channel.PHONE)

    outcomes = all_at_once(living_app, act, 24)
    assert outcomes.count("removed") == total == 12
    assert {o for o in outcomes if isinstance(o, type)} <= {casting.NotOnRegister}
    with living_app.app_context():
        tally = tallies.results(check_whole(round_id))
        assert (tally.total, tally.voted) == (0, 0)


def _propose_removal(entry: RegisterEntry, office: Office) -> int:
    return register.propose_removal(entry, GROUNDS, by=office.first).id
