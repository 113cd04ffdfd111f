"""How one likes to read: three text sizes and the packs of languages, each kept in a cookie."""

import pytest
from flask import Flask
from flask_babel import force_locale, gettext

from app.core import i18n, sizes
from app.core.forms import _texts_of_library
from tests.client import ORIGIN, Node, PageClient

YEAR = 31_536_000


def cookie_of(client: PageClient, address: str) -> str:
    """The cookie that a choice leaves behind, as the browser is told of it."""
    answer = client.raw("post", address, data={"csrf_token": client.token()})
    assert answer.status_code == 303
    name = address.split("/")[1]
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(f"{name}=")]
    return str(cookie)


@pytest.mark.parametrize("size", sizes.SIZES)
def test_a_text_size_is_remembered_on_every_page(client: PageClient, size: str) -> None:
    client.submit(f"/size/{size}", {})
    for address, status in (("/", 200), ("/receipts", 200), ("/no-such-page", 404)):
        page = client.visit(address, status)
        assert page.one("html")["data-size"] == size
        pressed = [b["class"] for b in page.all("button", aria_pressed="true")]
        assert pressed == [size]


def test_without_a_choice_the_text_is_of_standard_size(client: PageClient) -> None:
    assert client.visit("/").one("html")["data-size"] == "standard"


@pytest.mark.parametrize("nonsense", ["", "huge", '"><script>', "../../etc"])
def test_an_unknown_size_in_the_cookie_is_the_standard_one(
    client: PageClient, nonsense: str
) -> None:
    client.http.set_cookie("size", nonsense, domain="127.0.0.1")
    assert client.visit("/").one("html")["data-size"] == "standard"


def test_an_unknown_size_is_not_found(client: PageClient) -> None:
    client.submit("/size/huge", {}, 404)


@pytest.mark.parametrize("address", ["/size/largest", "/language/ug"])
def test_a_choice_is_kept_for_a_year_and_from_scripts(client: PageClient, address: str) -> None:
    cookie = cookie_of(client, address)
    assert f"Max-Age={YEAR}" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize("choice", ["size/large", "language/en"])
@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        (f"{ORIGIN}/b/abc/plan?v=2", "/b/abc/plan?v=2"),
        (f"{ORIGIN}//evil.example/x", "/evil.example/x"),
        (f"{ORIGIN}/\\evil.example", "/evil.example"),
        (f"{ORIGIN}/%2f%2fevil.example", "/%2f%2fevil.example"),
        ("https://evil.example/b/abc", "/"),
        ("http://127.0.0.1:8000.evil.example/b", "/"),
        ("http://evil.example@127.0.0.1:8000@evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_choice_leads_back_to_the_page_and_to_no_other_host(
    client: PageClient, choice: str, came_from: str, goes_to: str
) -> None:
    data = {"csrf_token": client.token()}
    answer = client.raw("post", f"/{choice}", data=data, headers={"Referer": came_from})
    assert answer.status_code == 303
    assert answer.headers["Location"] == goes_to


def test_the_header_offers_every_size_and_every_language_by_its_own_name(
    client: PageClient,
) -> None:
    header = client.visit("/").one("header")
    assert [b["formaction"] for b in header.one("form", class_="sizes").all("button")] == [
        f"/size/{size}" for size in sizes.SIZES
    ]
    offered = header.one("details", class_="language").all("button")
    assert [(b["formaction"], b["lang"], b["dir"], b.text) for b in offered] == [
        (f"/language/{name}", pack.tag, pack.direction, pack.own_name)
        for name, pack in i18n.LANGUAGES.items()
    ]
    assert [b.text for b in offered if b.get("aria-current")] == ["简体中文"]


def test_a_page_is_read_in_the_order_of_its_landmarks(client: PageClient) -> None:
    body = client.visit("/receipts").one("body")
    parts = [child.tag for child in map(Node, body.element) if child.tag != "script"]
    assert parts[:3] == ["a", "header", "main"]
    assert body.all("a")[0]["href"] == "#main"
    assert body.one("main")["id"] == "main"


def test_what_was_just_done_is_the_first_thing_that_is_read(client: PageClient) -> None:
    with client.http.session_transaction(base_url=ORIGIN) as stored:
        stored["_flashes"] = [("message", "已经退出。")]
    main = client.visit("/").one("main")
    first = Node(next(child for child in main.element if isinstance(child.tag, str)))
    assert (first.get("role"), first.text) == ("status", "已经退出。")


@pytest.mark.parametrize("name", i18n.LANGUAGES)
def test_a_page_says_its_language_its_direction_and_whether_a_machine_made_it(
    client: PageClient, name: str
) -> None:
    client.submit(f"/language/{name}", {})
    pack = i18n.LANGUAGES[name]
    for address, status in (("/", 200), ("/receipts", 200), ("/nothing", 404), ("/login", 200)):
        page = client.visit(address, status)
        assert (page.one("html")["lang"], page.one("html")["dir"]) == (pack.tag, pack.direction)
        assert len(page.all("p", class_="machine")) == pack.is_machine_made


@pytest.mark.parametrize("name", [n for n, p in i18n.LANGUAGES.items() if p.is_machine_made])
def test_a_pack_made_by_machine_says_so_in_its_own_words(app: Flask, name: str) -> None:
    text = "机器翻译，还要译者校对；以简体中文为准。"
    with app.test_request_context(base_url=ORIGIN), force_locale(name):
        assert gettext(text) != text


def test_what_a_pack_does_not_say_is_said_in_chinese(app: Flask) -> None:
    with app.test_request_context(base_url=ORIGIN), force_locale("ug"):
        assert gettext("导入台账") == "导入台账"


@pytest.mark.parametrize("name", [n for n in i18n.LANGUAGES if n != "en"])
def test_no_pack_falls_back_to_the_english_of_a_library(name: str) -> None:
    said = _texts_of_library(i18n.LANGUAGES[name].kin).gettext("This field is required.")
    assert not said.isascii()


def test_over_tls_a_choice_is_never_sent_in_the_clear(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    with app.test_request_context(base_url=ORIGIN):
        answer = app.make_response("")
        sizes.remember(answer, "large")
        i18n.remember(answer, "en")
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)
