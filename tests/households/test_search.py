"""Homes are found by door, name and phone, in one's own area, masked, at a human pace."""

from typing import Any

import pytest

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.households.home_desk import pace
from app.households.search import found_homes, sought
from app.roster.models import Building, Contact, Occupancy
from app.rounds.counting import Choice
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building, make_household, make_staff
from tests.households.homes import OLD, Place, stranger
from tests.rounds.offices import open_round, say


@pytest.fixture
def block(place: Place) -> Building:
    """Buildings 2 and 21 of the same compound, with two staircases each."""
    compound = place.building.compound
    block = make_building(compound, "2号楼", homes=0, entrances=2)
    tower = make_building(compound, "21号楼", homes=0, entrances=2)
    for building, owner in ((block, "张三丰"), (tower, "欧阳锋")):
        for entrance in building.entrances:
            for room in ("301", "302", "1201"):
                make_household(entrance, room, owner=owner)
    return block


def doors(place: Place, words: str = "", state: str = "") -> list[str]:
    asked = sought(words, state, place.building.compound_id)
    return [home.address for home in found_homes(asked, 1, by=place.worker.identity).rows]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("2-1-301", ["2号楼1单元301"]),
        ("2号楼1单元301", ["2号楼1单元301"]),
        ("２号楼１单元３０１室", ["2号楼1单元301"]),
        ("2 1 301", ["2号楼1单元301"]),
        ("2-301", ["2号楼1单元301", "2号楼2单元301"]),
        ("2号楼301", ["2号楼1单元301", "2号楼2单元301"]),
        ("2单元302", ["2号楼2单元302", "21号楼2单元302"]),
        ("2号楼1单元", ["2号楼1单元301", "2号楼1单元302", "2号楼1单元1201"]),
        ("1201", [f"{b}号楼{e}单元1201" for b in (2, 21) for e in (1, 2)]),
        ("21号楼2单元1201", ["21号楼2单元1201"]),
        ("张三", [f"2号楼{e}单元{r}" for e in (1, 2) for r in (301, 302, 1201)]),
        ("3-1-301", []),
        ("100%", []),
    ],
)
def test_a_door_or_a_name_finds_what_it_names(
    place: Place, block: Building, words: str, found: list[str]
) -> None:
    assert doors(place, words) == found


@pytest.mark.parametrize("words", [OLD, "138 0000 0001", "+8613800000001", "0001"])
def test_a_phone_is_found_whole_or_by_its_end(place: Place, words: str) -> None:
    assert doors(place, words) == [place.home.address]


def test_a_phone_is_not_found_by_its_middle_nor_once_it_ended(place: Place) -> None:
    assert doors(place, "80000") == []
    place.contact.ended_at = clock.now()
    assert doors(place, OLD) == []


def test_four_digits_may_be_a_room_or_the_end_of_a_phone(place: Place, block: Building) -> None:
    place.home.contacts.append(Contact(phone="13900001201", since=clock.now()))
    assert place.home.address in doors(place, "1201")
    assert "2号楼1单元1201" in doors(place, "1201")


def test_homes_in_one_state_alone(place: Place) -> None:
    homes = [h.address for h in homes_of(place.building)]
    first, second, third = homes_of(place.building)[:3]
    second.premises.occupancy, third.premises.occupancy = Occupancy.VACANT, Occupancy.LET
    issue_code(first)
    db.session.flush()
    assert doors(place, state="vacant") == [second.address]
    assert doors(place, state="let") == [third.address]
    assert doors(place, state="no-phone") == homes[1:]
    assert doors(place, state="no-code") == homes[1:]
    assert doors(place, state="not-voted") == []
    round_ = open_round(place.building.compound)
    say(round_, first, Choice.AGREE)
    assert doors(place, state="not-voted") == homes[1:]
    assert doors(place, state="nonsense") == homes


def test_the_page_masks_names_and_shows_the_end_of_phones_only(
    client: PageClient, place: Place
) -> None:
    client.sign_in(place.worker)
    page = client.get("households.search", q="王小明")
    assert page.one("table").all("tr")
    assert "王**" in page.text
    assert "王小明" not in page.one("table").text
    assert "0001" in page.text
    assert OLD not in page.html


def test_nothing_is_listed_before_something_is_asked(client: PageClient, place: Place) -> None:
    client.sign_in(place.worker)
    for asked in ({}, {"q": "王"}, {"q": " "}):
        assert not client.get("households.search", **asked).all("table")
    assert "至少写两个字" in client.get("households.search", q="王").text


def test_nobody_finds_homes_of_another_area(client: PageClient, place: Place) -> None:
    client.sign_in(stranger())
    page = client.get("households.search", q=OLD)
    assert not page.all("table")
    compound = place.building.compound_id
    assert not client.get("households.search", compound=compound).all("table")


def test_who_is_no_part_of_the_office_finds_nothing(client: PageClient, place: Place) -> None:
    client.get("households.search", 303)
    client.sign_in(make_staff(Role.DESIGNER, place.building.compound.area))
    client.get("households.search", 403)


def test_sixty_pages_a_minute_are_read_and_no_more(client: PageClient, place: Place) -> None:
    client.sign_in(place.worker)
    for _ in range(60):
        pace.keep(place.worker.identity.get_id())
    page = client.get("households.search", 409, q="301")
    assert "查得太快了" in page.text
    client.get("households.home", 409, household_id=place.home.id)
    client.sign_in(place.first)
    client.get("households.search", q="301")


def test_a_page_costs_the_same_however_many_homes_it_lists(
    client: PageClient, place: Place, count_queries: Any
) -> None:
    client.sign_in(place.worker)
    counts = []
    for more in (0, 120):
        entrance = place.building.entrances[0]
        for number in range(more):
            make_household(entrance, f"{2000 + number}")
        with count_queries() as statements:
            page = client.get("households.search", compound=place.building.compound_id)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
    assert "第 1 页，共 3 页" in page.text
    last = client.get("households.search", compound=place.building.compound_id, page=3)
    assert len(last.all("th", scope="row")) == 24
