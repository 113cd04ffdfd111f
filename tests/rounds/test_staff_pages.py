"""The office prepares a round: the checklist, each step's confirm page, and who may do it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel.speaklater import LazyString

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db
from app.core.format import local
from app.core.guards import Role
from app.roster.models import AreaKind, Compound
from app.rounds import actions, queries, tallies
from app.rounds.models import Round, State
from tests.client import PageClient
from tests.factories import (
    issue_all_codes,
    make_area,
    make_building,
    make_compound,
    make_plan,
    make_round,
    make_staff,
)


def terms(**changes: str) -> dict[str, str]:
    now = local(clock.now())
    form = {
        "title": "第1轮征询",
        "opens_at": now.strftime("%Y-%m-%dT%H:%M"),
        "closes_at": (now + timedelta(days=15)).strftime("%Y-%m-%dT18:00"),
        "phone": "0953-5550100",
        "objection_days": "7",
    }
    return {**form, **changes}


def test_an_office_takes_a_round_from_draft_to_open(client: PageClient, app: Flask) -> None:
    compound = make_building().compound
    make_plan(compound)
    first, second = make_staff(), make_staff()
    other = PageClient(app)
    client.sign_in(first)
    other.sign_in(second)
    drafted = client.follow(client.post("rounds_staff.draft", terms(), compound_id=compound.id))
    assert "还没有打印单元门口的海报" in drafted.text
    [round_] = queries.rounds_of(compound.id)
    client.post("rounds_staff.step", round_id=round_.id, name="submit")
    assert "不能自己确认" in client.get("rounds_staff.preflight", round_id=round_.id).text
    alone = client.post("rounds_staff.step", status=409, round_id=round_.id, name="confirm")
    assert "另一个人确认" in alone.text
    other.post("rounds_staff.step", round_id=round_.id, name="confirm")
    for name in ("publish-register", "freeze"):
        assert client.get("rounds_staff.step", round_id=round_.id, name=name).all("form")
        client.post("rounds_staff.step", round_id=round_.id, name=name)
    early = client.post("rounds_staff.step", status=409, round_id=round_.id, name="open")
    assert "条件没有满足" in early.text
    waiting = client.get("rounds_staff.preflight", round_id=round_.id)
    assert "还有 6 户没有户码" in waiting.text
    assert not waiting.all("a", href=f"/desk/rounds/{round_.id}/steps/open")
    issue_all_codes(compound)
    round_.posters_printed_at = clock.now()
    client.post("rounds_staff.step", round_id=round_.id, name="open")
    assert round_.state == State.OPEN
    assert round_.plan_version is not None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", " ", "请填"),
        ("closes_at", "", "请填"),
        ("closes_at", "明天晚上", ""),
        ("objection_days", "0", "异议期"),
        ("phone", "", "电话"),
    ],
)
def test_bad_terms_are_named_and_make_no_round(
    client: PageClient, field: str, value: str, words: str
) -> None:
    compound = make_building().compound
    client.sign_in(make_staff())
    form = terms(**{field: value})
    page = client.post("rounds_staff.draft", form, status=422, compound_id=compound.id)
    assert words in page.one(role="alert").text
    assert queries.rounds_of(compound.id) == []


def test_a_deadline_before_the_start_is_refused(client: PageClient) -> None:
    compound = make_building().compound
    client.sign_in(make_staff())
    form = terms(closes_at="2020-01-01T18:00")
    page = client.post("rounds_staff.draft", form, status=422, compound_id=compound.id)
    assert "截止时间要晚于开始时间" in page.text


def test_the_deadline_is_read_on_the_office_clock(client: PageClient) -> None:
    compound = make_building().compound
    client.sign_in(make_staff())
    client.post("rounds_staff.draft", terms(), compound_id=compound.id)
    [round_] = queries.rounds_of(compound.id)
    assert round_.closes_at.hour == 10
    form = client.get("rounds_staff.edit", round_id=round_.id).form_values("/edit")
    assert form["closes_at"].endswith("T18:00")


def test_a_worker_prepares_but_does_not_open(client: PageClient) -> None:
    round_ = make_round(make_building().compound, opened=False)
    client.sign_in(make_staff(Role.WORKER))
    client.get("rounds_staff.preflight", round_id=round_.id)
    client.post("rounds_staff.step", status=403, round_id=round_.id, name="open")


def test_another_area_and_no_sign_in_are_kept_out(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    for path in ("preflight", "register", "steps/open", "edit"):
        assert client.raw("get", f"/desk/rounds/{round_.id}/{path}").status_code == 303
    client.sign_in(make_staff(area=make_area(AreaKind.TOWN)))
    for path in ("preflight", "register", "steps/open", "edit"):
        assert client.raw("get", f"/desk/rounds/{round_.id}/{path}").status_code == 403
    assert client.raw("get", "/desk/rounds/999999/preflight").status_code == 404


def test_the_frozen_register_stays_whatever_happens_to_the_roster(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building()
    round_ = make_round(building.compound, opened=False)
    make_building(building.compound, homes=4)
    session.expire_all()
    assert tallies.results(round_).total == 6
    client.sign_in(make_staff())
    page = client.get("cases_register.register", round_id=round_.id)
    assert "6 户" in page.one("section", aria_labelledby="sums").text


def test_a_compound_without_homes_says_so_before_its_register_is_published(
    client: PageClient,
) -> None:
    compound = make_compound()
    round_ = _reviewed_round(compound.id, client)
    page = client.post("rounds_staff.step", status=409, round_id=round_.id, name="publish-register")
    assert "先导入台账" in page.text


def _reviewed_round(compound_id: int, client: PageClient) -> Round:
    client.sign_in(make_staff())
    client.post("rounds_staff.draft", terms(), compound_id=compound_id)
    [round_] = queries.rounds_of(compound_id)
    client.post("rounds_staff.step", round_id=round_.id, name="submit")
    client.sign_in(make_staff())
    client.post("rounds_staff.step", round_id=round_.id, name="confirm")
    return round_


def test_after_the_second_person_confirmed_nobody_is_waited_for_any_more(
    client: PageClient,
) -> None:
    compound = make_building().compound
    round_ = _reviewed_round(compound.id, client)
    for page in (
        client.get("rounds_staff.preflight", round_id=round_.id),
        client.get("desk.compound", compound_id=compound.id),
        client.get("desk.board", round_id=round_.id),
        client.get("desk.compounds"),
    ):
        assert "口径已确认，待公示登记册" in page.text
        assert "待第二人确认" not in page.text


def test_a_condition_leads_to_the_step_only_for_whoever_may_take_it(client: PageClient) -> None:
    round_ = _confirmed_round(make_building().compound.id)
    way = f"/desk/rounds/{round_.id}/steps/publish-register"
    client.sign_in(make_staff(Role.WORKER))
    assert not client.get("rounds_staff.preflight", round_id=round_.id).all("a", href=way)
    client.sign_in(make_staff(Role.OFFICE))
    page = client.get("rounds_staff.preflight", round_id=round_.id)
    assert any(link.text.startswith("去办") for link in page.all("a", href=way))


def test_locking_a_register_says_how_many_homes_and_whether_it_hung_long_enough(
    client: PageClient,
) -> None:
    round_ = _confirmed_round(make_building().compound.id)
    client.sign_in(make_staff())
    client.post("rounds_staff.step", round_id=round_.id, name="publish-register")
    fresh = client.get("rounds_staff.step", round_id=round_.id, name="freeze")
    assert "6 户" in fresh.one("dl").text
    assert "还不到 3 天" in fresh.text
    round_.register_published_at = clock.now() - timedelta(days=3)
    late = client.get("rounds_staff.step", round_id=round_.id, name="freeze")
    assert "还不到 3 天" not in late.text


def test_a_refused_step_says_why_on_its_own_page_and_leads_back(client: PageClient) -> None:
    round_ = make_round(make_building().compound, opened=False)
    client.sign_in(make_staff())
    page = client.post("rounds_staff.step", status=409, round_id=round_.id, name="certify")
    assert page.h1 == "确认最终结果"
    assert "登记册已锁定" in page.one(role="alert").text
    assert not page.all("form", action=f"/desk/rounds/{round_.id}/steps/certify")
    assert page.all("a", href=f"/desk/rounds/{round_.id}/preflight")


def test_who_did_what_and_when_stands_on_the_checklist(client: PageClient) -> None:
    second = make_staff()
    round_ = _confirmed_round(make_building().compound.id, second)
    client.sign_in(second)
    client.post("rounds_staff.step", round_id=round_.id, name="publish-register")
    events = {
        item.one(class_="what").text: item
        for item in client.get("rounds_staff.preflight", round_id=round_.id)
        .one("ol", class_="timeline")
        .all("li")
    }
    for title in ("口径确认", "登记册公示"):
        assert second.name in events[title].text
    assert "还没有" in events["登记册锁定：还没有"].text


def test_only_the_suggested_title_is_left_to_the_catalogue(client: PageClient) -> None:
    compound = make_building().compound
    round_ = _reviewed_round(compound.id, client)
    assert (round_.title, str(round_.shown_title)) == ("第1轮征询", "第1轮征询")
    assert isinstance(round_.shown_title, LazyString)
    for title in ("第2轮征询", "老旧小区改造方案征询"):
        round_.title = title
        assert round_.shown_title == title
        assert not isinstance(round_.shown_title, LazyString)


def _confirmed_round(compound_id: int, second: Staff | None = None) -> Round:
    first, second = make_staff(), second or make_staff()
    compound = db.session.get_one(Compound, compound_id)
    now = clock.now()
    asked = actions.RoundTerms("第1轮征询", now, now + timedelta(days=15), "0953-5550100")
    round_ = actions.draft_round(compound, asked, by=first.identity)
    actions.submit_round(round_, by=first.identity)
    actions.confirm_profile(round_, by=second.identity)
    return round_
