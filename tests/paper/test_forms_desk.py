"""Printing, giving out, taking back, voiding: each number is accounted for, and the sums add up."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.core import clock, jobs
from app.core.db import db
from app.core.errors import Refused
from app.paper import actions, queries
from app.paper.actions import NothingToPrint, Place, WrongState
from app.paper.keying import key
from app.paper.models import FormState, Handing, PaperForm, VoidReason
from app.rounds.counting import Choice
from app.rounds.models import Channel
from app.rounds.steps import NotNow, NotYourself
from tests.factories import make_building, make_round
from tests.paper.papers import UNSIGNED, Desk, make_desk, photo_of
from tests.rounds.offices import say

NOTE = "原表泡水了"


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk()


def test_all_who_have_not_spoken_get_a_form_by_the_order_of_doors(desk: Desk) -> None:
    say(desk.round, desk.home(1), Choice.AGREE)
    forms = desk.print_all()
    assert [form.number for form in forms] == [1, 2, 3]
    assert [form.entry_id for form in forms] == [desk.entry(place).id for place in (0, 2, 3)]


def test_who_holds_a_form_gets_no_second_one(desk: Desk) -> None:
    desk.print_all()
    with pytest.raises(NothingToPrint):
        desk.print_all()
    assert queries.sums_of(desk.round.id).all == 4


def test_forms_of_one_entrance_are_for_its_homes_alone(session: Session) -> None:
    building = make_building(homes=4, entrances=2)
    desk = make_desk()
    desk.building, desk.round = building, make_round(building.compound)
    place = Place(building, building.entrances[1])
    batch = actions.order_forms(desk.round, place, by=desk.first)
    forms = db.session.scalars(queries.register_of_forms(desk.round.id, batch_id=batch.id)).all()
    assert {form.entry.entrance_id for form in forms} == {building.entrances[1].id}
    assert batch.place == "1号楼2单元"


def test_nothing_is_printed_before_the_register_is_frozen_or_after_the_close(desk: Desk) -> None:
    form = desk.print_one()
    desk.round.closes_at = clock.now()
    db.session.flush()
    for step in (
        lambda: actions.order_forms(desk.round, Place(), by=desk.first),
        lambda: actions.order_form(desk.round, desk.entry(1), by=desk.first),
        lambda: actions.hand_out([form], Handing.HOUSEHOLD, by=desk.first),
    ):
        with pytest.raises(NotNow):
            step()


def test_a_signed_form_is_not_replaced_behind_the_back_of_its_household(desk: Desk) -> None:
    form = desk.print_one()
    actions.take_in([form], by=desk.first)
    with pytest.raises(WrongState):
        desk.print_one()
    assert form.voided_at is None


def test_one_bad_form_among_many_leaves_all_as_they_were(desk: Desk) -> None:
    forms = desk.print_all()
    actions.take_in(forms[3:], by=desk.first)
    with pytest.raises(WrongState):
        actions.hand_out(forms, Handing.HOUSEHOLD, by=desk.first)
    assert [form.given_at for form in forms] == [None] * 4


def test_what_was_not_accepted_comes_back_and_may_be_given_again(desk: Desk) -> None:
    form = desk.print_one()
    actions.hand_out([form], Handing.REFUSED, by=desk.first)
    assert form.state == FormState.DECLINED
    assert queries.sums_of(desk.round.id).out == 0
    actions.hand_out([form], Handing.LEFT, by=desk.first)
    assert (form.state, queries.sums_of(desk.round.id).out) == (FormState.OUT, 1)


def test_how_a_form_was_given_out_is_not_invented_when_it_comes_back(desk: Desk) -> None:
    form, declined = desk.print_one(0), desk.print_one(1)
    actions.photograph(form, photo_of(form), by=desk.second)
    assert (form.given_at, form.given_by, form.handing) == (None, None, None)
    assert (form.state, form.returned_by_id) == (FormState.RETURNED, desk.second.id)
    actions.hand_out([declined], Handing.REFUSED, by=desk.first)
    actions.take_in([declined], by=desk.first)
    assert (declined.handing, declined.state) == (Handing.REFUSED, FormState.RETURNED)
    sums = queries.sums_of(desk.round.id)
    assert (sums.given, sums.taken_in, sums.untouched) == (2, 2, 2)


def test_a_form_that_comes_back_counts_as_given_out_noted_or_not(desk: Desk) -> None:
    form = desk.print_one()
    actions.take_in([form], by=desk.second)
    sums = queries.sums_of(desk.round.id)
    assert (sums.given, sums.taken_in, sums.waiting) == (1, 1, 1)


def test_a_void_form_says_why_and_its_household_gets_another(desk: Desk) -> None:
    form = desk.print_one()
    actions.void_form(form, VoidReason.SPOILED, NOTE, by=desk.first)
    assert (form.state, form.void_note) == (FormState.VOID, NOTE)
    with pytest.raises(WrongState):
        actions.void_form(form, VoidReason.LOST, NOTE, by=desk.first)
    assert desk.print_one().number == 2


def test_nobody_voids_a_form_that_came_back_alone(desk: Desk) -> None:
    form, made = desk.photographed(), desk.people[1]
    made.made_by_id = desk.first.id
    db.session.flush()
    with pytest.raises(WrongState):
        actions.void_form(form, VoidReason.SPOILED, NOTE, by=desk.first)
    with pytest.raises(WrongState):
        actions.agree_to_void(form, by=desk.third)
    actions.ask_to_void(form, VoidReason.SPOILED, NOTE, by=desk.first)
    assert queries.asked_void(desk.round.id) == [form]
    to_judge = [sum(of.voids for of in queries.forms_waiting(p.identity)) for p in desk.people[:3]]
    assert to_judge == [0, 0, 1]
    with pytest.raises(WrongState):
        actions.ask_to_void(form, VoidReason.LOST, NOTE, by=desk.third)
    for person in (desk.first, desk.second):
        with pytest.raises(NotYourself):
            actions.agree_to_void(form, by=person)
    assert form.state == FormState.RETURNED
    actions.agree_to_void(form, by=desk.third)
    assert (form.state, form.void_reason) == (FormState.VOID, VoidReason.SPOILED)
    assert (form.void_note, form.voided_by_id) == (NOTE, desk.third.id)
    assert queries.asked_void(desk.round.id) == []


def test_a_form_that_is_kept_is_keyed_as_if_nobody_had_asked(desk: Desk) -> None:
    form = desk.photographed()
    actions.ask_to_void(form, VoidReason.SPOILED, NOTE, by=desk.first)
    actions.keep_form(form, by=desk.second)
    assert (form.awaits_void, form.void_reason, form.void_note) == (False, None, "")
    actions.ask_to_void(form, VoidReason.SPOILED, NOTE, by=desk.first)
    desk.keys(form, 0)
    desk.keys(form, 1)
    assert (form.state, form.void_asked_at, form.void_reason) == (FormState.COUNTED, None, None)
    with pytest.raises(WrongState):
        actions.agree_to_void(form, by=desk.third)


def test_a_form_whose_vote_was_replaced_since_is_counted_and_stands_no_more(desk: Desk) -> None:
    desk.counted()
    sums = queries.sums_of(desk.round.id)
    assert (sums.counted, sums.standing, sums.keyed) == (1, 1, (1, 1, 0))
    say(desk.round, desk.home(1), Choice.AGREE, Channel.PAPER)
    form = desk.print_one()
    actions.photograph(form, photo_of(form), by=desk.first)
    for who, choice in enumerate((Choice.AGREE, Choice.DISAGREE, Choice.DISAGREE)):
        desk.keys(form, who, choice)
    sums = queries.sums_of(desk.round.id)
    assert (sums.counted, sums.standing, sums.keyed) == (2, 1, (2, 2, 1))
    assert queries.without_form(desk.round.id) == 1


def test_a_household_may_change_its_word_with_another_form(desk: Desk) -> None:
    desk.counted()
    form = desk.print_one()
    actions.photograph(form, photo_of(form), by=desk.first)
    desk.keys(form, 0, Choice.DISAGREE)
    desk.keys(form, 1, Choice.DISAGREE)
    assert form.vote is not None
    assert (form.vote.number, form.vote.channel) == (2, Channel.PAPER)
    assert queries.sums_of(desk.round.id).counted == 2


def test_every_form_of_a_household_can_be_told(desk: Desk) -> None:
    first, second = desk.print_one(), desk.print_one()
    desk.print_one(1)
    assert queries.forms_of(desk.home().id) == [second, first]


def test_a_pdf_is_laid_out_by_a_job_and_deleted_after_a_day(desk: Desk) -> None:
    [form, *_more] = desk.print_all()
    jobs.run(form.batch.job_id)
    db.session.refresh(form.batch.job)
    assert form.batch.job.result is not None
    assert form.batch.job.result["forms"] == 4
    assert form.batch.file_at(clock.now()) is not None
    later = clock.now() + timedelta(hours=25)
    assert form.batch.file_at(later) is None
    assert actions.purge_expired(later) == 1
    assert "file" not in (form.batch.job.result or {})


FATES = ("void", "ask", "agree", "keep", "photo", "first", "second", "third", "reprint")
STEPS = ("give", "left", "declined", "take", *FATES)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(STEPS), st.sampled_from([*Choice, None])),
        max_size=25,
    )
)
def test_whatever_is_done_the_sums_add_up_and_both_states_agree(
    desk: Desk, steps: list[tuple[int, str, Any]]
) -> None:
    with db.session.begin_nested() as everything:
        _check_sums(desk, steps)
        everything.rollback()


def _check_sums(desk: Desk, steps: list[tuple[int, str, Any]]) -> None:
    if not queries.live_forms(desk.round.id):
        desk.print_all()
    for place, step, choice in steps:
        form = queries.forms_of(desk.home(place).id)[0]
        try:
            with db.session.begin_nested():
                _do(desk, form, step, choice)
        except Refused:
            pass
        db.session.expire_all()
        sums = queries.sums_of(desk.round.id)
        assert sums.all == sums.stock + sums.out + sums.waiting + sums.counted + sums.void
        assert sums.taken_in <= sums.given <= sums.all == queries.last_number(desk.round.id)
    told = db.session.execute(
        queries.register_of_forms(desk.round.id).add_columns(queries.STATE)
    ).all()
    assert [form.state.value for form, _state in told] == [state for _form, state in told]
    assert all(form.keyed == len(form.entries) for form, _state in told)


def _do(desk: Desk, form: PaperForm, step: str, choice: Choice | None) -> None:
    place = {"first": 0, "second": 1, "third": 2}
    if step in place:
        said = desk.said(form, choice) if choice else UNSIGNED
        key(form, said, by=desk.people[place[step]].identity)
    elif step == "photo":
        actions.photograph(form, photo_of(form), by=desk.first)
    elif step == "take":
        actions.take_in([form], by=desk.first)
    elif step == "void":
        actions.void_form(form, VoidReason.LOST, NOTE, by=desk.first)
    elif step == "ask":
        actions.ask_to_void(form, VoidReason.LOST, NOTE, by=desk.first)
    elif step == "agree":
        actions.agree_to_void(form, by=desk.second)
    elif step == "keep":
        actions.keep_form(form, by=desk.second)
    elif step == "reprint":
        actions.order_form(desk.round, form.entry, by=desk.first)
    else:
        ways = {"give": Handing.HOUSEHOLD, "left": Handing.LEFT, "declined": Handing.REFUSED}
        actions.hand_out([form], ways[step], by=desk.first)
