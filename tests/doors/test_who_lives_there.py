"""Whose word it is at a door, and what the home itself sees of who came."""

from datetime import timedelta
from typing import Any

import pytest

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.doors import queries
from app.doors.actions import take_back_visit
from app.doors.models import Outcome, Visit, Way
from app.roster.models import Occupancy
from app.rounds.assisting import HelpReason, Reason, begin, submit
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.doors.conftest import Street
from tests.factories import issue_code, make_staff


@pytest.fixture
def desk(client: PageClient, street: Street) -> PageClient:
    street.entries[0].premises.occupancy = Occupancy.LET
    db.session.flush()
    client.sign_in(street.worker)
    return client


def test_lists_and_doors_say_who_lives_there_and_warn_of_tenants(
    desk: PageClient, street: Street
) -> None:
    let, other = street.entries[:2]
    warning = "这里登记为出租，请确认本人是业主"
    listed = desk.get("doors_staff.doors", round_id=street.round.id)
    assert [row.text.split(" ")[1] for row in listed.one("tbody").all("tr")[1:3]] == [
        "出租，业主",
        "未填，业主",
    ]
    where = {"round_id": street.round.id, "entrance": let.entrance_id}
    assert "出租，业主 王**" in desk.get("doors_staff.walk", **where).text
    for endpoint in ("doors_staff.door", "doors_assist.begin"):
        assert warning in desk.get(endpoint, entry_id=let.id).text
        assert warning not in desk.get(endpoint, entry_id=other.id).text


def test_door_and_story_of_a_home_lead_to_each_other_until_it_spoke(
    desk: PageClient, street: Street
) -> None:
    entry = street.entries[0]
    door, form = f"/desk/doors/{entry.id}", f"/desk/paper/entries/{entry.id}/print"
    page = desk.get("doors_staff.door", entry_id=entry.id)
    assert page.one("a", href=f"/desk/households/{entry.household_id}")
    assert page.one("a", href=form).text == "给这一户印一张纸质表"
    story: Any = {"household_id": entry.household_id}
    assert desk.get("households.home", **story).one("a", href=door).text == "上门"
    assert desk.get("households.home", **story).one("a", href=form)
    help_given(street)
    told = desk.get("households.home", **story)
    assert not [link for link in told.all("a", href=door) if link.text == "上门"]
    assert not told.all("a", href=form)


def test_the_office_sees_who_helped_how_many_homes_and_workers_do_not(
    desk: PageClient, street: Street
) -> None:
    help_given(street)
    where = {"round_id": street.round.id}
    assert "谁协助了几户" not in desk.get("doors_staff.doors", **where).text
    desk.sign_in(make_staff(Role.DISTRICT, street.round.compound.area))
    table = desk.get("doors_staff.doors", **where).one("section", aria_labelledby="helpers")
    assert [cell.text for cell in table.all("td")] == ["1"]
    assert table.one("th", scope="row").text == street.worker.name


def help_given(street: Street) -> None:
    by = street.worker.identity
    said = dict.fromkeys([m.id for m in street.round.matters], Choice.AGREE)
    session = begin(street.entries[0], Reason(HelpReason.NO_PHONE), by=by)
    submit(session, Ballot(said, "said-at-the-door", 0, 1), by=by)


def test_a_home_sees_who_came_when_and_what_came_of_it_but_no_notes(
    client: PageClient, street: Street
) -> None:
    street.knock(0, Outcome.CALLED, Way.CALL, note="脾气不好")
    street.knock(0, Outcome.MOVED)
    street.knock(1, Outcome.REFUSES)
    wrong = db.session.query(Visit).filter_by(outcome=Outcome.MOVED).one()
    take_back_visit(wrong, by=street.worker.identity)
    own: Any = street.entries[0].household
    home = client.enter(street.entries[0].building, issue_code(own))
    page = client.visit(home.one("a", href="/home/contacts")["href"])
    assert page.h1 == "社区联系您家的记录"
    assert [line.text.split("，")[0] for line in page.one("ol").all("li")] == [
        "上门：搬走了",
        "电话：已打电话",
    ]
    assert "搬走了" in page.one("del").text
    assert f"{street.worker.name[0]}**" in page.text
    assert "请打社区电话" in page.text
    for hidden in (street.worker.name, "脾气不好", "不愿意"):
        assert hidden not in page.html


def test_nobody_else_sees_it_and_new_owners_only_what_befell_them(
    client: PageClient, street: Street
) -> None:
    assert client.raw("get", "/home/contacts").status_code == 401
    client.sign_in(street.worker)
    assert client.raw("get", "/home/contacts").status_code == 401
    street.knock(0, Outcome.SPOKEN, made_at=clock.now() - timedelta(days=1))
    street.knock(0, Outcome.NOT_AT_HOME)
    home = street.entries[0].household_id or 0
    since = clock.now() - timedelta(hours=1)
    assert [one.outcome for one in queries.visits_of_home(home, since)] == [Outcome.NOT_AT_HOME]
    assert len(queries.visits_of_home(home, None)) == 2
