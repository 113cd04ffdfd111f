"""Who may do what with a comment: strangers nothing, other compounds nothing, neighbours little."""

import pytest
from flask import Flask

from app.comments.models import Comment
from app.comments.wording import state_of
from app.core.db import db
from tests.client import ORIGIN, PageClient
from tests.comments.saying import ask, enter
from tests.factories import make_building, make_staff

pytestmark = pytest.mark.usefixtures("session")
MARKS = ("agree", "take-back", "report")
OWN = ("change", "withdraw")


def untouched(comment: Comment) -> bool:
    """Whether nothing befell a comment."""
    db.session.expire_all()
    marks = (comment.agreed, len(comment.reports), len(comment.earlier))
    return marks == (0, 0, 0) and comment.is_in_sight and comment.body == "原话"


@pytest.mark.parametrize("verb", [*MARKS, *OWN])
def test_a_stranger_is_shown_the_way_in_and_does_nothing(client: PageClient, verb: str) -> None:
    building = make_building()
    comment = ask(building, "原话")
    url = f"/b/{building.token}/comments/{comment.id}/{verb}"
    data = {"csrf_token": client.token(), "body": "x", "wrong": "abuse"}
    assert client.raw("post", url, data=data).status_code in {303, 401}
    client.sign_in(make_staff())
    assert client.raw("post", url, data=data).status_code in {303, 401, 403}
    assert untouched(comment)


@pytest.mark.parametrize("verb", [*MARKS, *OWN])
def test_a_household_of_elsewhere_finds_nothing(client: PageClient, verb: str) -> None:
    building, other = make_building(), make_building()
    comment = ask(building, "原话")
    enter(client, other)
    for token in (building.token, other.token, "nonsense"):
        url = f"/b/{token}/comments/{comment.id}/{verb}"
        client.submit(url, {"body": "x", "wrong": "abuse"}, status=404)
    assert untouched(comment)


@pytest.mark.parametrize("verb", OWN)
def test_a_neighbour_neither_changes_nor_takes_back(client: PageClient, verb: str) -> None:
    building = make_building()
    comment = ask(building, "原话")
    enter(client, building, 1)
    client.submit(f"/b/{building.token}/comments/{comment.id}/{verb}", {"body": "x"}, status=404)
    assert untouched(comment)


@pytest.mark.parametrize(("verb", "home"), [*((v, 1) for v in MARKS), *((v, 0) for v in OWN)])
def test_whom_it_concerns_comes_through_and_only_with_a_token(
    client: PageClient, app: Flask, verb: str, home: int
) -> None:
    building = make_building()
    comment = ask(building, "原话")
    enter(client, building, home)
    url = f"/b/{building.token}/comments/{comment.id}/{verb}"
    data = {"body": "别的话", "wrong": "abuse", "seen": state_of(comment)}
    forged = client.http.post(url, base_url=ORIGIN, data=data)
    assert forged.status_code == 403
    assert untouched(comment)
    answer = client.submit(url, data)
    assert f"/comments#c{comment.id}" in answer.headers["Location"]


def test_any_building_of_the_compound_leads_to_the_same_comments(client: PageClient) -> None:
    building = make_building()
    neighbour = make_building(building.compound)
    comment = ask(building, "原话")
    enter(client, neighbour)
    url = f"/b/{neighbour.token}/comments/{comment.id}/agree"
    client.submit(url, {"seen": state_of(comment)})
    db.session.expire_all()
    assert comment.agreed == 1
