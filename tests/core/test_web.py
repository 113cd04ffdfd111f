"""The request flow: health, error pages in both layouts, languages, headers, ways out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, Response
from sqlalchemy.orm import Session
from werkzeug.test import Client

from app.core.db import alembic, db
from app.core.errors import Refused, msg
from app.core.guards import Role
from app.core.limits import Attempt
from app.core.web import serve_static
from tests.apart import app_apart
from tests.client import ORIGIN, PageClient
from tests.factories import make_staff


def _add_faults(app: Flask) -> None:
    """Pages that go wrong in every way a page can."""
    app.add_url_rule("/refused", view_func=_refuse, methods=["GET"])
    app.add_url_rule("/bug", view_func=_fail, methods=["GET"])
    app.add_url_rule("/broken-database", view_func=_ask_nonsense, methods=["GET"])
    app.add_url_rule("/own-caching", view_func=_cached, methods=["GET"])


def _refuse() -> Response:
    db.session.add(Attempt(key="refused", at=sa.func.now()))
    raise Refused(msg("第 %(row)s 行没有房号"), row=7)


def _fail() -> Response:
    return {"a": Response("never")}["missing"]


def _ask_nonsense() -> Response:
    db.session.execute(sa.text("SELECT nothing FROM nowhere"))
    return Response("never")


def _cached() -> Response:
    return Response("x", headers={"Cache-Control": "max-age=5"})


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Flask]:
    instance = tmp_path_factory.mktemp("faulty")
    with app_apart(instance, f"faulty_{worker_id}", prepare=_add_faults) as app:
        yield app


@pytest.fixture
def visitor(faulty: Flask) -> Iterator[PageClient]:
    with faulty.app_context():
        yield PageClient(faulty)


@pytest.fixture
def worker(faulty: Flask) -> Iterator[PageClient]:
    """A signed-in member of staff, on the application with faults."""
    with faulty.app_context():
        person = make_staff(Role.OFFICE)
        db.session.commit()
        browser = PageClient(faulty)
        browser.sign_in(person)
        yield browser


def test_health_needs_no_database(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"empty_{worker_id}", migrated=False) as app:
        answer = app.test_client().get("/healthz", base_url=ORIGIN)
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_ready_means_the_schema_is_the_one_expected(client: PageClient) -> None:
    answer = client.raw("get", "/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_not_ready_while_migrations_are_pending(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"pending_{worker_id}", migrated=False) as app:
        assert app.test_client().get("/readyz", base_url=ORIGIN).status_code == 503
        with app.app_context():
            alembic.upgrade()
            db.session.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
            db.session.commit()
        answer = app.test_client().get("/readyz", base_url=ORIGIN)
        assert (answer.status_code, answer.json) == (503, {"status": "migrations pending"})


def test_not_ready_without_a_database(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"gone_{worker_id}", migrated=False) as app:
        answer = app.test_client().get("/readyz", base_url=ORIGIN)
    assert answer.status_code == 503
    assert "no database" in answer.json["status"]


def test_a_missing_page_tells_a_resident_what_to_do(visitor: PageClient) -> None:
    page = visitor.visit("/no-such-page", 404)
    assert page.h1 == "没有找到这一页"
    assert "二维码" in page.text
    assert any("css/resident.css" in (link.get("href") or "") for link in page.all("link"))


def test_a_missing_page_keeps_the_menu_of_the_staff(worker: PageClient) -> None:
    page = worker.visit("/no-such-page", 404)
    assert page.h1 == "没有找到这一页"
    assert page.all("nav")
    assert "二维码" not in page.text
    assert page.one("main").one("a")["href"] == "/desk"


@pytest.mark.parametrize("who", ["visitor", "worker"])
def test_a_refusal_that_nobody_caught_is_told_in_its_own_words(
    who: str, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).visit("/refused", 409)
    assert page.h1 == "现在不能这样做"
    assert "第 7 行没有房号" in page.text


def test_a_refusal_leaves_nothing_behind(visitor: PageClient) -> None:
    visitor.visit("/refused", 409)
    assert db.session.query(Attempt).filter_by(key="refused").count() == 0


@pytest.mark.parametrize("who", ["visitor", "worker"])
def test_a_bug_shows_a_number_and_nothing_of_the_program(
    who: str, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).visit("/bug", 500)
    assert page.h1 == "系统出了点问题"
    assert page.response.headers["X-Request-Id"] in page.text
    for inner in ("KeyError", "missing", "Traceback", ".py"):
        assert inner not in page.html


def test_after_a_broken_query_the_page_still_comes(worker: PageClient) -> None:
    assert worker.visit("/broken-database", 500).h1 == "系统出了点问题"
    assert worker.visit("/refused", 409).h1


def test_the_error_page_comes_even_without_a_database(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"blind_{worker_id}", migrated=False) as app:
        browser = PageClient(app)
        with browser.http.session_transaction(base_url=ORIGIN) as stored:
            stored["_user_id"], stored["staff_began"], stored["staff_seen"] = "1:x", 1, 1
        answer = browser.http.get("/no-such-page", base_url=ORIGIN)
    assert answer.status_code in {404, 500}
    assert answer.headers["Content-Security-Policy"]
    assert "<h1>" in answer.get_data(as_text=True)


def test_a_stale_form_says_so_and_does_not_blame_the_person(client: PageClient) -> None:
    page = client._page(client.raw("post", "/language/en", data={}), 403)
    assert "刷新" in page.text
    assert "权限" not in page.text


def test_a_program_gets_its_errors_as_json(visitor: PageClient) -> None:
    headers = {"Accept": "application/json"}
    missing = visitor.raw("get", "/no-such-page", headers=headers)
    assert (missing.status_code, missing.json) == (404, {"error": "Not Found"})
    refused = visitor.raw("get", "/refused", headers=headers)
    assert (refused.status_code, refused.json) == (409, {"error": "第 7 行没有房号"})


def test_an_error_page_can_be_read_in_english_or_chinese(visitor: PageClient) -> None:
    assert visitor.visit("/no-such-page", 404).one("html")["lang"] == "zh-Hans"
    visitor.submit("/language/en", {})
    assert visitor.visit("/no-such-page", 404).one("html")["lang"] == "en"
    visitor.submit("/language/zh_Hans_CN", {})
    assert visitor.visit("/no-such-page", 404).one("html")["lang"] == "zh-Hans"


@pytest.mark.parametrize(
    ("came_from", "goes_to"),
    [
        (f"{ORIGIN}/b/abc/plan?v=2", "/b/abc/plan?v=2"),
        (f"{ORIGIN}/", "/"),
        ("", "/"),
        ("https://evil.example/b/abc", "/"),
        ("http://127.0.0.1:8000.evil.example/b", "/"),
        (f"{ORIGIN}//evil.example/x", "/evil.example/x"),
        (f"{ORIGIN}/\\evil.example", "/evil.example"),
        (f"{ORIGIN}/\t/evil.example", "/"),
    ],
)
def test_switching_the_language_leads_back_to_the_page_and_to_no_other_host(
    client: PageClient, came_from: str, goes_to: str
) -> None:
    data = {"csrf_token": client.token()}
    answer = client.raw("post", "/language/en", data=data, headers={"Referer": came_from})
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location in {goes_to, ORIGIN + goes_to} or location.endswith("/evil.example")
    assert not location.startswith("//")


@pytest.mark.parametrize("switch", ["/language/en", "/size/large"])
@pytest.mark.parametrize("came_from", ["/leave", "/rounds/7/reaffirm?x=1"])
def test_a_page_that_only_answered_a_form_leads_to_one_that_can_be_read(
    client: PageClient, switch: str, came_from: str
) -> None:
    data = {"csrf_token": client.token()}
    answer = client.raw("post", switch, data=data, headers={"Referer": f"{ORIGIN}{came_from}"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_an_unknown_language_is_not_found(client: PageClient) -> None:
    client.submit("/language/xx", {}, 404)


def test_an_unknown_language_in_the_cookie_means_chinese(visitor: PageClient) -> None:
    visitor.http.set_cookie("language", "../../etc", domain="127.0.0.1")
    assert visitor.visit("/no-such-page", 404).one("html")["lang"] == "zh-Hans"


def test_pages_are_not_kept_and_what_says_otherwise_is_left_alone(visitor: PageClient) -> None:
    assert visitor.raw("get", "/no-such-page").headers["Cache-Control"] == "no-store"
    assert visitor.raw("get", "/own-caching").headers["Cache-Control"] == "max-age=5"


def test_a_body_that_is_too_big_is_refused(client: PageClient) -> None:
    data = {"csrf_token": client.token(), "name": "x" * 300_000}
    assert client.raw("post", "/language/en", data=data).status_code in {403, 413}


def test_static_files_are_served_compressed_and_for_good(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"static_{worker_id}", migrated=False) as app:
        static = tmp_path / "static"
        (static / "css").mkdir(parents=True)
        (static / "css" / "x.css").write_text("a { color: red }")
        (static / "css" / "x.css.gz").write_bytes(b"\x1f\x8b compressed")
        (static / "verify.py").write_text("print()")
        app.static_folder = str(static)
        serve_static(app)
        browser = Client(app.wsgi_app)
        with browser.get("/static/css/x.css", headers={"Accept-Encoding": "gzip"}) as style:
            assert style.headers["Content-Encoding"] == "gzip"
            assert "immutable" in style.headers["Cache-Control"]
            assert "default-src 'none'" in style.headers["Content-Security-Policy"]
        with browser.get("/static/css/x.css") as plain:
            assert "Content-Encoding" not in plain.headers
        with browser.get("/static/verify.py") as tool:
            assert tool.headers["Cache-Control"] == "max-age=3600, public"


def test_a_static_address_changes_with_the_content(app: Flask, session: Session) -> None:
    with app.test_request_context(base_url=ORIGIN):
        address = app.jinja_env.globals["static_url"]("img/juyi.svg")  # type: ignore[operator]
    path, hash_ = address.split("?v=")
    assert path == "/static/img/juyi.svg"
    assert len(hash_) == 12


def test_the_start_page_says_what_this_is_and_where_to_go(client: PageClient) -> None:
    page = client.visit("/")
    assert page.h1 == "居议"
    assert "居民：请扫单元门口的二维码" in page.text
    assert page.all("a", href="/login")
    assert client.visit("/nowhere", 404).one("main").all("a", href="/")
