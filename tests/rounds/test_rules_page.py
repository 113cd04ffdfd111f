"""The page that says how a round is counted: its own numbers, never a vote."""

import time_machine

from app.core import clock
from app.rounds import register
from app.rounds.counting import Choice
from app.rounds.profile import Revote, Switches
from tests.client import Page, PageClient
from tests.factories import homes_of, make_building, make_compound
from tests.rounds.asking import HIRE, MENU, elevator
from tests.rounds.offices import GROUNDS, Office, entry_at, make_owner, open_round, say


def rules(client: PageClient, token: str) -> Page:
    return client.get("rounds.rules", token=token)


def section(page: Page, title: str) -> str:
    """The text of the section whose heading ends so."""
    return next(part.text for part in page.all("section") if part.one("h2").text.endswith(title))


def test_a_consultation_says_of_how_many_households_how_many_must_agree(
    client: PageClient,
) -> None:
    compound = make_compound()
    building = make_building(compound, homes=9)
    make_building(compound, homes=17)
    open_round(compound)
    page = rules(client, building.token)
    for title in ("改造方案", "物业管理方案"):
        assert "全小区 26 户，要 21 户同意" in section(page, title)
    assert "没有表态不算同意" in section(page, "居民征询都这样算")
    assert "都算进总数" not in section(page, "每一项都一样的")
    assert "依据：改造通知：“经80%以上居民同意后方可开工改造”" in section(page, "1. 改造方案")


def test_an_owners_decision_says_heads_and_area_that_must_take_part(client: PageClient) -> None:
    building = make_building(homes=6, size=7000)
    rich = make_owner(building.compound)
    for home in homes_of(building)[:2]:
        home.premises.tenures[0].owner = rich
    open_round(building.compound, HIRE)
    text = section(rules(client, building.token), "选聘物业公司")
    # Six homes, two of one owner: five heads, 420 m²; two thirds of each, the share included.
    assert "全小区一共 5 位业主，420.00 平方米" in text
    assert "至少要 4 位业主、280.00 平方米参加" in text
    assert "超过一半" in text


def test_an_elevator_counts_its_own_entrance_and_names_it(client: PageClient) -> None:
    building = make_building(homes=8, entrances=2)
    open_round(building.compound, elevator(building, 1))
    text = section(rules(client, building.token), "加装电梯")
    assert f"{building.name}2单元一共 4 位业主" in text


def test_a_menu_says_that_it_decides_nothing(client: PageClient) -> None:
    building = make_building(homes=6)
    open_round(building.compound, MENU)
    text = section(rules(client, building.token), "先改什么")
    assert "问全小区 6 户，选得多的排前面" in text
    assert "不是表决" in text


def test_before_the_register_is_frozen_it_promises_the_numbers(client: PageClient) -> None:
    building = make_building(homes=6)
    open_round(building.compound, until="published")
    text = section(rules(client, building.token), "1. 改造方案")
    assert "登记册锁定以后" in text
    assert "户同意" in text


def test_it_names_who_decided_and_the_hash(client: PageClient) -> None:
    building = make_building()
    round_ = open_round(building.compound, switches=Switches(revote=Revote.NONE))
    page = rules(client, building.token)
    assert "作为第二个人" in page.text
    assert round_.profile_hash is not None
    assert round_.profile_hash in page.text.replace(" ", "")
    assert "交了就不能再改" in page.text


def test_it_never_depends_on_a_vote(client: PageClient) -> None:
    building = make_building(homes=6)
    round_ = open_round(building.compound, HIRE, MENU)
    client.get("rounds.building", token=building.token)
    seen = set()
    # The token of a form tells the second in which it was made.
    with time_machine.travel(clock.now(), tick=False):
        for choice in Choice:
            seen.add(client.raw("get", f"/b/{building.token}/rules").data)
            say(round_, homes_of(building)[0], choice)
        seen.add(client.raw("get", f"/b/{building.token}/rules").data)
    assert len(seen) == 1


def test_everywhere_a_resident_looks_a_link_leads_there(client: PageClient) -> None:
    building = make_building()
    open_round(building.compound)
    for name in ("rounds.building", "rounds.register"):
        page = client.get(name, token=building.token)
        assert len(page.all("a", href=f"/b/{building.token}/rules")) == 1


def test_without_a_round_there_is_no_such_page(client: PageClient) -> None:
    client.get("rounds.rules", 404, token=make_building().token)
    client.get("rounds.rules", 404, token="nowhere")


def test_a_household_struck_off_the_register_is_no_longer_in_the_numbers(
    client: PageClient,
) -> None:
    building = make_building(homes=6)
    round_, office = open_round(building.compound), Office()
    gone = entry_at(round_, homes_of(building)[0])
    office.agrees(register.propose_removal(gone, GROUNDS, by=office.first))
    text = section(rules(client, building.token), "1. 改造方案")
    assert "全小区 5 户，要 4 户同意" in text
