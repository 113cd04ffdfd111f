"""The queue: everything that wants settling in one list, by its day, for whoever can reach it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import time_machine

from app.cases import queries
from app.cases.kinds import TERMS, CaseKind
from app.cases.line import Case, Subject, Turn, Wanted
from app.core import clock
from app.core.guards import Role
from app.roster.models import AreaKind
from app.rounds.cases import ObjectionKind
from app.rounds.conflicts import propose_resolution
from app.rounds.objections import Answer, Complaint, propose_answer, raise_objection
from tests.cases.quarrels import Quarrels, drawn_at_the_close, every_kind
from tests.client import PageClient
from tests.factories import make_area, make_compound, make_staff
from tests.rounds.disagreeing import GROUNDS

WHILE_OPEN = set(CaseKind) - {CaseKind.AUDIT}


def lines_for(staff: object, wanted: Wanted | None = None) -> list[Case]:
    identity = getattr(staff, "identity", staff)
    return list(queries.queue(identity, wanted or Wanted(), None).rows)


@pytest.mark.usefixtures("session")
def test_every_kind_is_one_line_with_its_door_its_day_and_what_it_does_to_the_count() -> None:
    quarrels = every_kind()
    found = {case.kind: case for case in lines_for(make_staff())}
    assert found.keys() == WHILE_OPEN
    for kind, case in found.items():
        assert case.subject == quarrels.subjects[kind]
        assert case.due - case.since == TERMS[kind]
        assert str(case.effect)
    assert found[CaseKind.CONFLICT].place == quarrels.conflict.entry.label
    assert found[CaseKind.OBJECTION].place == "1号楼东头平房"
    assert found[CaseKind.DECISION].place == ""
    assert str(found[CaseKind.DECISION].title) == "延长截止时间"


@pytest.mark.usefixtures("session")
def test_a_drawn_form_waits_from_the_close_until_it_is_compared() -> None:
    drawn = drawn_at_the_close(every_kind())
    [case] = lines_for(make_staff(), Wanted(kind=CaseKind.AUDIT))
    assert case.subject == Subject(CaseKind.AUDIT, drawn.id)
    assert case.place == drawn.vote.entry.label


@pytest.mark.usefixtures("session")
def test_a_proposal_about_a_case_is_a_step_of_it_and_no_line_of_its_own() -> None:
    quarrels, second = every_kind(), make_staff()
    by = make_staff().identity
    before = len(lines_for(second))
    propose_resolution(quarrels.conflict, keep_held=True, grounds=GROUNDS, by=by)
    propose_answer(quarrels.objection, Answer("看过了"), by=by)
    lines = lines_for(second)
    assert len(lines) == before
    turns = {case.kind: case.turn for case in lines}
    assert turns[CaseKind.CONFLICT] == turns[CaseKind.OBJECTION] == Turn.YOURS
    assert turns[CaseKind.DISPUTE] == Turn.NOBODY
    # Whoever keyed the paper of the conflict, and whoever only proposes, waits for others.
    of_clerk = {case.kind: case.turn for case in lines_for(quarrels.clerk)}
    assert of_clerk[CaseKind.CONFLICT] == Turn.SECOND
    worker = make_staff(role=Role.WORKER)
    assert {c.turn for c in lines_for(worker, Wanted(is_second=True))} == {Turn.SECOND}


@pytest.mark.usefixtures("session")
def test_the_most_urgent_comes_first_and_what_is_overdue_can_be_asked_for() -> None:
    quarrels, staff = every_kind(), make_staff()
    dues = [case.due for case in lines_for(staff)]
    assert dues == sorted(dues)
    assert not any(case.is_overdue for case in lines_for(staff))
    with time_machine.travel(clock.now() + timedelta(days=1, hours=1), tick=False):
        late = lines_for(staff, Wanted(is_overdue=True))
        assert {case.kind for case in late} == {CaseKind.REPORT, CaseKind.SLIP, CaseKind.DECISION}
        counts = {one.kind: one for one in queries.waiting_cases(staff.identity)}
        assert counts[CaseKind.REPORT].overdue == 1
        assert counts[CaseKind.CONFLICT].overdue == 0
    assert quarrels.subjects.keys() == WHILE_OPEN


@pytest.mark.usefixtures("session")
def test_the_counts_of_home_are_one_statement_and_agree_with_the_queue(
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    every_kind()
    by = make_staff().identity
    with count_queries() as statements:
        counts = queries.waiting_cases(by)
    assert len(statements) == 1
    lines = lines_for(by)
    assert {one.kind: one.total for one in counts} == {
        kind: sum(case.kind == kind for case in lines) for kind in WHILE_OPEN
    }
    assert sum(one.second for one in counts) == 1
    assert sum(one.mine for one in counts) == 0


def test_the_page_shows_all_of_it_and_leads_to_each_case(client: PageClient) -> None:
    quarrels = every_kind()
    drawn = drawn_at_the_close(quarrels)
    client.sign_in(make_staff())
    page = client.get("cases.queue")
    assert len(page.one("tbody").all("tr")) == len(CaseKind)
    for row in page.one("tbody").all("tr"):
        client.visit(row.one("a")["href"])
    assert page.all("a", href=f"/desk/audit/{drawn.id}/check")
    client.sign_in(make_staff(role=Role.WORKER))
    for row in client.get("cases.queue").one("tbody").all("tr"):
        client.visit(row.one("a")["href"])


def test_filters_keep_what_was_asked_for_in_the_address_and_the_form(client: PageClient) -> None:
    quarrels = every_kind()
    other = every_kind()
    client.sign_in(make_staff())
    asked = {"kind": "conflict", "compound": quarrels.round.compound_id}
    page = client.get("cases.queue", **asked)
    assert [row.one("input")["value"] for row in page.one("tbody").all("tr")] == [
        quarrels.subjects[CaseKind.CONFLICT].token
    ]
    values = page.form_values("/take")
    assert values["kind"] == "conflict"
    assert values["compound"] == str(quarrels.round.compound_id)
    assert other.round.compound.name in page.one("select", id="compound").text
    assert "没有这样的事" in client.get("cases.queue", mine=1).text
    # What makes no sense is not asked for.
    assert len(client.get("cases.queue", kind="nothing", compound="x").one("tbody").all("tr")) > 6


def test_nobody_outside_sees_or_touches_anything(client: PageClient) -> None:
    quarrels = every_kind(make_compound(area=make_area()))
    ways = [
        f"/desk/cases/{subject.kind.value}/{subject.id}/{verb}"
        for subject in quarrels.subjects.values()
        for verb in ("hand-over", "due", "note")
    ]
    ways += [
        f"/desk/entries/{quarrels.disputed.id}/disputed",
        f"/desk/decisions/{quarrels.extension.id}/photo",
        f"/desk/objections/{quarrels.objection.id}/photo",
        f"/desk/rounds/{quarrels.round.id}/objections.xlsx",
    ]
    for path in [*ways, "/desk/cases", "/desk/cases/cases.xlsx"]:
        assert client.raw("get", path).status_code == 303, path
    client.sign_in(make_staff(role=Role.WORKER, area=make_area()))
    for path in ways:
        assert client.raw("get", path).status_code == 403, path
    assert "没有等着办的事" in client.get("cases.queue").text
    token = quarrels.subjects[CaseKind.CONFLICT].token
    client.post("cases.take_over", {"case": token}, status=409)
    client.sign_in(make_staff(role=Role.DESIGNER))
    for path in [*ways, "/desk/cases", "/desk/cases/cases.xlsx"]:
        assert client.raw("get", path).status_code == 403, path
    client.sign_in(make_staff())
    for path in ("/desk/cases/conflict/999999/due", "/desk/cases/nothing/1/note"):
        assert client.raw("get", path).status_code == 404, path


@pytest.mark.usefixtures("session")
def test_a_round_that_is_over_for_good_wants_nothing() -> None:
    quarrels = every_kind()
    quarrels.round.archived_at = clock.now()
    assert lines_for(make_staff()) == []


def test_a_longer_queue_asks_the_database_no_more(
    client: PageClient, count_queries: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))

    def asked() -> int:
        with count_queries() as statements:
            client.get("cases.queue")
        return len(statements)

    client.sign_in(make_staff())
    every_kind()
    short = asked()
    every_kind()
    fill_with_objections(every_kind(), 70)
    assert asked() == short
    assert short <= 9


def fill_with_objections(quarrels: Quarrels, many: int) -> None:
    for number in range(many):
        complaint = Complaint(ObjectionKind.CONTENT, f"东头{number}", "不好")
        raise_objection(quarrels.round, complaint, by=quarrels.clerk.identity)


def test_a_long_queue_comes_page_by_page_with_its_filter(client: PageClient) -> None:
    fill_with_objections(every_kind(), 60)
    client.sign_in(make_staff())
    page = client.get("cases.queue", kind="objection")
    assert len(page.one("tbody").all("tr")) == 50
    last = client.visit(page.one("a", rel="next")["href"])
    assert len(last.one("tbody").all("tr")) == 11
    assert {row.one("a").text for row in last.one("tbody").all("tr")} == {"异议"}


def test_a_token_that_names_no_case_is_none() -> None:
    for token in (
        "",
        "conflict",
        "conflict-",
        "x-1",
        "conflict--1",
        "conflict-²",
        "audit-" + "9" * 10,
    ):
        assert Subject.read(token) is None
    assert Subject.read("audit-12") == Subject(CaseKind.AUDIT, 12)
