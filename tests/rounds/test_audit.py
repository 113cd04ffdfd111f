"""The audit of votes on paper: a sample anybody can draw again, checked by somebody else."""

import hashlib
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.accounts.models import Staff
from app.core.db import db
from app.rounds import actions, audit, conflicts, objections, queries
from app.rounds.cases import AuditItem, Effect, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round
from app.rounds.objections import Answer
from app.rounds.profile import Switches
from app.rounds.steps import NotNow, NotReady, NotYourself
from tests.factories import homes_of, make_building, make_staff, mark_invited
from tests.rounds.offices import (
    GROUNDS,
    Office,
    answers,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
)

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def keyer(session: sa.orm.Session) -> Staff:
    return make_staff()


def on_paper(keyer: Staff, papers: int, size: int = 60, homes: int = 8) -> Round:
    """An open round where so many households voted on paper and one by phone."""
    switches = Switches(audit_votes=size)
    round_ = open_round(make_building(homes=homes).compound, switches=switches)
    voters = homes_of(round_.compound.buildings[0])
    for home in voters[:papers]:
        say(round_, home, AGREE, Channel.PAPER, keyed_by_id=keyer.id)
    say(round_, voters[-1], AGREE)
    return round_


def closed(round_: Round) -> list[AuditItem]:
    """The sample that the close drew."""
    with time_machine.travel(round_.closes_at, tick=False):
        assert actions.close_due_rounds() == [round_]
    return audit.sample_of(round_.id)


# The lot.


def drawn_again(round_: Round) -> list[int]:
    """The sample drawn from the journal by a few lines that share nothing with ours."""
    papers: dict[str, int] = {}
    for entry in journal_of(round_):
        if entry["type"] == "VOTE" and not entry["held"]:
            papers.pop(entry["hh"], None)
            if entry["channel"] == "paper":
                papers[entry["hh"]] = entry["seq"]
    (close,) = journal_of(round_, "CLOSE")
    lots = {
        seq: hashlib.sha256((close["seed"] + " " + str(seq)).encode()).hexdigest()
        for seq in papers.values()
    }
    return sorted(lots, key=lambda seq: lots[seq])


@pytest.mark.parametrize(("papers", "size"), [(7, 3), (7, 7), (3, 60), (1, 1), (0, 60)])
def test_anybody_draws_the_same_sample_from_the_seed_and_the_journal(
    keyer: Staff, papers: int, size: int
) -> None:
    round_ = on_paper(keyer, papers, size)
    sample = closed(round_)
    assert [item.vote.seq for item in sample] == drawn_again(round_)[:size]
    assert len(sample) == min(papers, size)
    assert [item.position for item in sample] == list(range(1, len(sample) + 1))
    (close,) = journal_of(round_, "CLOSE")
    assert close["drawn"] == [item.vote.seq for item in sample]
    assert len(close["seed"]) == 64


def test_only_paper_that_counts_at_the_close_is_drawn(keyer: Staff, office: Office) -> None:
    round_ = on_paper(keyer, 4)
    changed, disputed, held = homes_of(round_.compound.buildings[0])[:3]
    say(round_, changed, AGREE)
    office.agrees(
        conflicts.propose_dispute(entry_at(round_, disputed), GROUNDS, by=office.first),
    )
    say(round_, held, DISAGREE)
    drawn = {item.vote.entry.household_id for item in closed(round_)}
    fourth = homes_of(round_.compound.buildings[0])[3]
    assert drawn == {held.id, fourth.id}


def test_the_lot_does_not_depend_on_the_order_in_which_votes_are_read() -> None:
    seqs = list(range(40))
    first = audit.draw("seed", seqs, 10)
    for number in range(5):
        random.Random(number).shuffle(seqs)
        assert audit.draw("seed", seqs, 10) == first
    assert set(first) < set(audit.draw("seed", seqs, 11))


def test_another_seed_draws_others() -> None:
    drawn = {tuple(audit.draw(f"seed {number}", range(40), 10)) for number in range(20)}
    assert len(drawn) == 20


