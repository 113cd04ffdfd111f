"""Many people at the same moment, in an application whose commits are real."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.core.db import db, release
from app.core.errors import Refused
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.journal.queries import first_flaw
from app.rounds import recounting
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Round, Vote


def all_at_once(app: Flask, work: Callable[[int], Any], times: int, threads: int = 12) -> list[Any]:
    """What each of `times` transactions came to: what it returned, or the kind of its refusal.

    So many `threads` start together and take the next one as soon as they are done; fewer than
    connections, or the last of them would wait for one without any turn.
    """
    threads = min(times, threads)
    gate = threading.Barrier(threads)

    def attempt(number: int) -> Any:
        if number < threads:
            gate.wait(30)
        with app.app_context():
            try:
                outcome = work(number)
                db.session.commit()
            except Refused as refusal:
                release()
                return type(refusal)
            return outcome

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(attempt, range(times)))


def until_done(app: Flask, work: Callable[[], Any], done: threading.Event) -> threading.Thread:
    """Do `work` again and again in the background, as a scheduler does."""

    def loop() -> None:
        while not done.is_set():
            with app.app_context():
                work()
                db.session.commit()
            time.sleep(0.02)

    thread = threading.Thread(target=loop)
    thread.start()
    return thread


def ballot_of(round_: Round, request_id: str, number: int = 0, seen: int = 0) -> Ballot:
    """The same choice on every question: agree, disagree, abstain in turn."""
    choice = list(Choice)[number % 3]
    plan = round_.plan_version.number if round_.plan_version else 0
    return Ballot({m.id: choice for m in round_.matters}, request_id, seen, plan)


def seen_by(round_id: int, home_id: int) -> int:
    """How many votes of its household a form shows that is opened now."""
    of_home = (RegisterEntry.round_id == round_id, RegisterEntry.household_id == home_id)
    votes = db.session.scalars(sa.select(RegisterEntry.votes).where(*of_home)).one()
    release()
    return votes


def seqs(round_id: int, kind: Kind) -> list[int]:
    """The places of all entries of a kind in the book of a round."""
    found = sa.select(JournalEntry.seq).where(
        JournalEntry.book == book_of_round(round_id), JournalEntry.kind == kind
    )
    return list(db.session.scalars(found.order_by(JournalEntry.seq)))


def check_whole(round_id: int) -> Round:
    """The book has no flaw, its votes are the rows, and the caches agree with it."""
    round_ = db.session.get_one(Round, round_id)
    rows = sa.select(Vote.seq).where(Vote.round_id == round_id).order_by(Vote.seq)
    assert list(db.session.scalars(rows)) == seqs(round_id, Kind.VOTE)
    assert first_flaw(book_of_round(round_id)) is None
    assert recounting.differences(round_) == []
    return round_
