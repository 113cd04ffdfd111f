"""Nobody finds out at the doors who lives where, or which phone is on file (THREATS.md T04)."""

import gc
import re
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.core import clock
from app.core.db import db
from tests.accounts.phones import asking, building_of, home_with
from tests.apart import app_apart
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building
from tests.notices.postbox import Postbox, sending_to

PAIRS = 120
# A token of a form, a key of a cookie, the number of a request: drawn anew each time.
DRAWN = re.compile(rb"(csrf_token[^>]*value=\")[^\"]+|(juyi|asked|typed)=[^;]+")


@pytest.fixture
def living_app(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application that commits, whose background works when the test lets it."""
    with app_apart(tmp_path, f"enumeration_{worker_id}") as app, sending_to(app, Postbox()):
        app.extensions["huey"].immediate = False
        yield app


def answers(client: PageClient, token: str, typed: dict[str, str]) -> tuple[Any, Any]:
    """What asking for a code is answered with, and the page it leads to."""
    asked = client.raw("post", f"/b/{token}/enter", data={**typed, "csrf_token": client.token()})
    return asked, client.raw("get", asked.headers["Location"])


def masked(response: Any, phone: str = "") -> tuple[int, bytes, list[str]]:
    """Everything of an answer but what is drawn anew and what the person typed."""
    body = response.data
    for shown in (phone, f"{phone[:3]}\u00a0{phone[3:7]}\u00a0{phone[7:]}"):
        body = body.replace(shown.encode(), b"") if phone else body
    headers = [f"{k}: {v}" for k, v in response.headers if k != "X-Request-Id"]
    told = sorted(DRAWN.sub(rb"\1\2", header.encode()).decode() for header in headers)
    return response.status_code, DRAWN.sub(rb"\1", body), told


def cookies(response: Any) -> dict[str, str]:
    """The cookies of an answer, by name."""
    pairs = (c.split(";")[0].partition("=") for c in response.headers.getlist("Set-Cookie"))
    return {name: value for name, _, value in pairs}


def test_the_answer_is_the_same_bytes_whether_or_not_the_phone_is_on_file(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with("13800000001")
    token = building_of(home).token
    with time_machine.travel(clock.now(), tick=False):
        told = []
        for phone in ("13800000001", "13800000002"):
            browser = PageClient(client.app)
            asked, page = answers(browser, token, asking(home, phone))
            name = cookies(asked)["asked"]
            told.append((masked(asked, phone), masked(page, phone), len(name)))
    assert len(postbox.letters) == 1
    assert told[0] == told[1]


def test_what_a_browser_keeps_follows_from_what_was_typed_alone(
    client: PageClient, postbox: Postbox
) -> None:
    kept = []
    for phones in (["13800000001"], []):
        home = home_with(*phones)
        with time_machine.travel(clock.now() + len(kept) * timedelta(minutes=2)):
            asked, _page = answers(
                PageClient(client.app), building_of(home).token, asking(home, "13800000001")
            )
        kept.append((cookies(asked)["typed"], set(cookies(asked)), len(cookies(asked)["asked"])))
    assert len(postbox.letters) == 1
    assert kept[0] == kept[1]


def test_so_is_the_answer_to_a_wrong_code(client: PageClient, postbox: Postbox) -> None:
    home = home_with("13800000001")
    token = building_of(home).token
    with time_machine.travel(clock.now(), tick=False):
        told = []
        for phone in ("13800000001", "13800000002"):
            browser = PageClient(client.app)
            answers(browser, token, asking(home, phone))
            wrong = browser.raw(
                "post",
                f"/b/{token}/enter",
                data={"otp": "000000", "csrf_token": browser.token()},
            )
            told.append(masked(wrong, phone))
    assert told[0] == told[1]
    assert told[0][0] == 422


def test_a_room_that_does_not_exist_is_answered_as_one_that_does(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with("13800000001")
    token = building_of(home).token
    with time_machine.travel(clock.now(), tick=False):
        told = []
        for room, phone in (("101", "13800000002"), ("909", "13800000003")):
            browser = PageClient(client.app)
            asked, page = answers(browser, token, asking(home, phone, room=room))
            told.append((masked(asked, phone), masked(page, phone)[1].replace(room.encode(), b"")))
    assert told[0] == told[1]


def test_the_answer_takes_as_long_whether_or_not_the_phone_is_on_file(living_app: Flask) -> None:
    with living_app.app_context():
        building = make_building(homes=PAIRS)
        on_file = {}
        for number, home in enumerate(homes_of(building)):
            phone = f"138{number:08d}"
            home_with(phone, building=building, number=number)
            on_file[phone] = asking(home, phone)
        off_file = {
            f"139{n:08d}": {**t, "phone": f"139{n:08d}"} for n, t in enumerate(on_file.values())
        }
        token = building.token
        db.session.commit()
    pairs = list(zip(on_file.values(), off_file.values(), strict=True))
    _measure(living_app, token, pairs[:10])
    times = _measure(living_app, token, pairs[10:])
    differences = [known - unknown for known, unknown in times]
    assert abs(statistics.median(differences)) < 0.005
    assert _is_fair(differences)


def _measure(
    app: Flask, token: str, pairs: list[tuple[dict[str, str], dict[str, str]]]
) -> list[tuple[float, float]]:
    """Seconds, known and unknown in turn, each first as often as the other."""
    client, times = app.test_client(), []
    origin = "http://127.0.0.1:8000"
    page = client.get(f"/b/{token}/enter", base_url=origin).get_data(as_text=True)
    csrf = re.search(r'name="csrf_token"[^>]*value="([^"]+)', page)[1]  # type: ignore[index]
    gc.disable()
    try:
        for number, (known, unknown) in enumerate(pairs):
            took = {}
            order = [("known", known), ("unknown", unknown)]
            for name, typed in order if number % 2 else order[::-1]:
                data = {**typed, "csrf_token": csrf}
                began = time.perf_counter()
                answer = client.post(f"/b/{token}/enter", base_url=origin, data=data)
                took[name] = time.perf_counter() - began
                assert answer.status_code == 303
            times.append((took["known"], took["unknown"]))
    finally:
        gc.enable()
    return times


def _is_fair(differences: list[float]) -> bool:
    """Whether known is slower than unknown as often as the reverse, as chance would have it.

    A sign test at one in a thousand: unlike the size of a delay, its sign is not the machine's.
    """
    slower = sum(difference > 0 for difference in differences)
    count = len(differences)
    return abs(slower - count / 2) < 3.3 * (count**0.5) / 2


def test_the_background_then_sends_to_those_on_file_alone(living_app: Flask) -> None:
    with living_app.app_context():
        home = home_with("13800000001")
        token = building_of(home).token
        db.session.commit()
        client = PageClient(living_app)
        answers(client, token, asking(home))
        answers(PageClient(living_app), token, asking(home, "13800000002"))
        letters = living_app.extensions["juyi_gateway"].letters
        assert letters == []
        huey = living_app.extensions["huey"]
        while task := huey.dequeue():
            huey.execute(task)
        assert [letter.phone for letter in letters] == ["13800000001"]


def test_the_building_page_says_nothing_of_a_home_before_one_is_in(
    client: PageClient, postbox: Postbox, session: sa.orm.Session
) -> None:
    home = home_with("13800000001")
    issue_code(home)
    for endpoint in ("rounds.building", "accounts.enter"):
        page = client.get(endpoint, token=building_of(home).token)
        assert "王" not in page.text
        assert home.premises.room not in re.sub(r"例如 501", "", page.text)
        assert "138" not in page.text
