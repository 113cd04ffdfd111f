"""Who looks after a case and until when; notes; the tables the office takes with it."""

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
import time_machine

from app.accounts.models import Staff
from app.cases import actions, queries
from app.cases.kinds import CaseKind
from app.cases.line import Case, Subject, Turn, Wanted
from app.core import clock
from app.core.format import as_moment
from app.core.guards import Role
from app.journal.models import Kind
from app.rounds.conflicts import propose_dispute, propose_resolution
from app.rounds.decisions import approve
from app.rounds.objections import Answer, propose_answer
from tests.cases.quarrels import Quarrels, drawn_at_the_close, every_kind
from tests.client import PageClient
from tests.factories import make_area, make_compound, make_staff
from tests.rounds.disagreeing import GROUNDS
from tests.rounds.offices import journal_of


def the(subject: Subject, by: Staff) -> Case:
    case = queries.case_of(subject, by.identity)
    assert case is not None
    return case


def at(subject: Subject) -> dict[str, Any]:
    return {"kind": subject.kind.value, "subject_id": subject.id}


@pytest.mark.usefixtures("session")
def test_cases_of_every_kind_are_taken_over_at_once_and_given_on() -> None:
    quarrels, first, second = every_kind(), make_staff(), make_staff(role=Role.WORKER)
    subjects = quarrels.subjects.values()
    assert actions.take_over(subjects, by=first.identity) == len(subjects)
    assert {the(one, first).owner for one in subjects} == {first.name}
    mine = queries.queue(first.identity, Wanted(is_mine=True), None)
    assert mine.total == len(subjects)
    actions.take_over(subjects, by=first.identity, to=second.identity)
    assert {the(one, first).owner_id for one in subjects} == {second.id}
    told = [fact for fact in journal_of(quarrels.round, Kind.CASE) if fact["step"] == "taken"]
    assert len(told) == 2 * len(subjects)
    assert told[-1]["owner"] == second.identity.commitment
    assert quarrels.objection.handler_id == second.id


@pytest.mark.usefixtures("session")
def test_what_waits_for_a_second_person_or_is_settled_is_not_taken() -> None:
    quarrels, staff = every_kind(), make_staff()
    propose_answer(quarrels.objection, Answer("看过了"), by=quarrels.clerk.identity)
    both = [quarrels.subjects[CaseKind.OBJECTION], quarrels.subjects[CaseKind.REPORT]]
    assert actions.take_over(both, by=staff.identity) == 1
    with pytest.raises(actions.NothingChosen):
        actions.take_over(both[:1], by=staff.identity)
    with pytest.raises(actions.NothingChosen):
        actions.take_over([Subject(CaseKind.CONFLICT, 999_999)], by=staff.identity)
    keep = propose_resolution(
        quarrels.conflict, keep_held=False, grounds=GROUNDS, by=make_staff().identity
    )
    approve(keep, by=make_staff().identity)
    with pytest.raises(actions.NothingChosen):
        actions.take_over([quarrels.subjects[CaseKind.CONFLICT]], by=staff.identity)


@pytest.mark.usefixtures("session")
def test_nobody_gets_a_case_where_they_do_not_work() -> None:
    area = make_area()
    quarrels, stranger = every_kind(make_compound(area=area)), make_staff(area=make_area())
    subject, by = quarrels.subjects[CaseKind.CONFLICT], make_staff().identity
    for other in (stranger, make_staff(role=Role.DESIGNER)):
        with pytest.raises(actions.NotTheirs):
            actions.take_over([subject], by=by, to=other.identity)
    with pytest.raises(actions.NothingChosen):
        actions.take_over([subject], by=stranger.identity)
    assert queries.case_of(subject, stranger.identity) is None


def test_ticked_cases_go_to_a_colleague_and_the_filter_stays(client: PageClient) -> None:
    quarrels, staff, worker = every_kind(), make_staff(), make_staff(role=Role.WORKER)
    ticked = [quarrels.subjects[kind].token for kind in (CaseKind.CONFLICT, CaseKind.REPORT)]
    client.sign_in(staff)
    answer = client.post(
        "cases.take_over", {"case": ticked, "to": str(worker.id), "compound": "1", "overdue": "1"}
    )
    assert answer.headers["Location"] == "/desk/cases?overdue=1&compound=1"
    assert {the(quarrels.subjects[CaseKind.CONFLICT], staff).owner} == {worker.name}
    assert "2 件已经有人办了" in client.get("cases.queue").text
    refused = client.post("cases.take_over", {}, status=409)
    assert "没有什么可以接的" in refused.one(role="alert").text
    client.post("cases.take_over", {"case": ticked, "to": "999999"}, status=404)


def test_one_case_changes_hands_on_its_own_page_and_the_story_tells_it(client: PageClient) -> None:
    quarrels, staff, worker = every_kind(), make_staff(), make_staff(role=Role.WORKER)
    client.sign_in(staff)
    for subject in quarrels.subjects.values():
        client.post("cases.hand_over", {"to": str(worker.id)}, **at(subject))
        shown = client.visit(page_of(the(subject, staff), client))
        assert f"交给{worker.name}办" in shown.one("ol", class_="story").text
    subject = quarrels.subjects[CaseKind.CONFLICT]
    wrong = client.post("cases.hand_over", {"to": "999999"}, status=422, **at(subject))
    assert wrong.one(role="alert")


def page_of(case: Case, client: PageClient) -> str:
    endpoint, values = case.page(Role.OFFICE)
    return client._url(endpoint, values)


