"""The journal: gapless, canonical, and no touch of it goes unseen."""

import base64
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import Result
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core.db import db
from app.journal.actions import (
    OFFICE,
    SYSTEM,
    book_of_round,
    canonical_json,
    leaf_hash,
    record,
)
from app.journal.models import JournalEntry, JournalHead, Kind
from app.journal.queries import Flaw, entries, first_flaw
from tests.apart import app_apart

BOOK = book_of_round(7)
Verify = Callable[..., Result]


@pytest.fixture
def book(session: Session) -> list[JournalEntry]:
    """Five votes in the book of round 7."""
    for number in range(5):
        record(BOOK, Kind.VOTE, {"choice": "agree", "number": number}, actor=SYSTEM)
    return list(entries(BOOK))


@pytest.fixture
def verify(app: Flask, session: Session) -> Verify:
    """`flask journal verify …`"""

    def run(*args: str) -> Result:
        session.commit()
        return app.test_cli_runner().invoke(args=["journal", "verify", *args])

    return run


def test_entries_are_numbered_from_nought_without_a_gap(book: list[JournalEntry]) -> None:
    assert [entry.seq for entry in book] == [0, 1, 2, 3, 4]
    assert db.session.get_one(JournalHead, BOOK).size == 5
    assert first_flaw(BOOK) is None


def test_every_book_counts_for_itself(book: list[JournalEntry]) -> None:
    recorded = record(OFFICE, Kind.ROSTER_CHANGE, {"added": 3}, actor=SYSTEM)
    assert (recorded.book, recorded.seq) == (OFFICE, 0)


def test_a_rolled_back_change_takes_its_number_back(session: Session) -> None:
    record(BOOK, Kind.VOTE, {}, actor=SYSTEM)
    attempt = session.begin_nested()
    assert record(BOOK, Kind.VOTE, {}, actor=SYSTEM).seq == 1
    attempt.rollback()
    assert record(BOOK, Kind.VOTE, {}, actor=SYSTEM).seq == 1
    assert first_flaw(BOOK) is None


def test_an_entry_says_what_happened_when_by_whom_and_where_it_stands(session: Session) -> None:
    recorded = record(BOOK, Kind.VOTE, {"choice": "agree"}, actor="abc")
    (entry,) = entries(BOOK)
    told = json.loads(entry.entry)
    assert (told["v"], told["seq"], told["type"], told["actor"]) == (1, 0, "VOTE", "abc")
    assert told["choice"] == "agree"
    assert datetime.fromisoformat(told["ts"]) == recorded.at == entry.at
    assert len(bytes.fromhex(told["nonce"])) == 16


def test_the_facts_cannot_pretend_to_be_the_frame(session: Session) -> None:
    record(BOOK, Kind.VOTE, {"seq": 99, "type": "RESULT", "actor": "me", "v": 9}, actor=SYSTEM)
    (entry,) = entries(BOOK)
    told = json.loads(entry.entry)
    assert (told["seq"], told["type"], told["actor"], told["v"]) == (0, "VOTE", SYSTEM, 1)


def test_the_same_facts_never_give_the_same_leaf(session: Session) -> None:
    leaves = {record(BOOK, Kind.VOTE, {"choice": "agree"}, actor=SYSTEM).leaf for _ in range(20)}
    assert len(leaves) == 20


def test_the_leaf_and_its_code_are_those_of_the_standard(session: Session) -> None:
    recorded = record(BOOK, Kind.VOTE, {}, actor=SYSTEM)
    (entry,) = entries(BOOK)
    by_hand = hashlib.sha256(b"\x00" + entry.entry.encode("utf-8")).digest()
    assert entry.leaf == recorded.leaf == by_hand
    assert recorded.code == base64.b32encode(by_hand).decode()[:12]
    # RFC 6962: the leaf of an empty entry.
    assert leaf_hash("").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.integers() | st.text() | st.lists(st.integers() | st.text(max_size=9), max_size=3),
        max_size=5,
    )
)
def test_canonical_json_is_one_text_for_the_same_facts(facts: dict[str, object]) -> None:
    text = canonical_json(facts)
    shuffled = dict(reversed(facts.items()))
    assert canonical_json(shuffled) == text
    assert canonical_json(json.loads(text)) == text


def test_canonical_json_is_exactly_these_bytes() -> None:
    assert canonical_json({"b": 1, "a": "同意", "c": [1, "x"]}) == '{"a":"同意","b":1,"c":[1,"x"]}'


