"""The book of a round: what every kind of entry says of who and why, and what it never says."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.rounds import changes, conflicts, objections, register
from app.rounds.cases import Conflict, Decision, DecisionKind, ObjectionKind
from app.rounds.casting import cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, RegisterEntry, Round
from app.rounds.objections import Answer, Complaint
from tests.factories import homes_of, make_building, make_household, make_plan, make_round
from tests.rounds.crowds import ballot_of
from tests.rounds.offices import GROUNDS, Office

pytestmark = pytest.mark.usefixtures("session")
HEX = re.compile("[0-9a-f]{64}")
# Kinds that the approval of a proposal leaves in the book.
DECIDED = {
    DecisionKind.EXTENSION: Kind.DEADLINE_CHANGE,
    DecisionKind.PLAN_CHANGE: Kind.PLAN_CHANGE,
    DecisionKind.REGISTER_ADDITION: Kind.REGISTER_CHANGE,
    DecisionKind.REGISTER_REMOVAL: Kind.REGISTER_CHANGE,
    DecisionKind.REGISTER_CORRECTION: Kind.REGISTER_CHANGE,
    DecisionKind.TRANSFER: Kind.IDENTITY_CHANGE,
    DecisionKind.CONFLICT: Kind.CONFLICT,
    DecisionKind.DISPUTE: Kind.DISPUTE,
    DecisionKind.DISPUTE_END: Kind.DISPUTE,
}


def test_whatever_two_persons_decide_names_both_and_the_reason_by_commitments() -> None:
    round_, office = make_round(make_building(homes=6).compound), Office()
    done = {one.kind: one for one in _one_of_each(round_, office)}
    assert set(done) == set(DECIDED)
    book = [json.loads(entry.entry) for entry in _entries(round_)]
    for kind, decision in done.items():
        of_it = [e for e in book if e.get("decision") == decision.id and e["type"] != Kind.VOTE]
        asked, agreed = of_it
        assert (asked["type"], agreed["type"]) == (Kind.DECISION_PROPOSED, DECIDED[kind])
        assert asked["actor"] == agreed["proposer"] == office.first.commitment
        assert agreed["actor"] == office.second.commitment != agreed["proposer"]
        assert asked["reason"] == agreed["reason"] == decision.reason_commitment
        assert all(HEX.fullmatch(e[name]) for e in of_it for name in ("actor", "reason"))


def test_entries_are_canonical_hold_whole_numbers_and_texts_and_prove_their_leaf() -> None:
    round_, office = make_round(make_building(homes=6).compound), Office()
    _one_of_each(round_, office)
    for entry in _entries(round_):
        told = json.loads(entry.entry)
        again = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        assert entry.entry == again
        assert _is_plain(told)
        assert entry.leaf == hashlib.sha256(b"\x00" + entry.entry.encode()).digest()
        assert not re.search("[\u3400-\u9fff]", entry.entry)


def test_the_answer_to_an_objection_names_both_and_the_reason_too() -> None:
    round_, office = make_round(make_building(homes=6).compound), Office()
    home = homes_of(round_.compound.buildings[0])[0]
    complaint = Complaint(ObjectionKind.CONTENT, "一号楼", "王小明不同意", home.id)
    raised = objections.raise_objection(round_, complaint)
    decision = objections.propose_answer(raised, Answer("已当面说明"), by=office.first)
    office.agrees(decision)
    asked, _proposed, agreed = [json.loads(entry.entry) for entry in _entries(round_)][-3:]
    assert (asked["type"], asked["words"]) == (Kind.OBJECTION, raised.commitment)
    assert (agreed["type"], agreed["reason"]) == (Kind.OBJECTION, decision.reason_commitment)
    assert (agreed["proposer"], agreed["actor"]) == (
        office.first.commitment,
        office.second.commitment,
    )
    assert set(DecisionKind) - set(DECIDED) == {DecisionKind.OBJECTION}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(v) for name, v in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, str | int) and not isinstance(value, float)


def _entries(round_: Round) -> list[JournalEntry]:
    book = sa.select(JournalEntry).where(JournalEntry.book == book_of_round(round_.id))
    return list(db.session.scalars(book.order_by(JournalEntry.seq)))


def _one_of_each(round_: Round, office: Office) -> list[Decision]:
    """Every kind of decision once, each proposed by the first and agreed to by the second."""
    building, by = round_.compound.buildings[0], office.first
    homes = homes_of(building)
    entries = [_entry(round_, home.id) for home in homes]
    late = make_household(building.entrances[0], "909")
    _disagree_by_channel(round_, homes[3].id)
    conflict = db.session.scalars(sa.select(Conflict)).one()
    entries[2].premises.size += 100
    signed = {m.id: Choice.AGREE for m in round_.matters}
    later, newer = round_.closes_at + timedelta(days=1), make_plan(round_.compound)
    return [
        office.agrees(propose())
        for propose in (
            lambda: changes.propose_extension(round_, later, GROUNDS, by=by),
            lambda: register.propose_addition(round_, late.premises, GROUNDS, by=by),
            lambda: register.propose_removal(entries[0], GROUNDS, by=by),
            lambda: register.propose_correction(entries[2], GROUNDS, by=by),
            lambda: register.propose_transfer(entries[1], ["李新主"], GROUNDS, by=by),
            lambda: conflicts.propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=by),
            lambda: conflicts.propose_dispute(entries[4], GROUNDS, by=by),
            lambda: conflicts.propose_settlement(entries[4], signed, GROUNDS, by=by),
            lambda: changes.propose_plan_change(
                round_, newer, is_material=True, grounds=GROUNDS, by=by
            ),
        )
    ]


def _entry(round_: Round, home_id: int) -> RegisterEntry:
    of_home = (RegisterEntry.round_id == round_.id, RegisterEntry.household_id == home_id)
    return db.session.scalars(sa.select(RegisterEntry).where(*of_home)).one()


def _disagree_by_channel(round_: Round, home_id: int) -> None:
    cast(round_, home_id, ballot_of(round_, "first-request", 0), via=Channel.PHONE)
    cast(round_, home_id, ballot_of(round_, "second-request", 1, 1), via=Channel.PAPER)
