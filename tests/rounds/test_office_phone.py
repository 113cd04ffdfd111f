"""Whom to call: on every page of a resident, from the round, the compound or the project."""

import pytest

from app.rounds.counting import Choice
from tests.client import Page, PageClient
from tests.factories import make_building, make_compound, make_plan, make_round
from tests.rounds.voters import cast_quickly, fill, make_voter, signed_in, vote


def phone_on(page: Page) -> str:
    """The phone that the page offers to call."""
    return page.one("a", class_="phone")["href"]


def test_every_page_of_a_voter_shows_the_phone_of_the_round(client: PageClient) -> None:
    voter = make_voter()
    voter.round.phone = "0953 5550 777"
    voter.building.compound.phone = ""
    token, round_id = voter.building.token, voter.round.id
    for endpoint in ("building", "register"):
        assert phone_on(client.get(f"rounds.{endpoint}", token=token)) == "tel:09535550777"
    for endpoint in ("accounts.enter", "comments.page", "projects.plan"):
        assert phone_on(client.get(endpoint, token=token)) == "tel:09535550777"
    assert phone_on(client.enter(voter.building, voter.digits)) == "tel:09535550777"
    form = client.get("rounds.vote", round_id=round_id)
    assert phone_on(form) == "tel:09535550777"
    values = fill(form, voter.round, Choice.AGREE, Choice.AGREE)
    review = client.follow(client.post("rounds.review", values, round_id=round_id))
    assert phone_on(review) == "tel:09535550777"
    receipt = client.follow(vote(client, voter, Choice.AGREE, Choice.AGREE))
    assert phone_on(receipt) == "tel:09535550777"


def test_a_stranger_sees_on_a_receipt_whom_to_call(client: PageClient) -> None:
    voter = make_voter()
    code = cast_quickly(voter.round, voter.home, Choice.AGREE, "request-1").code
    assert phone_on(client.get("rounds.receipt", code=code)) == "tel:0953-5550100"


def test_without_a_round_it_is_the_compounds_phone_and_else_that_of_the_published_plan(
    client: PageClient,
) -> None:
    building = make_building(make_compound(phone="0953-1"))
    assert phone_on(client.get("rounds.building", token=building.token)) == "tel:0953-1"
    building.compound.phone = ""
    version = make_plan(building.compound)
    version.facts = {**(version.facts or {}), "phone": "0953-2"}
    version.project.phone = "0953-4"
    assert phone_on(client.get("rounds.building", token=building.token)) == "tel:0953-2"


def test_a_round_in_preparation_tells_no_phone_yet(client: PageClient) -> None:
    building = make_building(make_compound(phone="0953-1"))
    round_ = make_round(building.compound, opened=False)
    round_.register_published_at, round_.phone = None, "0953-9"
    assert phone_on(client.get("rounds.building", token=building.token)) == "tel:0953-1"


@pytest.mark.parametrize("endpoint", ["rounds.building", "accounts.enter", "comments.page"])
def test_with_no_phone_at_all_there_is_no_empty_card(client: PageClient, endpoint: str) -> None:
    building = make_building(make_compound(phone=""))
    page = client.get(endpoint, token=building.token)
    assert not page.all("footer")
    assert "tel:" not in page.html


def test_a_household_at_home_sees_its_own_phone_wherever_it_looked_before(
    client: PageClient,
) -> None:
    voter = signed_in(client)
    other = make_building(make_compound(phone="0953-3"))
    assert phone_on(client.get("rounds.building", token=other.token)) == "tel:0953-3"
    assert phone_on(client.get("rounds.home")) == f"tel:{voter.round.phone}"
