"""Several homes on one phone, several phones in one home, and the way out of all (T24, T25)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask, render_template
from sqlalchemy.orm import Session

from app.accounts import sessions
from app.accounts.models import HouseholdSession
from app.core import clock
from app.core.db import db
from app.core.guards import Home
from app.roster.models import Building, Contact
from tests.accounts.phones import MOBILE, OTHER_MOBILE, building_of, come_in, home_with
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building
from tests.notices.postbox import Postbox


def make_home() -> tuple[Building, str]:
    building = make_building()
    return building, issue_code(homes_of(building)[0])


def choose(client: PageClient, household_id: int, status: int = 303) -> object:
    return client.post("accounts.homes", {"household": str(household_id)}, status)


def test_who_has_several_homes_on_one_phone_is_asked_which(
    client: PageClient, postbox: Postbox
) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    second = home_with(MOBILE, building=building, number=1)
    third = home_with(OTHER_MOBILE, building=building, number=2)
    page = client.follow(come_in(client, first, postbox))
    assert page.h1 == "您要办哪一户？"
    offered = [button["value"] for button in page.all("button", name="household")]
    assert offered == [str(first.id), str(second.id)]
    assert building.compound.name in page.text
    assert third.address not in page.text
    assert "王" not in page.text
    choose(client, second.id)
    assert client.get("rounds.home").h1 == second.address
    choose(client, first.id)
    assert client.get("rounds.home").h1 == first.address


def test_changing_homes_ends_the_session_of_the_one_before(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    second = home_with(MOBILE, building=building, number=1)
    come_in(client, first, postbox)
    choose(client, second.id)
    standing = sa.select(HouseholdSession.household_id).where(HouseholdSession.ended_at.is_(None))
    assert session.scalars(standing).all() == [second.id]


def test_half_a_day_counts_from_coming_in_whichever_home_one_chose(
    client: PageClient, postbox: Postbox
) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    second = home_with(MOBILE, building=building, number=1)
    began = clock.now()
    come_in(client, first, postbox)
    for minutes in range(25, 12 * 60, 25):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            choose(client, second.id if minutes % 50 else first.id)
    with time_machine.travel(began + timedelta(hours=12, minutes=1)):
        assert client.raw("get", "/home").status_code == 303


def test_nobody_chooses_a_home_of_somebody_else(client: PageClient, postbox: Postbox) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    other = home_with(OTHER_MOBILE, building=building, number=1)
    come_in(client, first, postbox)
    assert choose(client, other.id, 422)
    assert choose(client, 10**9, 422)
    assert client.get("rounds.home").h1 == first.address


def test_the_action_itself_refuses_a_home_of_somebody_else(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    other = home_with(OTHER_MOBILE, building=building, number=1)
    come_in(client, first, postbox)
    own = session.scalars(sa.select(HouseholdSession)).one()
    here = Home(first.id, building.id, own.id, first.address)
    with pytest.raises(sessions.NotOnThisPhone):
        sessions.move(here, other.id)


def test_who_came_in_by_a_code_has_no_other_homes(client: PageClient) -> None:
    building = make_building()
    home = home_with(MOBILE, building=building)
    home_with(MOBILE, building=building, number=1)
    client.enter(building, issue_code(home))
    page = client.get("accounts.homes")
    assert page.all("button", name="household") == []
    assert choose(client, homes_of(building)[1].id, 422)
    assert "换到另一户" not in client.get("accounts.phones").text


def test_a_home_whose_phone_was_taken_off_the_file_is_offered_no_more(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    building = make_building()
    first = home_with(MOBILE, building=building)
    second = home_with(MOBILE, building=building, number=1)
    come_in(client, first, postbox)
    session.execute(
        sa.update(Contact).where(Contact.household_id == second.id).values(ended_at=clock.now())
    )
    assert choose(client, second.id, 422)


def test_one_home_on_the_phone_asks_nothing(client: PageClient, postbox: Postbox) -> None:
    response = come_in(client, home_with(MOBILE), postbox)
    assert response.headers["Location"] == "/home"


def test_every_phone_that_is_in_is_told_of_and_all_can_be_shut_out(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    digits = issue_code(home)
    other = PageClient(client.app)
    other.enter(building_of(home), digits)
    come_in(client, home, postbox)
    page = client.get("accounts.phones")
    assert home.address in page.text
    assert [item.text.split("，")[:2] for item in page.one("section").all("li")] == [
        ["这部手机", "用手机号进来"],
        ["另一部手机", "凭户码进来"],
    ]
    page = client.follow(client.post("accounts.leave_everywhere"))
    assert "在所有手机上退出" in page.one("p", role="status").text
    for browser in (client, other):
        assert browser.raw("get", "/home").status_code == 303
    assert other.enter(building_of(home), digits).h1 == home.address


def test_phones_of_other_homes_stay_in(client: PageClient) -> None:
    building, digits = make_home()
    neighbour = homes_of(building)[1]
    other = PageClient(client.app)
    other.enter(building, issue_code(neighbour))
    client.enter(building, digits)
    client.post("accounts.leave_everywhere")
    assert other.get("rounds.home").h1 == neighbour.address


def test_leaving_everywhere_is_no_matter_of_a_mere_link(client: PageClient) -> None:
    assert client.raw("get", "/home/phones/leave").status_code == 405


@pytest.mark.parametrize("url", ["/homes", "/home/phones"])
def test_these_pages_are_for_households_alone(client: PageClient, url: str) -> None:
    building, digits = make_home()
    client.visit(url, 401)
    client.get("accounts.enter", token=building.token)
    assert client.raw("get", url).status_code == 303
    client.enter(building, digits)
    assert client.visit(url)


def test_after_signing_out_everywhere_the_old_cookie_opens_nothing(
    client: PageClient, app: Flask
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    kept = client.http.get_cookie("juyi", domain="127.0.0.1")
    client.post("accounts.leave_everywhere")
    opened = []
    for method, url in _pages_of_households(app):
        client.http.set_cookie("juyi", kept.value, domain="127.0.0.1")
        # As a form of this browser that was loaded before.
        response = client.raw(method, url, data={"csrf_token": client.token()})
        if response.status_code not in {303, 401} or response.headers.get("Location") == "/home":
            opened.append((method, url, response.status_code))
    assert opened == []


def _pages_of_households(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if getattr(app.view_functions[rule.endpoint], "guard", None) == "household":
            url = str(rule)
            for part in rule.arguments:
                url = url.replace(f"<int:{part}>", "1").replace(f"<string:{part}>", "x")
            for method in {"GET", "POST"} & (rule.methods or set()):
                yield method.lower(), url


def test_the_cookie_has_an_age_so_that_it_survives_the_browser(client: PageClient) -> None:
    building, digits = make_home()
    response = client.post("accounts.enter", {"code": digits}, token=building.token)
    (cookie,) = [c for c in response.headers.getlist("Set-Cookie") if c.startswith("juyi=")]
    assert "Expires=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    kept = client.http.get_cookie("juyi", domain="127.0.0.1")
    assert timedelta(hours=11) < kept.expires - clock.now() <= timedelta(hours=12)


def test_every_page_can_say_for_which_home_it_is(client: PageClient, app: Flask) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    address = homes_of(building)[0].address
    cookie = client.http.get_cookie("juyi", domain="127.0.0.1")
    line = _rendered(app, {"Cookie": f"juyi={cookie.value}"})
    assert f"您家：{address}" in line
    assert "/home/phones" in line
    assert _rendered(app, {}).strip() == ""


def _rendered(app: Flask, headers: dict[str, str]) -> str:
    db.session.commit()
    origin = "http://127.0.0.1:8000"
    with app.app_context(), app.test_request_context(base_url=origin, headers=headers):
        return render_template("components/_whose.html")


def test_leaving_this_phone_alone_is_offered_first_and_both_stand_together(
    client: PageClient,
) -> None:
    building = make_building()
    client.enter(building, issue_code(homes_of(building)[0]))
    page = client.get("accounts.phones")
    (card,) = [one for one in page.all("section") if "退出所有手机" in one.text]
    assert [button.text for button in card.all("button")] == ["只退出这部手机", "退出所有手机"]
