"""A newer plan version and a later deadline, as residents read of them while a round is open."""

from datetime import timedelta

import pytest

from app.core.format import as_moment
from app.roster.models import Occupancy
from app.rounds import changes
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building, make_plan
from tests.rounds.asking import Asked, asked, at_home, change_plan
from tests.rounds.disagreeing import GROUNDS
from tests.rounds.offices import open_round

WAITS = "征询还按第 1 版；第 2 版等两个人决定是否换版"


def with_a_newer_plan(client: PageClient) -> Asked:
    """A round on version 1, under which a home pays nothing; version 2 wants 900 yuan."""
    home = asked(client)
    make_plan(home.building.compound, share_per_household=90_000)
    return home


@pytest.mark.parametrize("where", ["rounds.building", "rounds.home"])
def test_while_a_round_is_open_its_own_plan_is_told_and_the_newer_one_waits(
    client: PageClient, where: str
) -> None:
    home = with_a_newer_plan(client)
    token = home.building.token
    page = client.get(where, **({"token": token} if where == "rounds.building" else {}))
    assert "您家出 不用出钱" in page.text
    assert "900" not in page.text
    assert WAITS in page.text
    assert page.all("a", href=f"/b/{token}/plan?v=1")
    assert not page.all("a", href=f"/b/{token}/plan")


def test_after_the_change_the_newer_plan_is_the_plan(client: PageClient) -> None:
    home = asked(client)
    change_plan(home)
    page = client.get("rounds.building", token=home.building.token)
    assert "等两个人决定" not in page.text
    assert page.all("a", href=f"/b/{home.building.token}/plan")


def test_the_page_of_the_newer_plan_says_which_one_is_voted_on(client: PageClient) -> None:
    home = with_a_newer_plan(client)
    token = home.building.token
    newer = client.get("projects.plan", token=token)
    assert WAITS in newer.text
    assert newer.all("a", href=f"/b/{token}/plan?v=1")
    asked_of = client.get("projects.plan", token=token, v=1)
    assert "现在的征询按这一版（第 1 版）" in asked_of.text
    assert "旧的一版" not in asked_of.text


def test_a_version_from_before_the_round_is_old(client: PageClient) -> None:
    home = asked(client)
    change_plan(home)
    page = client.get("projects.plan", token=home.building.token, v=1)
    assert "这是旧的一版" in page.text


def test_what_changed_opens_at_once_when_it_is_asked_for(client: PageClient) -> None:
    home = with_a_newer_plan(client)
    token = {"token": home.building.token}
    opened = client.get("projects.plan", **token, v=2, changes="open").one("details", id="changes")
    closed = client.get("projects.plan", **token, v=2).one("details", id="changes")
    assert (opened.get("open"), closed.get("open")) == ("", None)


def test_the_rules_name_the_version_it_opened_on_and_each_change_by_itself(
    client: PageClient,
) -> None:
    home = asked(client)
    change_plan(home, note="屋面改成坡屋顶。")
    text = client.get("rounds.rules", token=home.building.token).text
    assert "按这个算法开始征询，方案是第 1 版。" in text
    assert "两个人决定，方案换成第 2 版。以前表过态的，要再确认一次才算。" in text
    assert "屋面改成坡屋顶。" in text
    assert "设计改了" not in text  # the reason of the decision may name people


def test_an_editorial_change_is_told_as_one(client: PageClient) -> None:
    home = asked(client)
    change_plan(home, is_material=False)
    text = client.get("rounds.rules", token=home.building.token).text
    assert "只改了文字，以前表的态都算。" in text


def test_a_later_deadline_is_told_from_the_first_to_the_last(client: PageClient) -> None:
    home = asked(client)
    first = home.round.closes_at
    for days in (1, 2):
        later = home.round.closes_at + timedelta(days=days)
        by = home.office.first
        home.office.agrees(changes.propose_extension(home.round, later, GROUNDS, by=by))
    said = f"截止时间从 {as_moment(first)} 延到 {as_moment(first + timedelta(days=3))}。"
    token = home.building.token
    assert said in client.get("rounds.building", token=token).text
    assert said in client.get("rounds.home").text
    assert "两个人决定，截止时间从" in client.get("rounds.rules", token=token).text


def test_a_deadline_that_never_moved_is_told_once(client: PageClient) -> None:
    asked(client)
    assert "截止时间从" not in client.get("rounds.home").text


@pytest.mark.parametrize(
    ("occupancy", "ownership", "said"),
    [
        (Occupancy.OWNER, "", "住宅，算一户。"),
        (Occupancy.LET, "", "出租，算一户，业主说了算"),
        (Occupancy.VACANT, "", "空置，计入总户数"),
        (Occupancy.OWNER, "公房", "公房，住在里面的人家算一户。"),
    ],
)
@pytest.mark.parametrize("until", ["published", "open"])
def test_a_home_reads_how_it_stands_on_the_register(
    client: PageClient, occupancy: Occupancy, ownership: str, said: str, until: str
) -> None:
    building = make_building(homes=6, size=6250)
    own = homes_of(building)[0]
    own.premises.occupancy, own.premises.ownership = occupancy, ownership
    open_round(building.compound, until=until)
    client.enter(building, issue_code(own))
    text = client.get("rounds.home").text
    assert f"登记册上的您家：62.50 平方米，{said}" in text
    assert "不对就提异议" in text


def test_once_frozen_it_is_the_register_that_speaks(client: PageClient) -> None:
    building = make_building(homes=6, size=6250)
    home = at_home(client, building)
    home.home.premises.size = 9900
    assert "登记册上的您家：62.50 平方米" in client.get("rounds.home").text
