"""A household comes in by its code: what opens, what stays shut, and when it ends."""

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.accounts.models import HouseholdCode, HouseholdSession
from app.core import clock
from app.roster.models import Building
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building

WRONG = "0000 0000 0000"


def make_home() -> tuple[Building, str]:
    """A building and the code of its first household."""
    building = make_building()
    return building, issue_code(homes_of(building)[0])


def test_the_code_of_the_slip_opens_the_households_page(client: PageClient) -> None:
    building, digits = make_home()
    page = client.enter(building, digits)
    assert page.h1 == homes_of(building)[0].address


@pytest.mark.parametrize(
    "written",
    [
        "{0} {1} {2}",
        "{0}-{1}-{2}",
        " {0}{1} — {2} ",
        "{0}\u3000{1}\u3000{2}",
        "{0}\u2011{1}\u2013{2}",
    ],
)
def test_spaces_and_dashes_do_not_matter(client: PageClient, written: str) -> None:
    building, digits = make_home()
    typed = written.format(digits[:4], digits[4:8], digits[8:])
    assert client.post("accounts.enter", {"code": typed}, token=building.token)


def test_full_width_digits_are_digits(client: PageClient) -> None:
    building, digits = make_home()
    typed = digits.translate({ord("0") + n: ord("０") + n for n in range(10)})
    assert client.post("accounts.enter", {"code": typed}, token=building.token)


@pytest.mark.parametrize("typed", ["1234", "1234 5678 90123", "1234 5678 abcd"])
def test_what_is_no_code_is_told_so(client: PageClient, typed: str) -> None:
    building, _ = make_home()
    page = client.post("accounts.enter", {"code": typed}, 422, token=building.token)
    assert "12 位数字" in page.one("p", class_="error").text
    assert page.one("input", id="code").get("aria-describedby")


def test_a_wrong_code_says_what_to_do_and_whom_to_call(client: PageClient) -> None:
    building, _ = make_home()
    page = client.post("accounts.enter", {"code": WRONG}, 422, token=building.token)
    assert "对着户码单" in page.one("p", class_="error").text
    assert page.one("input", id="code")["value"] == WRONG
    assert page.one("a", class_="phone")["href"] == "tel:0953-5550100"


def test_wrong_selector_and_wrong_secret_are_answered_in_the_same_bytes(client: PageClient) -> None:
    building, digits = make_home()
    wrong_secret = digits[:4] + f"{(int(digits[4:]) + 1) % 10**8:08d}"
    wrong_selector = f"{(int(digits[:4]) + 1) % 10**4:04d}" + digits[4:]
    with time_machine.travel(clock.now(), tick=False):
        answers = [_answer(client, building, typed) for typed in (wrong_secret, wrong_selector)]
    assert answers[0] == answers[1]


def _answer(client: PageClient, building: Building, typed: str) -> tuple[int, bytes, list[str]]:
    """Everything of an answer but its own number and what the person typed."""
    url = f"/b/{building.token}/enter"
    response = client.raw("post", url, data={"code": typed, "csrf_token": client.token()})
    shown = f"{typed[:4]} {typed[4:8]} {typed[8:]}".encode()
    headers = sorted(f"{k}: {v}" for k, v in response.headers if k != "X-Request-Id")
    return response.status_code, response.data.replace(shown, b""), headers


def test_after_five_tries_the_door_is_asked_for_and_with_it_the_right_code_opens(
    client: PageClient,
) -> None:
    building, digits = make_home()
    home = homes_of(building)[0]
    wrong = digits[:4] + f"{(int(digits[4:]) + 1) % 10**8:08d}"
    for _ in range(5):
        client.post("accounts.enter", {"code": wrong}, 422, token=building.token)
    page = client.post("accounts.enter", {"code": digits}, 422, token=building.token)
    assert "再填单元和房号" in page.one("div", role="alert").text
    assert page.one("input", id="code")["value"] == f"{digits[:4]} {digits[4:8]} {digits[8:]}"
    assert page.one("input", id="home-room").get("aria-describedby")
    with_door = {"code": digits, "room": f" {home.premises.room}室"}
    assert client.post("accounts.enter", with_door, token=building.token)
    assert client.get("rounds.home").h1 == home.address


def test_whoever_must_wait_is_told_for_how_long_whom_to_call_and_what_helps_at_once(
    client: PageClient,
) -> None:
    building, digits = make_home()
    home = homes_of(building)[0]
    wrong = {"code": digits[:4] + "0" * 8, "room": home.premises.room}
    page = client.post("accounts.enter", wrong, 422, token=building.token)
    assert "户码、单元或者房号不对" in page.one("p", id="code-error").text
    page = client.post("accounts.enter", {**wrong, "code": digits}, 429, token=building.token)
    told = page.one("div", role="alert").text
    assert "过 1 分钟再试" in told
    assert "换一张新户码单，马上能用" in told
    assert page.one("a", class_="call")["href"] == "tel:0953-5550100"
    assert page.one("input", id="home-room")["value"] == home.premises.room
    new = issue_code(home)
    assert client.enter(building, new).h1 == home.address


