"""The board: what it says of a round, and to whom."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.core import clock
from app.core.guards import Role
from app.desk.board import board_of, stretches
from app.roster.models import AreaKind
from app.rounds import tallies
from app.rounds.actions import RoundTerms, draft_round
from app.rounds.counting import Tally
from app.rounds.models import Round
from tests.client import Page, PageClient
from tests.desk.ballots import fill, make_large_building, make_quick_round
from tests.factories import (
    make_area,
    make_building,
    make_compound,
    make_plan,
    make_round,
    make_staff,
)

Counting = Callable[[], AbstractContextManager[list[str]]]


def board(client: PageClient, round_: Round) -> Page:
    return client.get("desk.board", round_id=round_.id)


def figures(page: Page) -> list[str]:
    return [node.text for node in page.all("p", class_="figure")]


def test_323_of_404_is_79_9_percent_and_one_household_short(client: PageClient) -> None:
    round_ = make_quick_round(make_large_building(404))
    fill(round_, agree=323, disagree=21, abstain=9)
    client.sign_in(make_staff())
    page = board(client, round_)
    assert figures(page) == ["323/404 户，79.9 %，还差 1 户"] * 2
    assert page.text.count("未达到 80 %：需要 324 户。") == 2
    assert not page.all("section", class_="reached")


def test_1476_of_1845_is_80_0_percent_and_reached(client: PageClient) -> None:
    round_ = make_quick_round(make_large_building(1845))
    fill(round_, agree=1476)
    client.sign_in(make_staff())
    page = board(client, round_)
    assert figures(page) == ["1,476/1,845 户，80.0 %，已达到"] * 2
    assert len(page.all("section", class_="reached")) == 2


def test_the_board_says_the_same_as_the_tally(client: PageClient) -> None:
    compound = make_compound()
    for homes in (7, 4, 9):
        make_building(compound, homes=homes)
    round_ = make_quick_round(compound.buildings[0])
    fill(round_, agree=11, disagree=3, abstain=2)
    client.sign_in(make_staff())
    page = board(client, round_)
    tally = tallies.results(round_)
    total = tally.matters[0].tally
    assert figures(page)[0] == f"{total.agree}/{total.total} 户，55.0 %，还差 {total.missing} 户"
    split = page.all("ul", class_="split")[0].text
    assert split == "同意 11 不同意 3 弃权 2 未表态 4"
    rows = {
        row.one("th").text: row
        for row in page.one("table", class_="buildings").one("tbody").all("tr")
    }
    for building in tally.buildings:
        of = building.matters[0].tally
        cells = [cell.text for cell in rows[building.name].all("td")]
        assert cells[:2] == [f"{building.voted}/{building.total}", f"{of.silent} 户"]
        assert cells[2].startswith(f"{of.agree}/{of.total} 户，")
        assert cells[3] == (f"{of.missing} 户" if of.missing else "达到")


def test_the_building_that_lacks_most_comes_first(client: PageClient) -> None:
    compound = make_compound()
    for homes in (5, 20, 10):
        make_building(compound, homes=homes)
    round_ = make_quick_round(compound.buildings[0])
    names = [row.name for row in board_of(round_).buildings]
    assert names == ["2号楼", "3号楼", "1号楼"]


def test_a_threshold_that_cannot_be_reached_any_more_is_said(client: PageClient) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=2, disagree=2, abstain=1)
    client.sign_in(make_staff())
    assert "按现在的票数已达不到" in board(client, round_).text
    assert "没表态的都同意也只有 7 户" in board(client, round_).text


@pytest.mark.parametrize(
    ("tally", "ends"),
    [
        (Tally(404, 323), ["79.9%"]),
        (Tally(1845, 1476), ["80.0%"]),
        (Tally(3, 1, 1, 1), ["33.3%", "33.3%", "33.4%"]),
        (Tally(1000, 0, 0, 1), ["0.1%"]),
        (Tally(0), []),
    ],
)
def test_bars_are_cut_and_never_pass_a_line_that_was_not_reached(
    tally: Tally, ends: list[str]
) -> None:
    assert [part.width for part in stretches(tally)] == ends


def test_a_round_that_is_not_open_leads_to_its_checklist(client: PageClient) -> None:
    round_ = make_round(make_building().compound, opened=False)
    client.sign_in(make_staff())
    page = board(client, round_)
    assert "还没有开启" in page.text
    links = [link["href"] for link in page.one(class_="board").all("a")]
    assert f"/desk/rounds/{round_.id}/preflight" in links


def test_a_round_without_a_register_shows_no_numbers(client: PageClient) -> None:
    compound = make_building().compound
    make_plan(compound)
    now, person = clock.now(), make_staff().identity
    terms = RoundTerms("第一轮征询", now, now + timedelta(days=15), "0953-5550100")
    round_ = draft_round(compound, terms, by=person)
    client.sign_in(make_staff())
    page = board(client, round_)
    assert "登记册锁定以后" in page.text
    assert not page.all("table")
    assert "登记册还没有锁定" in client.get("doors_staff.doors", round_id=round_.id).text


def test_a_closed_round_says_so_and_leads_to_the_result(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    with time_machine.travel(round_.closes_at + timedelta(minutes=1), tick=False):
        client.sign_in(make_staff())
        page = board(client, round_)
    assert "已截止" in page.text
    assert "看结果和下一步" in page.text
    assert figures(page)[0].endswith("，差 5 户")


def test_only_staff_of_the_area_see_a_board(client: PageClient, app: Flask) -> None:
    round_ = make_round(make_building().compound)
    urls = [f"/desk/rounds/{round_.id}{tail}" for tail in ("", "/live", "/doors")]
    for url in urls:
        assert client.raw("get", url).status_code == 303
    client.sign_in(make_staff(Role.WORKER, make_area(AreaKind.COMMUNITY)))
    assert [client.raw("get", url).status_code for url in urls] == [403] * 3
    other = PageClient(app)
    other.sign_in(make_staff(Role.WORKER, round_.compound.area))
    assert [other.raw("get", url).status_code for url in urls] == [200] * 3
    assert [other.raw("get", f"/desk/rounds/999999{t}").status_code for t in ("", "/live")] == [
        404,
        404,
    ]