def test_every_vote_is_drawn_about_as_often_as_any_other() -> None:
    times = dict.fromkeys(range(20), 0)
    for number in range(2000):
        for seq in audit.draw(str(number), range(20), 5):
            times[seq] += 1
    assert all(400 < drawn < 600 for drawn in times.values())


def test_two_rounds_have_two_seeds(keyer: Staff) -> None:
    first, second = on_paper(keyer, 1), on_paper(keyer, 1)
    closed(first)
    closed(second)
    assert first.audit_seed != second.audit_seed


# The check.


def check(
    item: AuditItem, agrees: bool, by: Staff, round_: Round, why: str = "写的是不同意"
) -> None:
    audit.check_item(round_, item, agrees=agrees, why=why, by=by.identity)


def test_who_keyed_a_form_cannot_check_it_nor_can_an_account_made_by_that_person(
    keyer: Staff,
) -> None:
    round_ = on_paper(keyer, 1)
    (item,) = closed(round_)
    made = make_staff()
    mark_invited(made, by=keyer)
    db.session.flush()
    with time_machine.travel(round_.closes_at, tick=False):
        for person in (keyer, made):
            with pytest.raises(NotYourself):
                check(item, True, person, round_)
        assert audit.unchecked(round_.id) == 1
        check(item, True, make_staff(), round_)
        with pytest.raises(audit.AlreadyChecked):
            check(item, False, make_staff(), round_)
    assert (audit.unchecked(round_.id), item.agrees) == (0, True)
    (told,) = journal_of(round_, "AUDIT")
    assert (told["vote"], told["agrees"]) == (item.vote.seq, 1)
    assert queries.open_objections(round_.id) == 0


def test_nothing_is_checked_while_the_round_is_open(keyer: Staff) -> None:
    round_ = on_paper(keyer, 1)
    item = AuditItem(round_id=round_.id, position=1, vote_id=1)
    with pytest.raises(NotNow):
        check(item, True, make_staff(), round_)


def test_a_form_that_differs_becomes_an_objection_that_two_persons_answer(
    keyer: Staff, office: Office
) -> None:
    round_ = on_paper(keyer, 1)
    (item,) = closed(round_)
    with time_machine.travel(round_.closes_at + timedelta(hours=1), tick=False):
        check(item, False, make_staff(), round_)
        (objection,) = objections.objections_of(round_.id)
        assert objection.kind == ObjectionKind.KEYED_WRONGLY
        assert objection.words == "写的是不同意"
        assert objection.household_id == item.vote.entry.household_id
        assert figures(round_) == (8, 2, 0, 0)
        signed = answers(item.vote.entry, DISAGREE)
        answer = Answer("按原表更正", Effect.REPLACE_VOTE, signed)
        office.agrees(objections.propose_answer(objection, answer, by=office.first))
        assert figures(round_) == (8, 1, 1, 0)


def test_a_result_is_certified_when_every_drawn_form_is_checked_and_every_difference_answered(
    keyer: Staff, office: Office
) -> None:
    round_ = on_paper(keyer, 2)
    same, other = closed(round_)
    with time_machine.travel(round_.closes_at, tick=False):
        actions.publish_result(round_, by=office.first)
    # The office is late: the days for objections are over when the second form is compared.
    with time_machine.travel(queries.objections_end(round_) + timedelta(hours=1), tick=False):
        with pytest.raises(NotReady):
            actions.certify(round_, by=office.second)
        check(same, True, make_staff(), round_)
        check(other, False, make_staff(), round_, why="")
        with pytest.raises(NotReady):
            actions.certify(round_, by=office.second)
        (objection,) = objections.objections_of(round_.id)
        assert objection.words
        office.agrees(objections.propose_answer(objection, Answer("查清了"), by=office.first))
        actions.certify(round_, by=office.second)
        assert round_.certified_at is not None


def test_the_sample_stays_when_the_vote_behind_it_is_replaced(keyer: Staff, office: Office) -> None:
    round_ = on_paper(keyer, 2)
    before = [item.vote.seq for item in closed(round_)]
    with time_machine.travel(round_.closes_at + timedelta(hours=1), tick=False):
        first = audit.sample_of(round_.id)[0]
        check(first, False, make_staff(), round_)
        (objection,) = objections.objections_of(round_.id)
        answer = Answer("不是本人", Effect.STRIKE_OUT)
        office.agrees(objections.propose_answer(objection, answer, by=office.first))
    assert [item.vote.seq for item in audit.sample_of(round_.id)] == before
    assert audit.unchecked(round_.id) == 1