def test_a_door_without_a_room_is_asked_for_again(client: PageClient) -> None:
    building = make_building(entrances=2)
    digits = issue_code(homes_of(building)[0])
    for typed in ({"room": "101"}, {"room": "？", "entrance": "1单元"}):
        client.post("accounts.enter", {"code": digits, **typed}, 422, token=building.token)
    right = {"code": digits, "room": "101", "entrance": "1单元"}
    assert client.post("accounts.enter", right, token=building.token)


def test_right_codes_are_never_counted_as_tries(client: PageClient) -> None:
    building, digits = make_home()
    for _ in range(12):
        assert client.enter(building, digits).h1 == homes_of(building)[0].address


def test_signing_in_does_not_give_a_guesser_fresh_tries(client: PageClient) -> None:
    building, digits = make_home()
    wrong, guesser = {"code": digits[:4] + "0" * 8}, PageClient(client.app)
    for _ in range(4):
        guesser.post("accounts.enter", wrong, 422, token=building.token)
    client.enter(building, digits)
    page = guesser.post("accounts.enter", wrong, 422, token=building.token)
    assert "户码不对" in page.one("p", id="code-error").text
    page = guesser.post("accounts.enter", wrong, 422, token=building.token)
    assert "再填单元和房号" in page.one("div", role="alert").text


