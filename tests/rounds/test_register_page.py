"""The published register of a building: rooms for everybody to check, and whom to call."""

from datetime import timedelta

from app.core import clock
from app.roster.models import Compound
from app.rounds import actions
from app.rounds.models import Round
from tests.client import PageClient
from tests.factories import (
    homes_of,
    make_building,
    make_compound,
    make_household,
    make_plan,
    make_round,
    make_staff,
)
from tests.rounds.voters import make_voter


def rooms(client: PageClient, token: str) -> dict[str, list[str]]:
    """Entrance → rooms, as the page lists them."""
    page = client.get("rounds.register", token=token)
    return {
        section.one("h2").text.split()[0]: [item.text for item in section.one("ul").all("li")]
        for section in page.all("section")
        if section.all("ul", class_="rooms")
    }


def make_published_register(compound: Compound) -> Round:
    """A round whose register is published and not yet frozen."""
    make_plan(compound)
    first, second = make_staff().identity, make_staff().identity
    closes_at = clock.now() + timedelta(days=9)
    terms = actions.RoundTerms("第一轮", clock.now(), closes_at, "0953-5550100")
    round_ = actions.draft_round(compound, terms, by=first)
    actions.submit_round(round_, by=first)
    actions.confirm_profile(round_, by=second)
    actions.publish_register(round_, by=first)
    return round_


def test_it_lists_the_rooms_of_this_building_by_entrance(client: PageClient) -> None:
    compound = make_compound()
    building = make_building(compound, homes=5, entrances=2)
    make_building(compound, homes=9)
    make_round(compound, opened=False)
    assert rooms(client, building.token) == {
        "1单元": ["101", "102", "201"],
        "2单元": ["101", "102"],
    }


def test_neither_names_nor_areas_are_on_it_and_the_phone_is(client: PageClient) -> None:
    building = make_building(homes=0)
    make_household(building.entrances[0], "501", size=7654, owner="欧阳建国", phone="13812345678")
    make_round(building.compound, opened=False)
    page = client.get("rounds.register", token=building.token)
    for secret in ("欧阳", "76.54", "13812345678"):
        assert secret not in page.html
    assert len(page.all("a", href="tel:0953-5550100")) == 2


def test_before_freezing_it_follows_the_roster_and_afterwards_it_stays(client: PageClient) -> None:
    building = make_building(homes=1)
    round_ = make_published_register(building.compound)
    make_household(building.entrances[0], "909")
    assert rooms(client, building.token) == {"1单元": ["101", "909"]}
    actions.freeze_register(round_, by=make_staff().identity)
    make_household(building.entrances[0], "910")
    assert rooms(client, building.token) == {"1单元": ["101", "909"]}


def test_the_frozen_list_keeps_what_was_written_on_the_doors_then(client: PageClient) -> None:
    building = make_building(homes=2)
    make_round(building.compound, opened=False)
    homes_of(building)[0].premises.room = "808"
    assert rooms(client, building.token) == {"1单元": ["101", "102"]}


def test_without_a_published_register_there_is_no_page(client: PageClient) -> None:
    building = make_building()
    client.get("rounds.register", 404, token=building.token)
    client.get("rounds.register", 404, token="nowhere")


def test_the_building_page_leads_there_in_every_state(client: PageClient) -> None:
    waiting = make_building()
    make_round(waiting.compound, opened=False)
    for building in (waiting, make_voter().building):
        page = client.get("rounds.building", token=building.token)
        assert len(page.all("a", href=f"/b/{building.token}/register")) == 1
    nothing = make_building()
    page = client.get("rounds.building", token=nothing.token)
    assert not page.all("a", href=f"/b/{nothing.token}/register")
