"""Asking and typing again: a slip of the finger is cheap, and nobody spends another one's tries."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from app.accounts import tasks
from app.core import clock
from app.core.limits import Attempt
from tests.accounts.phones import (
    MOBILE,
    OTHER_MOBILE,
    another_code,
    ask,
    asking,
    building_of,
    come_in,
    home_with,
    received,
    type_code,
)
from tests.client import PageClient
from tests.factories import make_building
from tests.notices.postbox import Postbox


def test_whoever_mistyped_the_number_asks_again_at_once_with_the_right_one(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    ask(client, home, OTHER_MOBILE)
    assert "138 0000 0001" in client.follow(ask(client, home)).text
    assert postbox.phones == [MOBILE]
    # Back to the first: the page says what was typed now, and asks for no code that never came.
    page = ask(client, home, OTHER_MOBILE, status=429)
    assert page.one("input", id="phone")["value"] == OTHER_MOBILE
    assert "秒再要" in page.one("div", role="alert").text
    assert type_code(client, home, received(postbox)).status_code == 303


def test_a_stranger_who_types_wrong_doors_uses_up_no_try_of_the_right_one(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    stranger = PageClient(client.app)
    for room in ("9999", "9998", "9997", "9999"):
        typed = {**asking(home, room=room), "csrf_token": stranger.token()}
        stranger.raw("post", f"/b/{building_of(home).token}/enter", data=typed)
    assert client.follow(come_in(client, home, postbox)).h1 == home.address


def test_one_number_rests_a_minute_and_gets_two_a_day_through_all_its_doors(
    client: PageClient, postbox: Postbox
) -> None:
    building = make_building(homes=3)
    homes = [home_with(MOBILE, building=building, number=number) for number in range(3)]
    began = clock.now()
    with time_machine.travel(began, tick=False) as traveller:
        for home in homes:
            ask(PageClient(client.app), home)
        assert len(postbox.letters) == 1
        # The second comes when the number has rested, the third never.
        for _ in range(4):
            traveller.shift(timedelta(seconds=61))
            tasks.send_codes()
        assert len(postbox.letters) == 2
    assert client.raw("get", "/readyz").json == {"status": "ready"}


def test_a_wrong_code_says_how_many_tries_are_left_whether_or_not_one_was_sent(
    client: PageClient, postbox: Postbox
) -> None:
    for home in (home_with(MOBILE), home_with()):
        browser = PageClient(client.app)
        ask(browser, home)
        wrong = another_code(received(postbox))
        for left in (4, 3, 2, 1):
            page = type_code(browser, home, wrong, 422)
            assert f"还能试 {left} 次" in page.one("p", id="otp-error").text
        assert "作废" in type_code(browser, home, wrong, 429).one("div", role="alert").text


def test_who_keeps_no_cookies_shares_no_tries_with_others_who_keep_none(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    home = home_with(MOBILE)
    before = session.scalar(sa.select(sa.func.count()).select_from(Attempt))
    for _ in range(7):
        page = type_code(PageClient(client.app), home, "123456", 422)
        assert "重新要一个验证码" in page.one("p", id="otp-error").text
    assert session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == before


def test_what_was_typed_is_kept_as_long_as_the_code_is_good_and_not_once_one_is_in(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    (kept,) = _set(ask(client, home), "typed")
    assert "Max-Age=600" in kept
    (gone,) = _set(type_code(client, home, received(postbox)), "typed")
    assert "Max-Age=0" in gone


def _set(answer: Any, name: str) -> list[str]:
    return [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{name}=")]