def test_a_browser_that_was_in_before_is_asked_for_nothing_more_after_leaving(
    client: PageClient,
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    client.post("accounts.leave")
    wrong, guesser = {"code": digits[:4] + "0" * 8}, PageClient(client.app)
    for _ in range(6):
        guesser.post("accounts.enter", wrong, 422, token=building.token)
    guesser.post("accounts.enter", {"code": digits}, 422, token=building.token)
    assert client.enter(building, digits).h1 == homes_of(building)[0].address


def test_what_a_browser_keeps_of_a_code_names_no_home(client: PageClient) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    kept = client.http.get_cookie("been-in", domain="127.0.0.1")
    assert kept.http_only
    shown = base64.urlsafe_b64decode(kept.value.split(".")[0] + "==").decode()
    assert set(json.loads(shown)) == {"browser", "codes"}
    assert digits[:4] not in shown


def test_tomorrow_the_code_alone_opens_again(client: PageClient) -> None:
    building, digits = make_home()
    for _ in range(6):
        client.post("accounts.enter", {"code": digits[:4] + "0" * 8}, 422, token=building.token)
    with time_machine.travel(clock.now() + timedelta(hours=24, minutes=1)):
        assert client.enter(building, digits)


def test_a_code_of_another_building_is_wrong_here(client: PageClient) -> None:
    building, _ = make_home()
    _, other = make_home()
    client.post("accounts.enter", {"code": other}, 422, token=building.token)


def test_an_unknown_building_is_not_found(client: PageClient) -> None:
    client.get("accounts.enter", 404, token="nowhere")
    client.post("accounts.enter", {"code": WRONG}, 404, token="nowhere")


def test_the_field_takes_paste_and_is_not_remembered_by_the_browser(client: PageClient) -> None:
    building, _ = make_home()
    field = client.get("accounts.enter", token=building.token).one("input", id="code")
    assert (field["inputmode"], field["autocomplete"]) == ("numeric", "off")
    assert int(field["maxlength"]) > len("1234  -  5678  -  9012")
    assert field.get("pattern") is None


def test_the_page_shows_the_check_phrase_and_how_data_are_used(client: PageClient) -> None:
    building, _ = make_home()
    page = client.get("accounts.enter", token=building.token)
    assert building.check_phrase in page.text
    assert "一年后删除" in page.text
    assert "不要身份证号和银行卡号" in page.text


def test_the_database_holds_neither_code_nor_session_token(
    client: PageClient, session: sa.orm.Session
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    with client.http.session_transaction(base_url="http://127.0.0.1:8000") as stored:
        token = stored["household"]["token"]
    rows = [
        str(tuple(row))
        for table in ("household_code", "household_session", "attempt")
        for row in session.execute(sa.select(sa.text("*")).select_from(sa.table(table)))
    ]
    assert rows
    assert not [row for row in rows if digits[4:] in row or token in row]


def test_signing_in_renews_the_session_so_older_forms_are_worthless(client: PageClient) -> None:
    building, digits = make_home()
    before = client.token()
    client.enter(building, digits)
    response = client.raw("post", "/leave", data={"csrf_token": before})
    assert response.status_code == 403
    assert client.get("rounds.home")


def test_another_code_in_the_same_browser_switches_homes(
    client: PageClient, session: sa.orm.Session
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    second = homes_of(building)[1]
    page = client.enter(building, issue_code(second))
    assert page.h1 == second.address
    open_sessions = sa.select(HouseholdSession.household_id).where(
        HouseholdSession.ended_at.is_(None)
    )
    assert session.scalars(open_sessions).all() == [second.id]


def test_whoever_is_not_signed_in_is_shown_the_way_in(client: PageClient) -> None:
    building, _ = make_home()
    client.get("rounds.building", token=building.token)
    response = client.raw("get", "/home")
    assert response.status_code == 303
    assert response.headers["Location"] == f"/b/{building.token}/enter"
    assert "请先填户码" in client.follow(response).one("p", role="status").text


def test_whoever_never_saw_a_poster_is_told_to_scan_it(client: PageClient) -> None:
    page = client.get("rounds.home", 401)
    assert page.h1 == "请扫单元门口的码"


def test_a_phone_that_asks_for_json_is_told_in_json(client: PageClient) -> None:
    response = client.raw("get", "/home", headers={"Accept": "application/json"})
    assert (response.status_code, response.json["status"]) == (401, "signed-out")


def test_half_an_hour_of_rest_ends_the_session(client: PageClient) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        response = client.raw("get", "/home")
        assert response.status_code == 303
        assert "还没有计入" in client.follow(response).one("p", role="status").text


def test_whoever_keeps_reading_stays_in_for_half_a_day_and_no_longer(client: PageClient) -> None:
    building, digits = make_home()
    began = clock.now()
    client.enter(building, digits)
    for minutes in range(25, 12 * 60, 25):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            client.get("rounds.home")
    with time_machine.travel(began + timedelta(hours=12, minutes=1)):
        assert client.raw("get", "/home").status_code == 303


def test_reading_writes_nothing_even_when_the_session_is_renewed(
    client: PageClient, count_queries: Any
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    with time_machine.travel(clock.now() + timedelta(minutes=5)), count_queries() as statements:
        client.get("rounds.home")
    assert statements
    assert not [s for s in statements if re.match(r"\s*(INSERT|UPDATE|DELETE)", s)]


def test_a_new_slip_ends_the_session_of_the_old_one_at_once(client: PageClient) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    issue_code(homes_of(building)[0])
    assert client.raw("get", "/home").status_code == 303
    client.post("accounts.enter", {"code": digits}, 422, token=building.token)


def test_a_revoked_code_ends_its_session_whoever_revoked_it(
    client: PageClient, session: sa.orm.Session
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    session.execute(sa.update(HouseholdCode).values(revoked_at=clock.now()))
    assert client.raw("get", "/home").status_code == 303


def test_leaving_ends_the_session_here_and_in_the_database(
    client: PageClient, session: sa.orm.Session
) -> None:
    building, digits = make_home()
    client.enter(building, digits)
    kept = client.http.get_cookie("juyi", domain="127.0.0.1")
    response = client.post("accounts.leave")
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "已经退出" in client.follow(response).one("p", role="status").text
    assert session.scalars(sa.select(HouseholdSession.ended_at)).one() is not None
    client.http.set_cookie("juyi", kept.value, domain="127.0.0.1")  # A copy is worth nothing.
    assert client.raw("get", "/home").status_code == 303


def test_leaving_is_no_matter_of_a_mere_link(client: PageClient) -> None:
    assert client.raw("get", "/leave").status_code == 405


def test_personal_pages_are_kept_by_nobody(client: PageClient) -> None:
    building, digits = make_home()
    page = client.enter(building, digits)
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Cookie" in page.response.headers["Vary"]


def test_whoever_came_from_the_comments_goes_on_there(client: PageClient) -> None:
    building, digits = make_home()
    way_in = client.get("comments.page", token=building.token).one("a", class_="button")
    client.visit(way_in["href"])
    client.post("accounts.enter", {"code": WRONG}, 422, token=building.token)
    page = client.enter(building, digits)
    assert page.h1 == "居民问答"
    assert page.all("textarea")
    client.post("accounts.leave")
    client.get("accounts.enter", token=building.token)
    assert client.enter(building, digits).h1 == homes_of(building)[0].address


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example", "/\\evil.example", "comments.page", "javascript:a"],
)
def test_where_to_go_on_is_never_an_address_from_outside(client: PageClient, onward: str) -> None:
    building, digits = make_home()
    client.get("accounts.enter", token=building.token, to=onward)
    response = client.post("accounts.enter", {"code": digits}, token=building.token)
    assert response.headers["Location"] == "/home"
