"""What the desk says comes next, for every state of a round and for whatever waits in it."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.core.guards import Role
from app.desk import queries
from app.desk.next_step import Step, next_step
from app.rounds import actions, audit, changes, objections
from app.rounds.counting import Choice
from app.rounds.lifecycle import State, Verb
from app.rounds.models import Channel
from app.rounds.queries import objections_end, rounds_of
from tests.factories import make_plan
from tests.rounds.lives import DO, GROUNDS, Life, draft, life_in

pytestmark = pytest.mark.usefixtures("session")


def step_of(app: Flask, life: Life, role: Role = Role.OFFICE) -> Step:
    """The next step of the compound of this round."""
    with app.test_request_context():
        return next_step(queries.compound_line(life.building.compound_id), role)


@pytest.mark.parametrize(
    ("state", "text", "endpoint"),
    [
        (State.DRAFT, "核对起止时间和电话，提交计票口径。", "rounds_staff.preflight"),
        (State.REVIEW, "等第二个人确认计票口径。", "rounds_staff.preflight"),
        (State.REGISTER, "登记册公示没有异议后，锁定登记册。", "rounds_staff.preflight"),
        (State.FROZEN, "打印海报和户码单，然后开启征询。", "rounds_staff.preflight"),
        (State.OPEN, "还差 5 户，请上门找还没有表态的住户。", "doors_staff.doors"),
        (State.CLOSED, "已截止。核对结果，公示初步结果。", "rounds_staff.preflight"),
        (State.PRELIMINARY, "还有 1 张抽中的纸质表没有核对。", "cases.audit"),
        (State.CERTIFIED, "上一轮没有通过。改好方案，再开一轮。", "projects_staff.project"),
        (State.ARCHIVED, "上一轮没有通过。改好方案，再开一轮。", "projects_staff.project"),
    ],
)
def test_every_state_has_its_next_step(app: Flask, state: State, text: str, endpoint: str) -> None:
    with life_in(state) as life:
        step = step_of(app, life)
        assert (step.text, step.endpoint) == (text, endpoint)


def _newer_plan(life: Life) -> None:
    make_plan(life.building.compound)


def _proposal(life: Life) -> None:
    later = life.round.closes_at.replace(day=20)
    changes.propose_extension(life.round, later, GROUNDS, by=life.first)


def _conflict(life: Life) -> None:
    life.vote(0, Choice.AGREE)
    life.vote(0, Choice.DISAGREE, Channel.PAPER)


def _objection(life: Life) -> None:
    DO[Verb.OBJECT](life)


@pytest.mark.parametrize(
    ("happen", "text", "endpoint"),
    [
        (_newer_plan, "新方案第 2 版已公布，请决定这一轮怎么换。", "cases.change_plan"),
        (_proposal, "1 件事等第二个人决定。", "cases.decisions"),
        (_conflict, "1 户的纸质表和手机不一样，请核实。", "cases.conflicts"),
        (_objection, "1 件异议没有答复。", "cases.objections"),
    ],
)
def test_what_waits_comes_before_the_visits(
    app: Flask, happen: Callable[[Life], None], text: str, endpoint: str
) -> None:
    with life_in(State.OPEN) as life:
        happen(life)
        step = step_of(app, life)
        assert (step.text, step.endpoint) == (text, endpoint)
        assert step.values == {"round_id": life.round.id}


def test_a_worker_is_told_who_decides_and_may_look(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        _proposal(life)
        step = step_of(app, life, Role.WORKER)
        assert (step.text, step.link) == ("1 件事等街道决定。", "看一看")
        assert step_of(app, life).link == "去决定"


def test_a_plan_that_the_round_was_put_on_waits_no_more(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        DO[Verb.CHANGE_PLAN](life)
        assert step_of(app, life).endpoint == "doors_staff.doors"


def test_an_objection_to_the_register_comes_before_locking_it(app: Flask) -> None:
    with life_in(State.REGISTER) as life:
        _objection(life)
        assert step_of(app, life).endpoint == "cases.objections"


def test_a_preliminary_result_waits_for_its_term_then_for_the_second_person(app: Flask) -> None:
    with life_in(State.PRELIMINARY) as life:
        for item in audit.sample_of(life.round.id):
            audit.check_item(life.round, item, agrees=True, why="", by=life.second)
        waiting = step_of(app, life)
        assert waiting.text == "异议期到 2026年12月15日 00:00 结束，之后由第二个人确认结果。"
        life.clock.move_to(objections_end(life.round))
        assert step_of(app, life).text == "异议期已满，请第二个人确认结果。"


def test_a_result_that_passed_is_shown(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        for place in range(5):
            life.vote(place, Choice.AGREE)
        life.clock.move_to(life.round.closes_at)
        actions.publish_result(life.round, by=life.first)
        life.settle_everything()
        actions.certify(life.round, by=life.second)
        step = step_of(app, life)
        assert (step.text, step.endpoint) == ("两项都已通过，结果已确认。", "desk.board")


def test_after_a_withdrawn_round_the_compound_begins_anew(app: Flask) -> None:
    with life_in(State.FROZEN, withdrawn=True) as life:
        step = step_of(app, life)
        assert step.endpoint == "rounds_staff.draft"
        again = draft(life.building, by=life.first)
        assert rounds_of(life.building.compound_id)[0] == again
        assert step_of(app, life).values == {"round_id": again.id}


def test_an_answer_that_waits_for_its_second_person_is_a_decision(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        objection = DO[Verb.OBJECT](life)
        answer = objections.Answer("已经加上")
        objections.propose_answer(objection, answer, by=life.first)  # type: ignore[arg-type]
        assert step_of(app, life).text == "1 件事等第二个人决定。"
