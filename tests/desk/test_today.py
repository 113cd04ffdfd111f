"""What the home asks of whom: every task, how urgent, on which page, and nothing else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.comments.actions import report_comment, write_comment
from app.comments.models import Wrong
from app.core import clock
from app.core.db import db
from app.core.guards import Identity, Role
from app.desk.today import Task, Urgency, open_rounds, tasks_of
from app.doors.actions import share_out
from app.notices.models import Message, MessageKind, MessageState
from app.projects.models import Section
from app.roster.models import Household
from app.rounds import actions as rounds
from app.rounds.actions import RoundTerms, draft_round, submit_round
from app.rounds.casting import Ballot, cast
from app.rounds.conflicts import open_conflicts, propose_resolution
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds
from app.rounds.lifecycle import State, Verb
from app.rounds.models import Channel, RegisterEntry
from app.rounds.pending import pending_within
from app.rounds.queries import objections_end
from tests.client import PageClient
from tests.desk.ballots import fill, make_quick_round
from tests.factories import (
    homes_of,
    make_area,
    make_building,
    make_compound,
    make_household,
    make_plan,
    make_round,
    make_staff,
    mark_invited,
)
from tests.households.homes import make_place
from tests.rounds.lives import DO, life_in

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[..., AbstractContextManager[list[str]]]


def told(app: Flask, by: Identity) -> list[tuple[str, str, str]]:
    """(urgency, place and text, endpoint) of everything that waits for a person."""
    return [(t.urgency.value, f"{t.place} {t.text}".strip(), t.endpoint) for t in flat(app, by)]


def flat(app: Flask, by: Identity) -> list[Task]:
    with app.test_request_context():
        return [task for tasks in tasks_of(by, open_rounds(by)).values() for task in tasks]


@pytest.mark.parametrize(
    ("hours", "urgency"), [(23, "now"), (25, "soon"), (71, "soon"), (73, None), (-1, None)]
)
def test_a_round_that_closes_soon_says_what_each_matter_lacks(
    app: Flask, hours: int, urgency: str | None
) -> None:
    round_ = make_quick_round(make_building(make_compound("快到期小区"), homes=10))
    fill(round_, agree=7)
    round_.opens_at = clock.now() - timedelta(days=9)
    round_.closes_at = clock.now() + timedelta(hours=hours)
    text = "快到期小区 改造方案还差 1 户；物业管理方案还差 1 户"
    wanted = [(urgency, text, "doors_staff.doors")] if urgency else []
    worker = make_staff(Role.WORKER).identity
    assert told(app, worker) == wanted


def test_a_round_that_closes_soon_and_is_carried_asks_for_nothing(app: Flask) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=8)
    round_.closes_at = clock.now() + timedelta(hours=5)
    assert told(app, make_staff().identity) == []


def test_what_a_second_person_confirms_waits_for_whoever_may(app: Flask) -> None:
    me, other = make_staff(), make_staff()
    made_by_me = make_staff()
    mark_invited(made_by_me, by=me)
    for name, by in (("甲小区", other), ("乙小区", me), ("丙小区", made_by_me)):
        version = make_plan(make_building(make_compound(name)).compound, publish=False)
        version.submitted_at, version.submitted_by_id = clock.now(), by.id
    confirming = make_building(make_compound("丁小区")).compound
    terms = RoundTerms("第一轮", clock.now(), clock.now() + timedelta(days=9), "1")
    make_plan(confirming)
    submit_round(draft_round(confirming, terms, by=other.identity), by=other.identity)
    plan, preflight = "projects_staff.plan_version", "rounds_staff.preflight"
    assert told(app, me.identity) == [
        ("yours", "甲小区 审阅并公布方案第 1 版", plan),
        ("yours", "丁小区 核对并确认计票口径", preflight),
        ("others", "丙小区 方案第 1 版等另一个人公布", plan),
        ("others", "乙小区 方案第 1 版等另一个人公布", plan),
    ]
    worker = told(app, make_staff(Role.WORKER).identity)
    assert {urgency for urgency, *_rest in worker} == {"others"}
    assert len(worker) == 4


@pytest.mark.parametrize(("hours", "urgency"), [(1, "soon"), (49, "now"), (100, "now")])
def test_the_preliminary_result_is_due_three_days_after_the_close(
    app: Flask, client: PageClient, hours: int, urgency: str
) -> None:
    round_ = make_quick_round(make_building(make_compound("裕民小区")))
    round_.opens_at = clock.now() - timedelta(days=20)
    round_.closes_at = clock.now() - timedelta(hours=hours)
    office = make_staff()
    [task] = flat(app, office.identity)
    assert (task.urgency, task.text) == (urgency, "公示初步结果")
    assert task.due == round_.closes_at + timedelta(days=3)
    assert flat(app, make_staff(Role.WORKER).identity) == []
    client.sign_in(office)
    assert ("已过期" in client.get("desk.home").text) == (hours > 72)


def test_after_the_days_for_objections_a_second_person_certifies(app: Flask) -> None:
    with life_in(State.PRELIMINARY) as life:
        preflight = "rounds_staff.preflight"
        name = life.round.compound.name
        assert preflight not in {task.endpoint for task in flat(app, life.second)}
        with clock.pretending(objections_end(life.round)):
            published = next(
                by for by in (life.first, life.second) if by.id == life.round.preliminary_by_id
            )
            other = make_staff().identity
            final = ("yours", f"{name} 异议期已满，确认最终结果", preflight)
            waits = ("others", f"{name} 异议期已满，等另一个人确认最终结果", preflight)
            assert final in told(app, other)
            assert waits in told(app, published)
            assert waits in told(app, make_staff(Role.WORKER).identity)


def test_a_round_that_should_begin_is_named_a_day_before(app: Flask) -> None:
    round_ = make_round(make_building(make_compound("要开小区")).compound, opened=False)
    [task] = flat(app, make_staff().identity)
    assert (task.urgency, task.text, task.due) == (Urgency.NOW, "开始征询", round_.opens_at)
    round_.opens_at = clock.now() + timedelta(days=2)
    assert flat(app, make_staff().identity) == []


def test_a_newer_plan_asks_to_decide_on_the_round(app: Flask) -> None:
    compound = make_building(make_compound("换版小区"), homes=4).compound
    make_round(compound)
    make_plan(compound)
    change = "cases.change_plan"
    text = "换版小区 方案第 2 版已公布，决定这一轮换不换版"
    assert told(app, make_staff(Role.WORKER).identity) == [("yours", text, change)]


def test_cases_wait_for_those_who_may_settle_them(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        life.vote(0, Choice.AGREE)
        life.vote(0, Choice.DISAGREE, Channel.PAPER)
        life.vote(1, Choice.AGREE, Channel.PAPER)
        DO[Verb.OBJECT](life)
        name = life.round.compound.name
        for role in (Role.WORKER, Role.OFFICE, Role.DISTRICT):
            assert told(app, make_staff(role).identity) == [
                ("yours", f"{name} 核实 1 户重复表态", "cases.conflicts"),
                ("yours", f"{name} 答复 1 件异议", "cases.objections"),
            ]
        rounds_after = life.round.closes_at + timedelta(minutes=1)
        with clock.pretending(rounds_after):
            rounds.close_due_rounds()
            audit = "cases.audit"
            assert audit in {t.endpoint for t in flat(app, make_staff(Role.OFFICE).identity)}
            assert audit not in {t.endpoint for t in flat(app, make_staff(Role.WORKER).identity)}


def test_what_one_proposed_waits_for_others_and_is_ones_own_no_more(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        life.vote(0, Choice.AGREE)
        life.vote(0, Choice.DISAGREE, Channel.PAPER)
        [conflict] = open_conflicts(life.round.id)
        grounds = Grounds("问过这一户", "电话记录")
        propose_resolution(conflict, keep_held=True, grounds=grounds, by=life.first)
        name = life.round.compound.name
        assert told(app, life.first) == [
            ("others", f"{name} 1 件事等另一个人决定", "cases.decisions")
        ]
        assert told(app, make_staff().identity) == [
            ("yours", f"{name} 决定 1 件事", "cases.decisions")
        ]
        assert pending_within(life.first)[0].counts.total == 1


def test_a_phone_change_that_one_proposed_waits_for_others(app: Flask) -> None:
    place = make_place()
    place.proposes()
    changes = "households.changes"
    own = "您提的 1 户换手机号或过户，等另一个人决定"
    assert told(app, place.worker.identity) == [("others", own, changes)]
    assert told(app, place.second.identity) == [("yours", "决定 1 户换手机号或过户", changes)]


def test_doors_that_were_given_to_one_are_ones_task(app: Flask) -> None:
    round_ = make_round(make_building(make_compound("银塔南区"), homes=4).compound)
    worker, other = (make_staff(Role.WORKER, round_.compound.area) for _ in range(2))
    entries = list(db.session.scalars(select(RegisterEntry).filter_by(round_id=round_.id)))
    share_out(round_, [entry.id for entry in entries[:3]], worker, by=other.identity)
    said = {matter.id: Choice.AGREE for matter in round_.matters}
    cast(round_, entries[0].household_id or 0, Ballot(said, "r-1", 0, 1), via=Channel.PHONE)
    [task] = flat(app, worker.identity)
    assert task.text == "分给您的 2 户还没有表态"
    assert (task.urgency, task.values) == (Urgency.YOURS, {"round_id": round_.id, "who": "me"})
    assert flat(app, other.identity) == []


def test_the_open_rounds_stand_below_the_tasks_with_the_ways_to_work_on_them(
    client: PageClient,
) -> None:
    round_ = make_quick_round(make_building(make_compound("裕民小区"), homes=10))
    fill(round_, agree=7)
    round_.closes_at = clock.now() + timedelta(hours=30)
    client.sign_in(make_staff(Role.WORKER))
    page = client.get("desk.home")
    assert page.one("section", class_="soon")
    row = page.one("tbody").one("tr")
    assert "还差 1 户" in row.text
    assert "3 户" in row.text
    ways = [a["href"].removeprefix(f"/desk/rounds/{round_.id}") for a in row.all("a")]
    assert ways == ["", "", "/doors", "/doors/walk"]
    client.sign_in(make_staff(Role.AUDITOR))
    assert len(client.get("desk.home").one("tbody").all("a")) == 1


def test_comments_and_calls_are_named_and_cost_the_same_for_any_number(
    client: PageClient, count_queries: Counting
) -> None:
    round_ = make_round(make_building(make_compound("银塔南区")).compound)
    other = make_building()
    homes, about = homes_of(round_.compound.buildings[0]), (round_.compound, Section.WORK)
    with clock.pretending(clock.now() + timedelta(minutes=1)):
        comment = write_comment(homes[0].id, *about, "换不换下水管？")
        write_comment(homes[1].id, *about, "找我 13812345678")
        report_comment(homes[2].id, comment, Wrong.RUMOUR)
        write_comment(homes_of(other)[0].id, other.compound, Section.WORK, "别处的")
    area = round_.compound.area
    client.sign_in(make_staff(Role.WORKER, area))
    client.get("desk.home")
    with count_queries() as before:
        links = client.get("desk.home").one("main").all("li")
    assert [item.text for item in links] == [
        "看 1 条被举报的居民意见",
        "看 1 条等公布的居民意见",
        "回复 1 条居民意见",
    ]
    for number, home in enumerate(homes[:3]):
        choices = dict.fromkeys([matter.id for matter in round_.matters], Choice.AGREE)
        ballot = Ballot(choices, f"request-of-{number}", 0, 1, may_call=number < 2)
        cast(round_, home.id, ballot, via=Channel.PHONE)
    with count_queries() as after:
        page = client.get("desk.home")
    first = page.one("main").all("li")[0]
    assert first.text == "银塔南区 给 2 户打电话，他们请社区联系"
    assert first.one("a")["href"] == f"/desk/rounds/{round_.id}/calls"
    assert len(after) == len(before)
    assert area.parent is not None
    client.sign_in(make_staff(Role.DISTRICT, area.parent.parent))
    assert "给 2 户打电话" in client.get("desk.home").one("main").text


def told_by_message(home: Household, phone: str, state: MessageState, at: int = 1) -> None:
    then = clock.now() - timedelta(days=at)
    count = db.session.query(Message).count()
    db.session.add(
        Message(
            household_id=home.id,
            phone=phone,
            body="x",
            kind=MessageKind.VOTED,
            cause=f"cause-{count}",
            state=state,
            queued_at=then,
            due_at=then,
            expires_at=then,
            finished_at=then,
        )
    )
    db.session.flush()


def test_a_home_that_no_message_reaches_is_named_until_its_phone_is_right(
    app: Flask, client: PageClient
) -> None:
    entrance = make_building(make_compound("银塔南区"), homes=0).entrances[0]
    lost, later, old, ended = (
        make_household(entrance, room, phone=f"1381111222{n}")
        for n, room in enumerate(("101", "102", "201", "202"))
    )
    told_by_message(lost, "13811112220", MessageState.SENT)
    told_by_message(lost, "13811112220", MessageState.FAILED)
    told_by_message(later, "13811112221", MessageState.FAILED)
    told_by_message(later, "13811112221", MessageState.SENT)
    told_by_message(old, "13811112222", MessageState.FAILED, at=15)
    told_by_message(ended, "13811112223", MessageState.FAILED)
    ended.contacts[0].ended_at = clock.now()
    compound = entrance.building.compound
    worker = make_staff(Role.WORKER, compound.area)
    assert told(app, worker.identity) == [
        ("soon", "银塔南区 1 户的短信没有发到，核对电话", "households.messages")
    ]
    assert told(app, make_staff(Role.WORKER, make_area()).identity) == []


def test_a_quiet_day_says_so_and_tells_how_the_open_rounds_stand(client: PageClient) -> None:
    round_ = make_quick_round(make_building(make_compound("裕民小区"), homes=10))
    fill(round_, agree=7)
    client.sign_in(make_staff())
    page = client.get("desk.home")
    assert page.h1 == "今天要办"
    assert "今天没有要办的事。" in page.text
    row = page.one("tbody").one("tr")
    assert row.all("a")[0]["href"] == f"/desk/rounds/{round_.id}"
    assert "7/10 户，70.0 %" in row.text
    assert "1 户" in row.text


def test_a_scope_without_rounds_and_one_without_compounds(client: PageClient, app: Flask) -> None:
    client.sign_in(make_staff())
    page = client.get("desk.home")
    assert page.one("a", class_="btn")["href"] == "/desk/roster/import"
    make_building()
    assert "现在没有正在征询的小区。" in client.get("desk.home").text
    assert PageClient(app).raw("get", "/desk").status_code == 303
    assert PageClient(app).raw("get", "/desk/compounds").status_code == 303


def test_the_home_costs_the_same_for_one_compound_and_for_many(
    client: PageClient, count_queries: Counting
) -> None:
    client.sign_in(make_staff())
    counts = []
    for more in (1, 5):
        for _ in range(more):
            round_ = make_quick_round(make_building(homes=2))
            round_.closes_at = clock.now() + timedelta(days=2)
        client.get("desk.home")
        with count_queries() as statements:
            client.get("desk.home")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 22


def test_a_long_list_is_folded_but_lost_is_nothing(client: PageClient) -> None:
    for _ in range(33):
        round_ = make_quick_round(make_building(homes=2))
        round_.closes_at = clock.now() + timedelta(days=2)
    client.sign_in(make_staff())
    page = client.get("desk.home")
    soon = page.one("section", class_="soon")
    assert len(soon.one("details").all("li")) == 3
    assert "还有 3 件" in soon.text
    assert len(soon.all("li")) == 33
