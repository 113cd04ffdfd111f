"""Whoever keyed a vote of a home may propose what becomes of it, but is no second person (T30)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.accounts.models import Staff
from app.core.db import db
from app.roster.models import Household
from app.rounds import changes, pending
from app.rounds.cases import Decision, Effect, ObjectionKind, Outcome
from app.rounds.conflicts import propose_dispute, propose_resolution, propose_settlement
from app.rounds.counting import Choice
from app.rounds.decisions import approve, may_judge
from app.rounds.models import Round
from app.rounds.objections import Answer, Complaint, propose_answer, raise_objection
from app.rounds.steps import NotYourself
from tests.factories import homes_of, make_building, make_round, make_staff, mark_invited
from tests.rounds.disagreeing import GROUNDS, make_conflict, on_paper, place_of


def of_conflict(round_: Round, home: Household, keyer: Staff) -> Decision:
    conflict = make_conflict(round_, home, keyer)
    return propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=make_staff().identity)


def of_objection(round_: Round, home: Household, keyer: Staff) -> Decision:
    on_paper(round_, home, Choice.AGREE, keyer, "paper-0001")
    said = Complaint(ObjectionKind.KEYED_WRONGLY, home.address, "不对", home.id)
    objection = raise_objection(round_, said, by=keyer.identity)
    answer = Answer("查过了", Effect.STRIKE_OUT, evidence="表")
    return propose_answer(objection, answer, by=make_staff().identity)


def of_an_unfounded_objection(round_: Round, home: Household, keyer: Staff) -> Decision:
    on_paper(round_, home, Choice.AGREE, keyer, "paper-0001")
    said = Complaint(ObjectionKind.NOT_ME, home.address, "不是我", home.id)
    objection = raise_objection(round_, said, by=keyer.identity)
    return propose_answer(objection, Answer("就是这一户填的"), by=make_staff().identity)


def of_dispute(round_: Round, home: Household, keyer: Staff) -> Decision:
    on_paper(round_, home, Choice.AGREE, keyer, "paper-0001")
    return propose_dispute(place_of(round_, home), GROUNDS, by=make_staff().identity)


def of_settlement(round_: Round, home: Household, keyer: Staff) -> Decision:
    approve(of_dispute(round_, home, keyer), by=make_staff().identity)
    choices = {matter.id: Choice.AGREE for matter in round_.matters}
    return propose_settlement(place_of(round_, home), choices, GROUNDS, by=make_staff().identity)


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    "about",
    [of_conflict, of_objection, of_an_unfounded_objection, of_dispute, of_settlement],
)
def test_the_keyer_of_a_vote_cannot_agree_nor_can_an_account_they_made(
    about: Callable[[Round, Household, Staff], Decision],
) -> None:
    building, keyer = make_building(), make_staff()
    round_ = make_round(building.compound)
    decision = about(round_, homes_of(building)[0], keyer)
    made_by_keyer = make_staff()
    mark_invited(made_by_keyer, by=keyer)
    db.session.flush()
    for person in (keyer, made_by_keyer):
        assert not may_judge(decision, person.identity)
        with pytest.raises(NotYourself):
            approve(decision, by=person.identity)
        [line] = pending.pending_within(person.identity)
        assert line.yours == 0
    second = make_staff()
    [line] = pending.pending_within(second.identity)
    assert line.yours == 1
    approve(decision, by=second.identity)


@pytest.mark.usefixtures("session")
def test_the_keyer_agrees_to_what_is_about_no_vote_and_about_other_homes() -> None:
    building, keyer = make_building(), make_staff()
    round_, homes = make_round(building.compound), homes_of(building)
    on_paper(round_, homes[1], Choice.AGREE, keyer, "paper-0002")
    by = make_staff().identity
    until = round_.closes_at + timedelta(days=2)
    later = changes.propose_extension(round_, until, GROUNDS, by=by)
    dispute = of_dispute(round_, homes[0], make_staff())
    for decision in (later, dispute):
        approve(decision, by=keyer.identity)
        assert decision.outcome == Outcome.APPROVED