def test_time_in_a_book_never_runs_backwards(session: Session) -> None:
    noon = datetime(2026, 12, 5, 12, tzinfo=UTC)
    for shift in (timedelta(0), timedelta(hours=-1), timedelta(days=-1), timedelta(seconds=1)):
        with time_machine.travel(noon + shift, tick=False):
            record(BOOK, Kind.VOTE, {}, actor=SYSTEM)
    times = [entry.at for entry in entries(BOOK)]
    assert times == sorted(times)
    assert times[:3] == [noon] * 3
    assert times[3] == noon + timedelta(seconds=1)


def test_many_at_once_leave_no_gap_and_no_double(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"journal_{worker_id}") as app:

        def write(_number: int) -> None:
            with app.app_context():
                for _ in range(10):
                    record(BOOK, Kind.VOTE, {}, actor=SYSTEM)
                    db.session.commit()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        with app.app_context():
            assert [entry.seq for entry in entries(BOOK)] == list(range(40))
            assert first_flaw(BOOK) is None


def test_a_changed_entry_is_found(book: list[JournalEntry], session: Session) -> None:
    forged = book[2].entry.replace('"agree"', '"disagree"')
    _tamper(session, sa.update(JournalEntry).where(_third).values(entry=forged))
    assert first_flaw(BOOK) == Flaw(BOOK, 2, "changed")


def test_an_entry_changed_together_with_its_leaf_no_longer_fits_its_row(
    book: list[JournalEntry], session: Session
) -> None:
    forged = book[3].entry
    change = sa.update(JournalEntry).where(_third)
    _tamper(session, change.values(entry=forged, leaf=leaf_hash(forged)))
    assert first_flaw(BOOK) == Flaw(BOOK, 2, "changed")


def test_a_changed_column_beside_the_entry_is_found(
    book: list[JournalEntry], session: Session
) -> None:
    _tamper(session, sa.update(JournalEntry).where(_third).values(kind=Kind.RESULT))
    assert first_flaw(BOOK) == Flaw(BOOK, 2, "changed")


def test_a_removed_entry_is_found(book: list[JournalEntry], session: Session) -> None:
    _tamper(session, sa.delete(JournalEntry).where(_third))
    assert first_flaw(BOOK) == Flaw(BOOK, 2, "missing")


def test_a_book_cut_off_at_its_end_is_found(book: list[JournalEntry], session: Session) -> None:
    last = (JournalEntry.book == BOOK) & (JournalEntry.seq == 4)
    _tamper(session, sa.delete(JournalEntry).where(last))
    assert first_flaw(BOOK) == Flaw(BOOK, 4, "cut off")


def test_a_head_set_back_is_found(book: list[JournalEntry], session: Session) -> None:
    session.execute(sa.update(JournalHead).where(JournalHead.book == BOOK).values(size=4))
    assert first_flaw(BOOK) == Flaw(BOOK, 5, "cut off")


def test_a_book_without_its_head_is_found(
    book: list[JournalEntry], session: Session, verify: Verify
) -> None:
    session.execute(sa.delete(JournalHead).where(JournalHead.book == BOOK))
    answer = verify()
    assert answer.exit_code == 1
    assert BOOK in answer.output


def test_verify_says_ok_for_every_book(book: list[JournalEntry], verify: Verify) -> None:
    record(OFFICE, Kind.STAFF, {"created": 1}, actor=SYSTEM)
    answer = verify()
    assert answer.exit_code == 0
    assert answer.output.splitlines() == [f"{OFFICE}: ok", f"{BOOK}: ok"]


def test_verify_can_look_at_one_round(book: list[JournalEntry], verify: Verify) -> None:
    answer = verify("7")
    assert (answer.exit_code, answer.output) == (0, f"{BOOK}: ok\n")


def test_verify_names_the_first_bad_entry_and_fails(
    book: list[JournalEntry], session: Session, verify: Verify
) -> None:
    for seq in (3, 1):
        found = (JournalEntry.book == BOOK) & (JournalEntry.seq == seq)
        _tamper(session, sa.update(JournalEntry).where(found).values(entry="{}"))
    answer = verify("7")
    assert answer.exit_code == 1
    assert f"{BOOK}: entry 1 changed" in answer.output


def test_verify_of_a_round_that_has_no_journal_fails(verify: Verify) -> None:
    answer = verify("404")
    assert answer.exit_code == 1
    assert "no journal for round 404" in answer.output


_third = (JournalEntry.book == BOOK) & (JournalEntry.seq == 2)


def _tamper(session: Session, change: sa.Update | sa.Delete) -> None:
    """Change rows as somebody with full access to the database could: the triggers are gone."""
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("ALTER TABLE journal_entry DISABLE TRIGGER USER"))
    else:
        for verb in ("update", "delete"):
            session.execute(sa.text(f"DROP TRIGGER IF EXISTS journal_entry_no_{verb}"))
    session.execute(change.execution_options(synchronize_session=False))
    session.expire_all()