@pytest.mark.usefixtures("session")
def test_a_day_is_moved_with_a_reason_and_never_into_the_past_or_far_away() -> None:
    quarrels, staff = every_kind(), make_staff()
    case, by, now = the(quarrels.subjects[CaseKind.CONFLICT], staff), staff.identity, clock.now()
    for far in (now - timedelta(minutes=1), now + actions.LATEST + timedelta(hours=1)):
        with pytest.raises(actions.NotADay):
            actions.move_due(case, far, "住户出差", by=by)
    with pytest.raises(actions.NoWords):
        actions.move_due(case, now + timedelta(days=5), "  ", by=by)
    actions.move_due(case, now + timedelta(days=5), "住户出差", by=by)
    assert the(case.subject, staff).due == now + timedelta(days=5)
    [told] = journal_of(quarrels.round, Kind.CASE)
    assert told["step"] == "due"
    assert "住户" not in str(told)


@pytest.mark.usefixtures("session")
def test_a_dispute_that_comes_again_begins_with_its_own_day_and_nobody() -> None:
    quarrels, staff = every_kind(), make_staff()
    subject, by = quarrels.subjects[CaseKind.DISPUTE], staff.identity
    actions.take_over([subject], by=by)
    actions.move_due(the(subject, staff), clock.now() + timedelta(days=30), "等人回来", by=by)
    entry = quarrels.disputed
    with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
        entry.voice = type(entry.voice).SILENT
        again = propose_dispute(entry, GROUNDS, by=make_staff().identity)
        approve(again, by=make_staff().identity)
        case = the(subject, staff)
        assert case.turn == Turn.NOBODY
        assert case.since == clock.now()
        assert case.due == clock.now() + timedelta(days=7)


def test_a_note_and_a_new_day_stand_in_the_story(client: PageClient) -> None:
    quarrels, staff = every_kind(), make_staff()
    subject = quarrels.subjects[CaseKind.OBJECTION]
    client.sign_in(staff)
    form = client.get("cases.move_due", **at(subject)).form_values("/due")
    until = clock.now() + timedelta(days=9)
    form |= {"until": (until + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"), "why": "住户出差"}
    client.post("cases.move_due", form, **at(subject))
    client.post("cases.write_note", {"words": "上门问过 <b>两次</b>"}, **at(subject))
    page = client.get("cases.objection", objection_id=subject.id)
    story = page.one("ol", class_="story").text
    for told in ("登记为第", "住户出差", as_moment(until), "上门问过 <b>两次</b>", staff.name):
        assert told in story
    empty = client.post("cases.write_note", {"words": " "}, status=422, **at(subject))
    assert "请写下要留的话" in empty.one(role="alert").text
    bad = client.post("cases.move_due", {"until": "x", "why": ""}, status=422, **at(subject))
    assert bad.one(role="alert")


def test_a_settled_case_is_looked_after_by_nobody_but_keeps_its_story(client: PageClient) -> None:
    quarrels = every_kind()
    made = propose_answer(quarrels.objection, Answer("看过了"), by=make_staff().identity)
    approve(made, by=make_staff().identity)
    client.sign_in(make_staff())
    subject = quarrels.subjects[CaseKind.OBJECTION]
    assert "已经办完" in client.get("cases.write_note", status=409, **at(subject)).text
    page = client.get("cases.objection", objection_id=subject.id)
    assert "已同意，生效" in page.one("ol", class_="story").text
    assert not page.all("a", href=f"/desk/cases/objection/{subject.id}/note")


def sheet_of(client: PageClient, path: str) -> list[tuple[Any, ...]]:
    answer = client.raw("get", path)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    return list(book.active.values)


def unsure(client: PageClient) -> None:
    """The person signed in proved long ago who they are."""
    with client.http.session_transaction(base_url="http://127.0.0.1:8000") as stored:
        stored["staff_sure"] = 0


def test_the_tables_hold_what_is_filtered_and_ask_for_proof(client: PageClient) -> None:
    quarrels = every_kind()
    made = propose_answer(quarrels.objection, Answer("=看过了"), by=quarrels.clerk.identity)
    second = make_staff()
    approve(made, by=second.identity)
    client.sign_in(make_staff())
    heading, *rows = sheet_of(client, "/desk/cases/cases.xlsx?kind=conflict")
    assert len(rows) == 1
    assert heading[:3] == ("小区", "什么事", "哪一户")
    path = f"/desk/rounds/{quarrels.round.id}/objections.xlsx"
    heading, *rows = sheet_of(client, path)
    names = "编号 户 类型 时间 证据 处理人 两级审核 结论 答复时间 对票数影响"
    assert heading == tuple(names.split())
    assert [row[0] for row in rows] == [1, 2, 3]
    answered = next(row for row in rows if row[7] == "=看过了")
    assert answered[6] == f"{quarrels.clerk.name}、{second.name}"
    assert answered[9] == "不改动票数"
    unsure(client)
    for asked in (path, "/desk/cases/cases.xlsx"):
        assert "spreadsheet" not in client.raw("get", asked).content_type


def test_whoever_may_not_compare_forms_sees_the_list_of_them(client: PageClient) -> None:
    quarrels: Quarrels = every_kind()
    drawn = drawn_at_the_close(quarrels)
    client.sign_in(make_staff(role=Role.WORKER))
    subject = Subject(CaseKind.AUDIT, drawn.id)
    answer = client.post("cases.write_note", {"words": "表在柜子里"}, **at(subject))
    assert answer.headers["Location"] == f"/desk/rounds/{quarrels.round.id}/audit"
    client.sign_in(make_staff())
    assert "表在柜子里" in client.get("cases.check", item_id=drawn.id).text
