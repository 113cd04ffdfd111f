"""The door plan: which doors to knock on, for whom it is drawn, and what it never tells."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from app.core.db import db
from app.core.guards import Role
from app.desk import live
from app.desk.door_plan import DoorPlan, DoorState, door_plan, floor_of
from app.roster.models import Building, Occupancy
from app.rounds.counting import Choice
from app.rounds.models import RegisterEntry, Round, Voice
from app.rounds.profile import Sight
from tests.client import PageClient
from tests.desk.ballots import fill, make_quick_round, say
from tests.factories import homes_of, make_area, make_building, make_round, make_staff

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[..., AbstractContextManager[list[str]]]


def plan_of(round_: Round, **given: dict[int, str]) -> DoorPlan:
    found = door_plan(round_, round_.compound.buildings[0].id, **given)
    assert found is not None
    return found


def entries(round_: Round) -> list[RegisterEntry]:
    of_round = db.session.query(RegisterEntry).filter_by(round_id=round_.id)
    return of_round.order_by(RegisterEntry.position).all()


def shown(plan: DoorPlan) -> list[tuple[int | None, list[list[str]]]]:
    return [(f.number, [[cell.room for cell in homes] for homes in f.homes]) for f in plan.floors]


def test_the_top_floor_stands_on_top_and_entrances_side_by_side() -> None:
    round_ = make_quick_round(make_building(homes=7, entrances=2))
    plan = plan_of(round_)
    assert [stair.name for stair in plan.stairs] == ["1单元", "2单元"]
    assert shown(plan) == [(2, [["201", "202"], ["201"]]), (1, [["101", "102"], ["101", "102"]])]


@pytest.mark.parametrize(
    ("room", "floor"),
    [("101", 1), ("1203", 12), ("5", None), ("12", None), ("051", None), ("B101", None),
     ("10101", None), ("车库", None), ("１０１", None)],
)  # fmt: skip
def test_a_room_tells_its_floor_when_it_is_one(room: str, floor: int | None) -> None:
    assert floor_of(room) == floor


def test_homes_of_which_nobody_knows_the_floor_share_the_last_row() -> None:
    building = make_building(homes=3)
    first, second, _third = homes_of(building)
    first.premises.room, second.premises.room, second.premises.floor = "东头", "甲", 4
    plan = plan_of(make_quick_round(building))
    assert shown(plan) == [(4, [["甲"]]), (2, [["201"]]), (None, [["东头"]])]


def test_every_home_is_where_it_stands() -> None:
    building = make_building(homes=6)
    for home in homes_of(building)[1:3]:
        home.premises.occupancy = Occupancy.VACANT
    round_ = make_quick_round(building)
    of = entries(round_)
    of[1].voice, of[3].voice, of[4].voice = Voice.COUNTED, Voice.TO_CONFIRM, Voice.DISPUTED
    plan = plan_of(round_, visits={of[5].id: "不在家", of[4].id: "不在家", of[1].id: "再想想"})
    assert [cell.state for floor in reversed(plan.floors) for cell in floor.homes[0]] == [
        DoorState.SILENT,
        DoorState.VOTED,
        DoorState.VACANT,
        DoorState.TO_CONFIRM,
        DoorState.CONFLICT,
        DoorState.VISITED,
    ]
    assert set(plan.counts.values()) == {1}
    assert (plan.stairs[0].voted, plan.stairs[0].total) == (1, 6)
    assert plan.cells[1].visit == "不在家"


def test_who_was_struck_off_and_what_is_no_household_has_no_door() -> None:
    round_ = make_quick_round(make_building(homes=4))
    of = entries(round_)
    of[0].removed_at = round_.frozen_at
    assert len(plan_of(round_).cells) == 3


def test_choices_are_drawn_only_where_the_profile_lets_staff_see_them(client: PageClient) -> None:
    round_ = make_round(make_building(homes=4).compound)
    say(round_, homes_of(round_.compound.buildings[0])[0], Choice.DISAGREE)
    at = {"round_id": round_.id, "building_id": round_.compound.buildings[0].id}
    client.sign_in(make_staff())
    page = client.get("desk.building", **at)
    assert "不同意" not in page.one("main").text
    assert not any(cell.said for cell in plan_of(round_).cells)
    round_.profile = {**round_.profile, "staff_see_choices": Sight.HOUSEHOLDS.value}
    round_.revision += 1
    cells = plan_of(round_).cells
    assert [cell.said for cell in cells if cell.said] == [(Choice.DISAGREE, Choice.DISAGREE)]
    db.session.commit()
    live.forget()
    assert "不同意" in client.get("desk.building", **at).one("table").text


def test_a_building_is_one_page_with_marks_for_eyes_and_ears(client: PageClient) -> None:
    round_ = make_quick_round(make_building(homes=6, entrances=2))
    fill(round_, agree=2)
    building = round_.compound.buildings[0]
    client.sign_in(make_staff())
    page = client.get("desk.building", round_id=round_.id, building_id=building.id)
    assert page.h1 == f"{round_.compound.name} 1号楼"
    legend = [item.text for item in page.all(class_="legend")[0].all("li")]
    assert legend[0] == "✓已表态 2"
    assert legend[-1] == "未未表态 4"
    first = page.one("table", class_="door-plan").all("li")[0]
    assert first.text == "未201 未表态"
    assert len(page.all("li", class_="voted")) == 2
    assert "已表态 " in page.one("thead").text


def test_a_door_plan_lives_like_a_board(client: PageClient, count_queries: Counting) -> None:
    round_ = make_round(make_building().compound)
    building = round_.compound.buildings[0]
    client.sign_in(make_staff())
    page = client.get("desk.building", round_id=round_.id, building_id=building.id)
    shown_live = page.one(class_="board")
    address, etag = shown_live["data-live"], shown_live["data-etag"]
    with count_queries(known=True) as statements:
        again = client.raw("get", address, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert statements == []
    parts = client.raw("get", address).json
    assert set(parts) == {"doors"}
    assert parts["doors"].strip() in page.html


def test_a_door_plan_costs_as_many_statements_for_many_homes_as_for_few(
    count_queries: Counting,
) -> None:
    costs = []
    for homes in (2, 60):
        round_ = make_quick_round(make_building(homes=homes, entrances=2))
        db.session.flush()
        with count_queries() as statements:
            plan_of(round_)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 2


def test_only_who_reaches_the_compound_sees_its_doors(client: PageClient, app: Flask) -> None:
    round_ = make_quick_round(make_building())
    building, other = round_.compound.buildings[0], make_building()
    worker = make_staff(Role.WORKER, round_.compound.area)
    addresses = _addresses(round_, building)
    for address in addresses:
        assert PageClient(app).raw("get", address).status_code in (303, 401), address
    stranger = PageClient(app)
    stranger.sign_in(make_staff(Role.WORKER, make_area()))
    for address in addresses:
        assert stranger.raw("get", address).status_code == 403, address
    client.sign_in(worker)
    for address in addresses:
        assert client.raw("get", address).status_code == 200, address
    for address in _addresses(round_, other):
        assert client.raw("get", address).status_code in (200, 404), address
    client.get("desk.building", status=404, round_id=round_.id, building_id=other.id)


def _addresses(round_: Round, building: Building) -> list[str]:
    start = f"/desk/rounds/{round_.id}"
    return [
        f"{start}/buildings/{building.id}",
        f"{start}/buildings/{building.id}/live",
        f"{start}/board.xlsx",
        f"{start}/share",
        f"{start}/share.png?building={building.id}",
    ]