# What begins to count on paper after the close.


def after_the_close(round_: Round) -> time_machine.travel:
    return time_machine.travel(round_.closes_at + timedelta(hours=1), tick=False)


def late(round_: Round) -> list[tuple[int, int]]:
    """Place and journal place of the forms that no lot drew."""
    items = audit.sample_of(round_.id)
    return [(item.position, item.vote.seq) for item in items if item.is_late]


@pytest.mark.parametrize(("keep_held", "audited"), [(True, 1), (False, 0)])
def test_a_held_form_that_counts_after_the_close_is_compared_too(
    keyer: Staff, office: Office, keep_held: bool, audited: int
) -> None:
    round_ = on_paper(keyer, 1)
    home = homes_of(round_.compound.buildings[0])[3]
    say(round_, home, AGREE)
    held = say(round_, home, DISAGREE, Channel.PAPER, keyed_by_id=keyer.id)
    assert len(closed(round_)) == 1
    (conflict,) = conflicts.open_conflicts(round_.id)
    with after_the_close(round_):
        office.agrees(
            conflicts.propose_resolution(
                conflict, keep_held=keep_held, grounds=GROUNDS, by=office.first
            )
        )
        assert late(round_) == [(2, held.seq)][:audited]
        assert audit.unchecked(round_.id) == 1 + audited
    (told,) = journal_of(round_, "CONFLICT")
    assert told.get("audited", []) == [held.seq][:audited]


def test_a_form_of_two_persons_after_the_close_is_compared_by_another_than_who_keyed_it(
    keyer: Staff, office: Office
) -> None:
    round_ = on_paper(keyer, 0)
    assert closed(round_) == []
    home = homes_of(round_.compound.buildings[0])[7]
    complaint = objections.Complaint(ObjectionKind.KEYED_WRONGLY, "1-108", "填错了", home.id)
    with after_the_close(round_):
        objection = objections.raise_objection(round_, complaint)
        signed = answers(entry_at(round_, home), DISAGREE)
        answer = Answer("按原表更正", Effect.REPLACE_VOTE, signed)
        office.agrees(objections.propose_answer(objection, answer, by=office.first))
        (item,) = audit.sample_of(round_.id)
        assert (item.is_late, item.vote.entry.household_id) == (True, home.id)
        with pytest.raises(NotYourself):
            audit.check_item(round_, item, agrees=True, why="", by=office.first)
        check(item, True, make_staff(), round_)
    answered = journal_of(round_, "OBJECTION")[-1]
    assert answered["audited"] == [item.vote.seq]


def test_a_form_settled_while_the_round_is_open_has_its_part_in_the_lot(
    keyer: Staff, office: Office
) -> None:
    round_ = on_paper(keyer, 0)
    home = homes_of(round_.compound.buildings[0])[3]
    say(round_, home, AGREE)
    held = say(round_, home, DISAGREE, Channel.PAPER, keyed_by_id=keyer.id)
    (conflict,) = conflicts.open_conflicts(round_.id)
    office.agrees(
        conflicts.propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=office.first)
    )
    assert audit.sample_of(round_.id) == []
    assert [(i.vote.seq, i.is_late) for i in closed(round_)] == [(held.seq, False)]


def test_what_counted_on_paper_at_the_close_is_not_late_whatever_is_decided(
    keyer: Staff, office: Office
) -> None:
    round_ = on_paper(keyer, 3, size=1)
    closed(round_)
    home = homes_of(round_.compound.buildings[0])[5]
    complaint = objections.Complaint(ObjectionKind.CONTENT, "1-106", "树怎么办", home.id)
    with after_the_close(round_):
        objection = objections.raise_objection(round_, complaint)
        office.agrees(objections.propose_answer(objection, Answer("不动"), by=office.first))
    assert late(round_) == []
    assert "audited" not in journal_of(round_, "OBJECTION")[-1]
