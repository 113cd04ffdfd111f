"""Requests no person sends: each gets a plain no, never an error of ours."""

import pytest

from tests.client import ORIGIN, PageClient
from tests.factories import login_of, make_building, make_staff


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/b/%00", 400),
        ("/receipts/%00AB", 400),
        ("/pictures/%00", 400),
        ("/rounds/99999999999999999999/vote", 404),
        ("/desk/compounds/2147483648", 404),
        ("/desk/rounds/99999999999999999999/live", 404),
        ("/desk/comments?page=99999999999999999999", 200),
        ("/desk/comments?page=-1", 200),
    ],
)
def test_addresses_nobody_wrote_are_answered(client: PageClient, path: str, status: int) -> None:
    client.sign_in(make_staff())
    assert client.raw("get", path).status_code == status


def test_a_page_of_comments_beyond_any_number_is_the_first(client: PageClient) -> None:
    token = make_building().token
    assert client.raw("get", f"/b/{token}/comments?page=9223372036854775808").status_code == 200


def test_a_broken_origin_is_a_foreign_one(client: PageClient) -> None:
    answer = client.raw("post", "/login", headers={"Origin": "http://["})
    assert answer.status_code == 403


def test_a_broken_referrer_leads_to_the_start(client: PageClient) -> None:
    data = {"csrf_token": client.token()}
    answer = client.raw("post", "/language/en", data=data, headers={"Referer": "http://["})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("body", ["[1]", '"x"', '{"username":["a"]}', "{"])
def test_a_form_sent_as_json_is_refused(client: PageClient, body: str) -> None:
    headers = {"X-CSRFToken": client.token(), "Content-Type": "application/json"}
    assert client.raw("post", "/login", data=body, headers=headers).status_code == 415


def test_a_zero_byte_in_a_form_is_refused(client: PageClient) -> None:
    client.submit(f"{ORIGIN}/login", {"username": "a\0b", "password": "x"}, status=400)


@pytest.mark.parametrize("query", ["page=1&page=%00", "%00=1", "x=1&x=2&x=3%00"])
def test_a_zero_byte_in_any_name_or_value_is_refused(client: PageClient, query: str) -> None:
    assert client.raw("get", f"/?{query}").status_code == 400
    data = f"csrf_token={client.token()}&{query}"
    kind = "application/x-www-form-urlencoded"
    answer = client.raw("post", "/login", data=data, content_type=kind)
    assert answer.status_code == 400


def test_a_line_break_in_the_wanted_address_does_not_break_signing_in(client: PageClient) -> None:
    staff = make_staff()
    client.raw("get", "/desk/rounds/1/steps/%0Ax")
    assert client.post("accounts_login.login", login_of(staff)).headers["Location"] == "/desk"


def test_a_name_of_invisible_characters_is_no_name(client: PageClient) -> None:
    client.sign_in(make_staff())
    person = {
        "username": "\u200b",
        "name": "\u200b\u200b",
        "role": "worker",
        "area": "0",
    }
    page = client.post("accounts_staff.add_person", person, status=422)
    assert "请填姓名" in page.text
    assert "请填用户名" in page.text


def test_a_name_that_unfolds_beyond_its_column_is_too_long(client: PageClient) -> None:
    client.sign_in(make_staff())
    person = {
        "username": "ok",
        "name": "ﷺ" * 39,
        "role": "worker",
        "area": "0",
    }
    page = client.post("accounts_staff.add_person", person, status=422)
    assert "姓名太长" in page.text
