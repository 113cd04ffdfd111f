"""Coming in by a phone on file: what is asked, what is answered, who gets a message."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.orm import Session

from app.accounts.models import HouseholdSession, PhoneCode
from app.accounts.phone_codes import read_mobile, read_phone_code
from app.core import clock
from app.notices.models import Message
from app.roster.models import Contact
from tests.accounts.phones import (
    MOBILE,
    OTHER_MOBILE,
    another_code,
    ask,
    building_of,
    come_in,
    home_with,
    received,
    type_code,
)
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building
from tests.notices.postbox import Postbox


def test_the_phone_on_file_opens_the_households_page(client: PageClient, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    page = client.follow(come_in(client, home, postbox))
    assert page.h1 == home.address


def test_the_message_says_what_for_how_long_and_to_tell_nobody(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    ask(client, home)
    (letter,) = postbox.letters
    assert letter.phone == MOBILE
    assert "10分钟内有效" in letter.body
    assert building_of(home).name in letter.body
    assert "别告诉任何人" in letter.body
    assert "http" not in letter.body


def test_the_answer_always_says_the_same_and_always_leads_on(
    client: PageClient, postbox: Postbox
) -> None:
    page = client.follow(ask(client, home_with(MOBILE)))
    assert page.h1 == "填验证码"
    assert "如果这个手机号登记在这一户，验证码会发过去" in page.text
    assert "138 0000 0001" in page.text
    field = page.one("input", id="otp")
    assert (field["inputmode"], field["autocomplete"]) == ("numeric", "one-time-code")
    assert field.get("pattern") is None
    assert "收不到短信？" in page.text
    # One way to call, not two below each other.
    (call,) = [a for a in page.all("a") if a["href"].startswith("tel:")]
    assert call["href"] == "tel:0953-5550100"
    assert [a for a in page.all("a") if "凭户码进" in a.text]


@pytest.mark.parametrize(
    ("changed", "phone"),
    [({}, OTHER_MOBILE), ({"room": "999"}, MOBILE), ({"room": "102"}, MOBILE)],
)
def test_a_phone_that_is_not_on_file_for_exactly_that_home_gets_nothing(
    client: PageClient, postbox: Postbox, changed: dict[str, str], phone: str
) -> None:
    home = home_with(MOBILE)
    page = client.follow(ask(client, home, phone, **changed))
    assert page.h1 == "填验证码"
    assert postbox.letters == []


def test_a_phone_taken_off_the_file_gets_nothing(client: PageClient, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    home.contacts[0].ended_at = clock.now()
    ask(client, home)
    assert postbox.letters == []


@pytest.mark.parametrize(
    "typed",
    [
        "138 0000 0001",
        "+86 13800000001",
        "008613800000001",
        "１３８０００００００１",
        "138-0000-0001",
    ],
)
def test_a_number_may_be_written_as_people_write_it(
    client: PageClient, postbox: Postbox, typed: str
) -> None:
    ask(client, home_with(MOBILE), typed)
    assert postbox.phones == [MOBILE]


@pytest.mark.parametrize(
    "typed",
    [
        "0953-5550100",
        "+86 0953 5550100",
        "+1 202 555 0100",
        "+86+113800000001",
        "1380000000",
        "10086",
        "95533",
        "+852 5123 4567",
        "138OOOOOOO1",
        "",
    ],
)
def test_what_is_no_mainland_mobile_is_told_so_and_costs_nothing(
    client: PageClient, postbox: Postbox, session: Session, typed: str
) -> None:
    home = home_with(MOBILE)
    page = ask(client, home, typed, 422)
    assert page.one("p", id="phone-error").text
    assert page.one("input", id="phone")["value"] == typed
    assert session.scalars(sa.select(PhoneCode)).all() == []


@pytest.mark.parametrize("room", ["０１０１", "101室", " 101 ", "0101"])
def test_a_room_may_be_written_as_the_roster_reads_it(
    client: PageClient, postbox: Postbox, room: str
) -> None:
    ask(client, home_with(MOBILE), room=room)
    assert postbox.phones == [MOBILE]


def test_where_there_are_several_entrances_one_is_chosen(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE, building=make_building(entrances=2), number=1)
    page = ask(client, home, status=422, entrance="")
    assert "请选单元" in page.one("p", id="entrance-error").text
    assert page.one("input", id="room")["value"] == home.premises.room
    ask(client, home, entrance="２")
    assert postbox.phones == [MOBILE]


def test_whoever_asks_again_within_a_minute_is_led_to_where_the_code_is_typed(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    ask(client, home)
    page = ask(client, home, status=429)
    assert page.h1 == "填验证码"
    assert re.search(
        r"刚刚要过验证码。没收到的话，请过 \d+ 秒再要", page.one("div", role="alert").text
    )
    assert len(postbox.letters) == 1
    assert type_code(client, home, received(postbox)).status_code == 303


def test_a_number_gets_two_codes_a_day_whoever_asks(client: PageClient, postbox: Postbox) -> None:
    home, began = home_with(MOBILE), clock.now()
    for minutes in (0, 2):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            ask(client, home)
    other = PageClient(client.app)
    with time_machine.travel(began + timedelta(minutes=9)):
        page = ask(other, home, status=429)
        assert "今天要过 2 次" in page.one("div", role="alert").text
        assert page.one("a", class_="call")
    assert len(postbox.letters) == 2
    with time_machine.travel(began + timedelta(hours=24, minutes=1)):
        ask(other, home)
    assert len(postbox.letters) == 3


def test_unknown_numbers_run_out_of_codes_as_known_ones_do(
    client: PageClient, postbox: Postbox
) -> None:
    home, began = home_with(), clock.now()
    for minutes in (0, 2):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            ask(client, home)
    with time_machine.travel(began + timedelta(minutes=4)):
        ask(PageClient(client.app), home, status=429)


def test_a_wrong_code_says_what_to_do_and_keeps_what_was_typed(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    ask(client, home)
    right = received(postbox)
    wrong = another_code(right)
    page = type_code(client, home, wrong, 422)
    assert "验证码不对" in page.one("p", id="otp-error").text
    assert page.one("input", id="otp")["value"] == wrong
    assert page.one("a", class_="phone")["href"].startswith("tel:")
    assert type_code(client, home, f" {right[:3]} {right[3:]} ").status_code == 303


def test_what_is_no_code_costs_no_try(client: PageClient, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    ask(client, home)
    for typed in ("12345", "1234567", "abcdef", ""):
        for _ in range(3):
            type_code(client, home, typed, 422)
    assert type_code(client, home, received(postbox)).status_code == 303


def test_a_code_without_having_asked_is_no_code(client: PageClient, postbox: Postbox) -> None:
    page = type_code(client, home_with(MOBILE), "123456", 422)
    assert "重新要一个验证码" in page.one("p", id="otp-error").text
    token = building_of(home_with(MOBILE)).token
    assert client.raw("get", f"/b/{token}/enter/phone-code").headers["Location"].endswith("/enter")


def test_without_a_gateway_the_phone_door_is_not_there(client: PageClient) -> None:
    home = home_with(MOBILE)
    page = client.get("accounts.enter", token=building_of(home).token)
    assert page.all("input", name="phone") == []
    assert "换一张新的" in page.text
    page = ask(client, home, status=422)
    assert "不能用手机号进" in page.one("div", role="alert").text
    assert page.one("a", class_="call")


def test_the_page_offers_the_code_first_and_the_phone_second(
    client: PageClient, postbox: Postbox
) -> None:
    page = client.get("accounts.enter", token=building_of(home_with(MOBILE)).token)
    names = [field["name"] for field in page.all("input") if field.get("type") != "hidden"]
    assert names == ["code", "room", "phone"]
    assert page.one("input", id="phone")["type"] == "tel"
    assert page.one("main").one("details").get("open") is None


def test_what_was_typed_is_there_again_to_be_put_right(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    ask(client, home, OTHER_MOBILE)
    page = client.get("accounts.enter", token=building_of(home).token)
    assert page.one("input", id="phone")["value"] == OTHER_MOBILE
    assert page.one("main").one("details").get("open") is not None


def test_leaving_forgets_the_number_that_was_typed(client: PageClient, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    ask(client, home)
    client.post("accounts.leave")
    page = client.get("accounts.enter", token=building_of(home).token)
    assert page.one("input", id="phone").get("value") in {None, ""}


def test_the_session_ends_with_the_phone_it_began_by(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    come_in(client, home_with(MOBILE), postbox)
    assert client.get("rounds.home")
    session.execute(sa.update(Contact).values(ended_at=clock.now()))
    assert client.raw("get", "/home").status_code == 303


def test_a_new_slip_ends_it_too(client: PageClient, postbox: Postbox) -> None:
    home = home_with(MOBILE)
    come_in(client, home, postbox)
    issue_code(home)
    assert client.raw("get", "/home").status_code == 303


def test_nothing_of_a_phone_or_a_code_stands_in_the_clear_but_in_the_message(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    come_in(client, home_with(MOBILE), postbox)
    code = received(postbox)
    for table in ("phone_code", "attempt", "household_session", "journal_entry", "job"):
        for row in session.execute(sa.select(sa.text("*")).select_from(sa.table(table))):
            assert code not in str(tuple(row)), table
            assert MOBILE not in str(tuple(row)), table
    assert code in session.scalars(sa.select(Message.body)).one()


def test_the_session_says_by_which_phone_it_began(
    client: PageClient, postbox: Postbox, session: Session
) -> None:
    home = home_with(MOBILE)
    come_in(client, home, postbox)
    began = session.scalars(sa.select(HouseholdSession)).one()
    assert (began.household_id, began.code_id) == (home.id, None)
    assert began.contact_id == home.contacts[0].id


def test_who_came_from_the_comments_goes_on_there_by_phone_too(
    client: PageClient, postbox: Postbox
) -> None:
    home = home_with(MOBILE)
    client.get("accounts.enter", token=building_of(home).token, to="comments")
    assert client.follow(come_in(client, home, postbox)).h1 == "居民问答"


def test_numbers_and_codes_are_read_as_people_write_them() -> None:
    assert read_mobile("（138）0000　0001") == MOBILE
    assert read_mobile("13800000001 ext 5") is None
    assert read_phone_code("１２３ ４５６") == "123456"
    assert read_phone_code("123-456") == "123456"
    assert read_phone_code("12345a") is None


def test_homes_of_another_building_are_not_found_here(client: PageClient, postbox: Postbox) -> None:
    home, elsewhere = home_with(MOBILE), make_building()
    assert homes_of(elsewhere)[0].premises.room == home.premises.room
    typed = {"entrance": "1单元", "room": home.premises.room, "phone": MOBILE}
    client.post("accounts.enter", typed, token=elsewhere.token)
    assert postbox.letters == []
