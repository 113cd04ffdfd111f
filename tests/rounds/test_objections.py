"""Objections: who may raise them and until when, who answers, and what an answer does."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core.db import db
from app.roster.models import Household
from app.rounds import actions, casting, conflicts, decisions, objections, queries, register
from app.rounds.cases import Effect, Objection, ObjectionKind
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, Vote
from app.rounds.objections import Answer, BadEffect, Complaint
from app.rounds.steps import NotNow, NotReady, NotYourself
from tests.factories import homes_of, make_building, make_household
from tests.rounds.offices import (
    GROUNDS,
    Office,
    answers,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
    votes_of,
)

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE
WORDS = "已经查过，是录入时看错了。"


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    return open_round(make_building(homes=4).compound)


@pytest.fixture
def home(round_: Round) -> Household:
    return homes_of(round_.compound.buildings[0])[0]


def complain(
    round_: Round, home: Household | None, kind: ObjectionKind = ObjectionKind.NOT_ME
) -> Objection:
    """The household (or somebody on no list) objects."""
    complaint = Complaint(kind, "1号楼101", "我没有投过票", home.id if home else None)
    return objections.raise_objection(round_, complaint)


def upheld(objection: Objection, answer: Answer, office: Office) -> None:
    """One person answers, another agrees."""
    office.agrees(objections.propose_answer(objection, answer, by=office.first))


# What an answer does to the count; each time told again from the journal.


@pytest.mark.parametrize("kind", ObjectionKind)
def test_each_kind_of_objection_is_answered_and_may_leave_the_count_as_it_is(
    round_: Round, home: Household, office: Office, kind: ObjectionKind
) -> None:
    say(round_, home, AGREE)
    objection = complain(round_, home, kind)
    assert queries.open_objections(round_.id) == 1
    upheld(objection, Answer(WORDS), office)
    assert figures(round_) == (4, 1, 0, 0)
    assert queries.open_objections(round_.id) == 0
    assert (objection.answer, objection.effect) == (WORDS, Effect.NONE)
    assert objection.closed_at is not None


def test_a_forgotten_home_is_put_on_the_register(round_: Round, office: Office) -> None:
    late = make_household(round_.compound.buildings[0].entrances[0], "901")
    objection = complain(round_, late, ObjectionKind.REGISTER)
    upheld(objection, Answer(WORDS, Effect.ADD_TO_REGISTER), office)
    assert figures(round_) == (5, 0, 0, 0)
    say(round_, late, DISAGREE)
    assert figures(round_) == (5, 0, 1, 0)
    assert queries.register_changes(round_.id) == (1, 0)


def test_a_wrong_entry_is_corrected_from_the_roster(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    home.premises.ownership, home.premises.size = "未售", 9000
    db.session.flush()
    objection = complain(round_, home, ObjectionKind.REGISTER)
    upheld(objection, Answer(WORDS, Effect.CORRECT_REGISTER), office)
    assert figures(round_) == (3, 0, 0, 0)
    assert entry_at(round_, home).size == 9000


def test_a_vote_that_was_not_the_household_s_is_struck_out_and_it_may_speak(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    objection = complain(round_, home)
    upheld(objection, Answer(WORDS, Effect.STRIKE_OUT), office)
    assert figures(round_) == (4, 0, 0, 0)
    (vote,) = votes_of(round_, home)
    assert (vote.is_void, vote.is_current) == (True, False)
    say(round_, home, DISAGREE)
    assert figures(round_) == (4, 0, 1, 0)


def test_a_wrongly_keyed_vote_is_replaced_by_what_the_form_says(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE, Channel.PAPER)
    objection = complain(round_, home, ObjectionKind.KEYED_WRONGLY)
    signed = answers(entry_at(round_, home), DISAGREE)
    upheld(objection, Answer(WORDS, Effect.REPLACE_VOTE, signed), office)
    assert figures(round_) == (4, 0, 1, 0)
    assert [vote.is_current for vote in votes_of(round_, home)] == [False, True]


def test_the_count_is_mended_after_the_close_too(
    round_: Round, home: Household, office: Office
) -> None:
    other = homes_of(round_.compound.buildings[0])[1]
    say(round_, home, AGREE)
    say(round_, other, AGREE)
    with time_machine.travel(round_.closes_at + timedelta(hours=1), tick=False):
        actions.publish_result(round_, by=office.first)
        upheld(complain(round_, home), Answer(WORDS, Effect.STRIKE_OUT), office)
        signed = answers(entry_at(round_, other), DISAGREE)
        objection = complain(round_, other, ObjectionKind.KEYED_WRONGLY)
        upheld(objection, Answer(WORDS, Effect.REPLACE_VOTE, signed), office)
        assert figures(round_) == (4, 0, 1, 0)
        with pytest.raises(casting.NotOpen):
            say(round_, home, AGREE)


# What an answer cannot do.


def test_an_effect_needs_something_to_take_effect_on(
    round_: Round, home: Household, office: Office
) -> None:
    nobody, silent = complain(round_, None), complain(round_, home)
    for objection, effect in (
        (nobody, Effect.ADD_TO_REGISTER),
        (nobody, Effect.CORRECT_REGISTER),
        (nobody, Effect.STRIKE_OUT),
        (nobody, Effect.REPLACE_VOTE),
        (silent, Effect.ADD_TO_REGISTER),
        (silent, Effect.STRIKE_OUT),
    ):
        with pytest.raises(BadEffect):
            objections.propose_answer(objection, Answer(WORDS, effect), by=office.first)
    with pytest.raises(casting.Incomplete):
        objections.propose_answer(silent, Answer(WORDS, Effect.REPLACE_VOTE), by=office.first)
    assert figures(round_) == (4, 0, 0, 0)


def test_an_effect_on_a_home_that_was_struck_off_meanwhile_is_refused(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    home.premises.size = 9000
    db.session.flush()
    objection = complain(round_, home, ObjectionKind.REGISTER)
    answer = Answer(WORDS, Effect.CORRECT_REGISTER)
    correction = objections.propose_answer(objection, answer, by=office.first)
    office.agrees(register.propose_removal(entry_at(round_, home), GROUNDS, by=office.first))
    with pytest.raises(BadEffect):
        office.agrees(correction)
    assert entry_at(round_, home).size == 8000
    assert figures(round_) == (3, 0, 0, 0)


def test_two_contradicting_votes_are_settled_before_one_is_struck_out(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, Channel.PAPER)
    decision = objections.propose_answer(
        complain(round_, home), Answer(WORDS, Effect.STRIKE_OUT), by=office.first
    )
    with pytest.raises(casting.BeingSettled):
        office.agrees(decision)
    assert conflicts.open_conflict_count(round_.id) == 1
    assert figures(round_) == (4, 1, 0, 0)


# Two persons, once, and with words.


def test_an_answer_is_given_when_somebody_else_agrees(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    objection = complain(round_, home)
    decision = objections.propose_answer(
        objection, Answer(WORDS, Effect.STRIKE_OUT), by=office.first
    )
    assert (objection.answer, objection.closed_at) == ("", None)
    with pytest.raises(NotYourself):
        decisions.approve(decision, by=office.first)
    assert figures(round_) == (4, 1, 0, 0)
    assert queries.open_objections(round_.id) == 1


def test_an_answer_waits_once_and_after_a_no_another_may_be_written(
    round_: Round, home: Household, office: Office
) -> None:
    objection = complain(round_, home)
    decision = objections.propose_answer(objection, Answer(WORDS), by=office.first)
    with pytest.raises(objections.AlreadyAnswered):
        objections.propose_answer(objection, Answer("别的"), by=office.second)
    decisions.decline(decision, "再查一查", by=office.second)
    assert queries.open_objections(round_.id) == 1
    upheld(objection, Answer("查清了"), office)
    for again in (
        lambda: objections.propose_answer(objection, Answer(WORDS), by=office.first),
        lambda: objections.take(objection, by=office.first),
    ):
        with pytest.raises(objections.AlreadyAnswered):
            again()
    assert objection.answer == "查清了"


def test_an_answer_has_words(round_: Round, home: Household, office: Office) -> None:
    with pytest.raises(decisions.NoReason):
        objections.propose_answer(complain(round_, home), Answer("  "), by=office.first)


def test_who_takes_an_objection_up_is_its_handler(
    round_: Round, home: Household, office: Office
) -> None:
    taken, untaken = complain(round_, home), complain(round_, home)
    objections.take(taken, by=office.second)
    objections.propose_answer(taken, Answer(WORDS), by=office.first)
    objections.propose_answer(untaken, Answer(WORDS), by=office.first)
    assert (taken.handler_id, untaken.handler_id) == (office.second.id, office.first.id)


# Who may object, and when.


def test_a_household_waits_for_three_answers_at_most_and_the_office_writes_down_more(
    round_: Round, home: Household, office: Office
) -> None:
    first, *_ = [complain(round_, home) for _ in range(3)]
    with pytest.raises(objections.TooMany):
        complain(round_, home)
    more = Complaint(ObjectionKind.CONTENT, "1号楼101", "电话里说的", home.id)
    assert objections.raise_objection(round_, more, by=office.first).raised_by_id == office.first.id
    complain(round_, homes_of(round_.compound.buildings[0])[1])
    decline = objections.propose_answer(first, Answer(WORDS), by=office.first)
    office.agrees(decline)
    with pytest.raises(objections.TooMany):
        complain(round_, home)
    numbers = [o.number for o in objections.objections_of(round_.id)]
    assert numbers == [2, 3, 4, 5, 1]


def test_nobody_objects_to_a_draft(session: sa.orm.Session) -> None:
    building = make_building(homes=1)
    round_ = open_round(building.compound, until="published")
    round_.register_published_at = None
    session.flush()
    with pytest.raises(NotNow):
        complain(round_, homes_of(building)[0])


def test_a_published_register_is_not_locked_before_its_objections_are_answered(
    session: sa.orm.Session, office: Office
) -> None:
    building = make_building(homes=1)
    home = homes_of(building)[0]
    round_ = open_round(building.compound, until="published")
    objection = complain(round_, home, ObjectionKind.REGISTER)
    with pytest.raises(NotReady):
        actions.freeze_register(round_, by=office.first)
    answer = Answer(WORDS, Effect.ADD_TO_REGISTER)
    with pytest.raises(NotReady):
        objections.propose_answer(objection, answer, by=office.first)
    upheld(objection, Answer(WORDS), office)
    assert actions.freeze_register(round_, by=office.first) == 1


def test_objections_end_with_their_days(round_: Round, home: Household, office: Office) -> None:
    with time_machine.travel(round_.closes_at + timedelta(hours=1), tick=False):
        actions.publish_result(round_, by=office.first)
    end = queries.objections_end(round_)
    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        complain(round_, home)
    with time_machine.travel(end, tick=False):
        with pytest.raises(NotNow):
            complain(round_, home)
        with pytest.raises(NotReady):
            actions.certify(round_, by=office.second)
        upheld(objections.objections_of(round_.id)[0], Answer(WORDS), office)
        actions.certify(round_, by=office.second)
        with pytest.raises(NotNow):
            complain(round_, home)


def test_an_objection_is_recorded_without_its_words(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    objection = complain(round_, home)
    objections.take(objection, by=office.first)
    upheld(objection, Answer(WORDS, Effect.STRIKE_OUT), office)
    told = journal_of(round_, "OBJECTION")
    assert [entry["step"] for entry in told] == ["raised", "taken", "answered"]
    assert {entry["hh"] for entry in told} == {home.commitment}
    assert (told[0]["actor"], told[1]["actor"]) == ("system", office.first.commitment)
    assert (told[2]["proposer"], told[2]["actor"]) == (
        office.first.commitment,
        office.second.commitment,
    )
    assert told[0]["words"] == objection.commitment
    assert not any(words in str(told) for words in ("没有投过", "1号楼", "已经查过"))
    assert db.session.scalars(sa.select(Vote).filter_by(is_void=True)).one().number == 1
