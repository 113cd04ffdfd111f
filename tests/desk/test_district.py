"""The district list and the page of one compound: what they say, to whom, at what cost."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask

from app.core import clock
from app.core.guards import Role
from app.desk import queries
from app.desk.compounds import Wanted, compounds
from app.desk.next_step import next_step
from app.roster.models import Area, AreaKind, Compound
from app.rounds import actions
from app.rounds.changes import propose_plan_change
from app.rounds.counting import Choice
from app.rounds.decisions import approve
from app.rounds.lifecycle import State
from tests.client import Node, Page, PageClient
from tests.desk.ballots import fill, make_quick_round
from tests.factories import (
    make_area,
    make_building,
    make_compound,
    make_plan,
    make_round,
    make_staff,
)
from tests.rounds.lives import GROUNDS, draft, life_in
from tests.rounds.mixed import let_vote

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[[], AbstractContextManager[list[str]]]


def rows(page: Page) -> dict[str, Node]:
    """Name of the compound → its row."""
    return {row.one("th").one("a").text: row for row in page.one("tbody").all("tr")}


def texts(row: Node) -> list[str]:
    return [cell.text for cell in row.all("td")]


def make_town(name: str) -> Area:
    return make_area(AreaKind.TOWN, name)


def test_a_compound_is_told_in_one_line(client: PageClient) -> None:
    area = make_area(name="裕西社区", parent=make_town("胜利镇"))
    compound = make_compound("裕民小区", area)
    make_building(compound, homes=6, size=8650)
    make_building(compound, homes=4, size=5000)
    round_ = make_quick_round(compound.buildings[0])
    fill(round_, agree=7, disagree=1)
    client.sign_in(make_staff())
    row = rows(client.get("desk.compounds"))["裕民小区"]
    assert row.one("th").text == "裕民小区胜利镇 裕西社区"
    assert texts(row)[:5] == ["2", "10", "719.00", "第1版已公布", "征询中"]
    assert texts(row)[5:8] == ["7/10 户，70.0 %", "7/10 户，70.0 %", "1 户"]
    assert "截止" in texts(row)[8]
    assert row.all("a")[1]["href"] == f"/desk/rounds/{round_.id}"


def test_the_totals_row_adds_up_what_is_shown(client: PageClient) -> None:
    for homes in (3, 5):
        compound = make_compound()
        make_building(compound, homes=homes, size=10_000)
        fill(make_quick_round(compound.buildings[0]), agree=4 if homes == 5 else 1)
    client.sign_in(make_staff())
    foot = client.get("desk.compounds").one("tfoot")
    assert foot.one("th").text == "合计 2 个小区"
    assert texts(foot) == ["2", "8", "800.00", "征询中 2 个，其中已达到 1 个"]


def test_what_closes_first_comes_first() -> None:
    nothing = make_building().compound
    later, sooner, closed = (make_building().compound for _ in range(3))
    waiting = make_building().compound
    for compound, days in ((later, 9), (sooner, 2), (closed, -1)):
        round_ = make_quick_round(compound.buildings[0])
        round_.opens_at = clock.now() - timedelta(days=9)
        round_.closes_at = clock.now() + timedelta(days=days)
    version = make_plan(waiting, publish=False)
    version.submitted_at = clock.now()
    page = compounds(make_staff().identity, Wanted(), None).page
    wanted = [sooner, later, waiting, closed, nothing]
    assert [line.id for line in page.rows] == [compound.id for compound in wanted]


def test_a_long_list_is_paged_and_only_its_page_is_counted(
    client: PageClient, count_queries: Counting
) -> None:
    made = [make_building(make_compound(f"小区{n:02}"), homes=1).compound for n in range(7)]
    by = make_staff()
    first, last = (compounds(by.identity, Wanted(), n, size=3).page for n in (1, 3))
    assert [line.name for line in first.rows] == ["小区00", "小区01", "小区02"]
    assert [line.id for line in last.rows] == [made[6].id]
    assert (first.total, first.pages) == (7, 3)
    beyond = compounds(by.identity, Wanted(), 99, size=3).page
    assert beyond.number == 3
    client.sign_in(by)
    assert client.get("desk.compounds", page=2).one("tfoot").one("th").text == "合计 7 个小区"


def test_a_compound_without_anything_beside_it_is_still_one_page(client: PageClient) -> None:
    client.sign_in(make_staff())
    assert "还没有小区" in client.get("desk.compounds").text


def test_an_empty_district_leads_to_the_import(client: PageClient) -> None:
    client.sign_in(make_staff())
    page = client.get("desk.home")
    assert "还没有小区" in page.text
    assert page.one("a", class_="btn")["href"] == "/desk/roster/import"


def test_compounds_are_found_by_name_and_by_town(client: PageClient) -> None:
    north, south = make_town("北镇"), make_town("南镇")
    for name, town in (("东方小区", north), ("西方小区", south), ("百分百_小区", south)):
        make_building(make_compound(name, make_area(parent=town)))
    client.sign_in(make_staff())
    assert set(rows(client.get("desk.compounds", q="方"))) == {"东方小区", "西方小区"}
    assert set(rows(client.get("desk.compounds", town="南镇"))) == {"西方小区", "百分百_小区"}
    assert set(rows(client.get("desk.compounds", q="_"))) == {"百分百_小区"}
    page = client.get("desk.compounds", q="<b>%")
    assert "没有找到" in page.text


def test_nobody_sees_a_compound_outside_the_scope(client: PageClient, app: Flask) -> None:
    mine, other = make_building().compound, make_building().compound
    client.sign_in(make_staff(Role.WORKER, mine.area))
    assert set(rows(client.get("desk.compounds"))) == {mine.name}
    client.get("desk.compound", compound_id=mine.id)
    client.get("desk.compound", status=403, compound_id=other.id)
    client.get("desk.compound", status=404, compound_id=999_999)
    assert PageClient(app).raw("get", "/desk").status_code == 303
    assert PageClient(app).raw("get", f"/desk/compounds/{mine.id}").status_code == 303


def test_the_list_costs_the_same_for_any_number_of_compounds(
    client: PageClient, count_queries: Counting
) -> None:
    client.sign_in(make_staff())
    counts = []
    for more in (1, 6):
        for _ in range(more):
            fill(make_quick_round(make_building(homes=2)), agree=1)
        client.get("desk.compounds")
        with count_queries() as statements:
            client.get("desk.compounds")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 13


def test_a_compound_shows_its_facts_buildings_and_ways_on(
    client: PageClient, count_queries: Counting
) -> None:
    compound = make_compound("裕民小区", built_year=1996, hazards="外墙脱落")
    first = make_building(compound, homes=6, entrances=2, size=5000)
    make_building(compound, homes=2)
    round_ = make_quick_round(first)
    client.sign_in(make_staff())
    with count_queries() as statements:
        page = client.get("desk.compound", compound_id=compound.id)
    assert len(statements) <= 20
    assert page.h1 == "裕民小区"
    assert "1996" in page.one(class_="facts").text
    assert "外墙脱落" in page.one(class_="facts").text
    row = next(r for r in page.all("tr") if r.text.startswith("1号楼"))
    assert texts(row) == ["2", "6", "300.00", f"http://127.0.0.1:8000/b/{first.token}"]
    links = {link["href"] for link in page.all("a")}
    assert {
        f"/b/{first.token}",
        f"/desk/rounds/{round_.id}",
        f"/desk/rounds/{round_.id}/preflight",
        f"/desk/compounds/{compound.id}/project",
        f"/desk/compounds/{compound.id}/prints",
    } <= links
    assert f"/desk/compounds/{compound.id}/rounds/new" not in links


def _nothing() -> Compound:
    return make_compound()


def _no_plan() -> Compound:
    return make_building().compound


def _waiting() -> Compound:
    compound = make_building().compound
    make_plan(compound, publish=False).submitted_at = clock.now()
    return compound


def _published() -> Compound:
    compound = make_building().compound
    make_plan(compound)
    return compound


def _frozen() -> Compound:
    return make_round(make_building().compound, opened=False).compound


def _open() -> Compound:
    round_ = make_quick_round(make_building())
    fill(round_, agree=4)
    return round_.compound


def _reached() -> Compound:
    round_ = make_quick_round(make_building())
    fill(round_, agree=5)
    return round_.compound


def _closed() -> Compound:
    round_ = make_quick_round(make_building())
    round_.opens_at = clock.now() - timedelta(days=9)
    round_.closes_at = clock.now() - timedelta(minutes=1)
    return round_.compound


@pytest.mark.parametrize(
    ("make", "text", "endpoint"),
    [
        (_nothing, "先导入住户台账。", "roster_staff.upload"),
        (_no_plan, "起草改造方案和物业管理方案。", "projects_staff.project"),
        (_waiting, "等第二个人审阅并公布方案第 1 版。", "projects_staff.plan_version"),
        (_published, "方案已公布。新建一轮征询，定好起止时间。", "rounds_staff.draft"),
        (_frozen, "打印海报和户码单，然后开启征询。", "rounds_staff.preflight"),
        (_open, "还差 1 户，请上门找还没有表态的住户。", "doors_staff.doors"),
        (_reached, "两项都已达到，等到截止。", "desk.board"),
        (_closed, "已截止。核对结果，公示初步结果。", "rounds_staff.preflight"),
    ],
)
def test_a_compound_says_what_comes_next(
    app: Flask, make: Callable[[], Compound], text: str, endpoint: str
) -> None:
    with app.test_request_context():
        step = next_step(queries.compound_line(make().id), Role.OFFICE)
    assert (step.text, step.endpoint) == (text, endpoint)


def test_a_round_on_an_older_plan_is_told_before_publishing(client: PageClient) -> None:
    compound = make_building(make_compound("换版小区"), homes=4).compound
    make_round(compound)
    client.sign_in(make_staff())
    draft = make_plan(compound, publish=False)
    draft.submitted_at, draft.submitted_by_id = clock.now(), make_staff().id
    warning = client.get("projects_staff.publish", version_id=draft.id).one(class_="alert-warning")
    assert "第一轮征询正在征询，居民表态的是第 1 版，不是这一版。" in warning.text
    assert "由两个人决定换不换版" in warning.text


def test_publishing_before_any_round_warns_of_nothing(client: PageClient) -> None:
    draft = make_plan(make_building().compound, publish=False)
    draft.submitted_at, draft.submitted_by_id = clock.now(), make_staff().id
    client.sign_in(make_staff())
    page = client.get("projects_staff.publish", version_id=draft.id)
    assert not page.all(class_="alert-warning")


def test_the_last_certified_result_stays_on_the_list_when_a_new_round_begins(
    client: PageClient,
) -> None:
    with life_in(State.CERTIFIED) as life:
        client.sign_in(make_staff())
        assert "上次结果" not in client.get("desk.compounds").text
        actions.archive_round(life.round, by=life.first)
        draft(life.building, by=life.first, why="方案改了")
        row = client.get("desk.compounds").one("tbody").one("tr")
        assert "起草中" in row.text
        last = next(a for a in row.all("a") if "上次结果" in a.text)
        assert (last.text, last["href"]) == ("上次结果：没有通过", f"/desk/rounds/{life.round.id}")
        compound = client.get("desk.compound", compound_id=life.building.compound_id)
        assert "改造方案 2/6 户，33.3 %，没有通过；物业管理方案 2/6 户" in compound.text


def test_the_list_counts_who_has_to_confirm_again(client: PageClient) -> None:
    round_ = make_round(make_building(homes=5).compound)
    let_vote(round_, Choice.AGREE, Choice.AGREE)
    client.sign_in(make_staff())
    assert "待重新确认" not in client.get("desk.compounds").text
    change = propose_plan_change(
        round_,
        make_plan(round_.compound),
        is_material=True,
        grounds=GROUNDS,
        by=make_staff().identity,
    )
    approve(change, by=make_staff().identity)
    assert "待重新确认 2 户" in client.get("desk.compounds").one("tbody").text
    page = client.get("desk.compound", compound_id=round_.compound_id)
    assert "待重新确认 2 户" in page.one("section", **{"aria-labelledby": "rounds"}).text
