"""Whom each question asks before anybody has answered, and the record made at the opening."""

import json

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.journal.models import JournalEntry, Kind
from app.rounds import matters, opening
from app.rounds.lifecycle import State
from app.rounds.matters import MatterTerms
from app.rounds.models import Scope, Subject
from tests.rounds.lives import go_to, life_in

pytestmark = pytest.mark.usefixtures("session")


def test_every_question_counts_only_those_it_asks_before_and_after_the_freeze() -> None:
    with life_in(State.DRAFT) as life:
        hire = MatterTerms(Subject.HIRE, "选聘物业", "选聘这家物业吗？", "owners-ordinary")
        matters.add_matter(life.round, hire, by=life.first)
        life.spare.premises.ownership = "开发商未售"
        db.session.flush()
        before = opening.asked_of(life.round)
        go_to(life, State.FROZEN)
        assert opening.asked_of(life.round) == before
        plan, _management, owners = before.matters
        assert (before.households, before.properties) == (6, 7)
        assert (plan.tally.total, plan.tally.needed) == (6, 5)
        heads, area = owners.tallies
        assert (heads.total, heads.participation_needed) == (7, 5)
        assert (area.total, area.participation_needed) == (56_000, 37_334)


def test_a_question_for_one_building_asks_nobody_else() -> None:
    with life_in(State.DRAFT) as life:
        other = MatterTerms(
            Subject.OTHER,
            "一号楼的事",
            "同意吗？",
            "henan-80",
            Scope.BUILDINGS,
            (life.building.id,),
        )
        from_here = matters.add_matter(life.round, other, by=life.first)
        assert opening.asked_of(life.round).matters[2].tally.total == 7
        from_here.places = [life.building.id + 1]
        assert opening.asked_of(life.round).matters[2].tally.total == 0


def test_what_was_looked_at_is_never_stored() -> None:
    with life_in(State.REGISTER) as life:
        opening.asked_of(life.round)
        assert not db.session.new


def test_there_is_no_record_before_the_opening() -> None:
    with life_in(State.FROZEN) as life:
        assert opening.opening_of(life.round) is None


def test_the_record_is_the_journals_own() -> None:
    with life_in(State.CLOSED) as life:
        record = opening.opening_of(life.round)
        assert record is not None
        entry = db.session.scalars(
            sa.select(JournalEntry).where(JournalEntry.kind == Kind.ROUND_OPEN)
        ).one()
        facts = json.loads(entry.entry)
        assert (record.seq, record.at) == (entry.seq, life.round.opened_at)
        assert record.profile == facts["profile"] == life.round.profile_hash
        assert record.register == facts["register"] == life.round.register_hash
        assert (record.version, record.households) == (1, 6)
        assert record.closes_at == life.round.closes_at
