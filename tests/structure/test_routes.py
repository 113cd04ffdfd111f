"""Every route: one guard, a typed kebab-case address, a token, and the same headers everywhere."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from tests.client import PageClient
from tests.structure.source import decorators, functions, is_view, modules

SAFE = {"GET", "HEAD", "OPTIONS"}
GUARDS = {"public", "household", "claimant", "staff"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
BASE = "http://127.0.0.1:8000"
# A word that means a change at the end of an address: such an address answers no GET.
VERBS = {"certify", "close", "freeze", "leave", "logout", "open", "publish", "review", "submit"}


def test_every_view_stands_behind_exactly_one_guard() -> None:
    wrong = {
        f"{module.where}:{function.lineno} {function.name}": guards
        for module in modules()
        for function in functions(module)
        if is_view(function)
        and len(guards := [name for name in decorators(function) if name in GUARDS]) != 1
    }
    assert wrong == {}


def test_every_route_has_a_guard(app: Flask) -> None:
    open_doors = [
        rule.endpoint
        for rule in _routes(app)
        if getattr(app.view_functions[rule.endpoint], "guard", None) not in GUARDS
    ]
    assert open_doors == []


def test_every_page_of_the_desk_is_for_staff(app: Flask) -> None:
    strange = [
        str(rule)
        for rule in _routes(app)
        if str(rule).startswith("/desk") and app.view_functions[rule.endpoint].guard != "staff"  # type: ignore[attr-defined]
    ]
    assert strange == []


def test_every_parameter_of_an_address_is_typed(app: Flask) -> None:
    untyped = [
        str(rule)
        for rule in _routes(app)
        if any(":" not in part for part in re.findall(r"<([^>]+)>", str(rule)))
    ]
    assert untyped == []


def test_addresses_are_kebab_case(app: Flask) -> None:
    word = re.compile(
        r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)?|<[a-z]+(\([^)]*\))?:[a-z_]+>(\.[a-z]+)?"
    )
    strange = [
        str(rule)
        for rule in _routes(app)
        if not all(word.fullmatch(part) for part in str(rule).strip("/").split("/") if part)
    ]
    assert strange == []


def test_only_get_and_post_are_spoken(app: Flask) -> None:
    strange = [str(rule) for rule in _routes(app) if (rule.methods or set()) - SAFE - {"POST"}]
    assert strange == []


def test_an_address_that_ends_in_a_verb_answers_no_get_unless_it_asks_first(app: Flask) -> None:
    # A GET beside a POST is the page that asks; a GET alone would be the deed.
    deeds = [
        str(rule)
        for rule in _routes(app)
        if str(rule).rsplit("/", 1)[-1] in VERBS and "POST" not in _methods(app, str(rule))
    ]
    assert deeds == []


def test_a_post_without_a_token_is_forbidden_everywhere(app: Flask, client: PageClient) -> None:
    passed = {url: status for url, status in _answers(app, client.http, {}) if status != 403}
    assert passed == {}


def test_a_post_from_another_site_is_forbidden_everywhere(app: Flask, client: PageClient) -> None:
    token = client.token()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        passed = {
            url: status
            for url, status in _answers(app, client.http, headers, csrf_token=token)
            if status != 403
        }
        assert passed == {}


def test_a_post_with_a_token_gets_past_the_fence(client: PageClient) -> None:
    response = client.raw("post", "/language/en", data={"csrf_token": client.token()})
    assert response.status_code == 303


def test_every_answer_carries_the_security_headers(app: Flask, client: PageClient) -> None:
    bare = []
    for rule in _routes(app):
        if "GET" not in (rule.methods or set()):
            continue
        response = client.raw("get", _address(rule))
        if not _is_protected(response.headers):
            bare.append(f"{rule}: {response.status_code}")
    assert bare == []


def test_no_address_breaks_on_things_that_do_not_exist(app: Flask, client: PageClient) -> None:
    broken = {}
    for rule in _routes(app):
        if "GET" in (rule.methods or set()):
            response = client.raw("get", _address(rule))
            if response.status_code >= 500 and rule.endpoint != "site.readyz":
                broken[str(rule)] = response.status_code
    assert broken == {}


def test_the_policy_allows_nothing_inline(client: PageClient) -> None:
    policy = client.raw("get", "/healthz").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "default-src 'none'" in policy


def test_only_our_own_host_is_served(app: Flask, session: Session) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "juyi.internal:8000"):
        response = app.test_client().get("/healthz", headers={"Host": host})
        assert response.status_code == 400, host


def test_pages_may_not_be_kept_by_anybody_between(app: Flask, client: PageClient) -> None:
    kept = []
    for rule in _routes(app):
        if "GET" in (rule.methods or set()):
            answer = client.raw("get", _address(rule))
            if answer.mimetype == "text/html" and answer.headers.get("Cache-Control") != "no-store":
                kept.append(str(rule))
    assert kept == []


def _routes(app: Flask) -> Iterator[Rule]:
    return (r for r in app.url_map.iter_rules() if not r.endpoint.endswith("static"))


def _methods(app: Flask, address: str) -> set[str]:
    found = [rule.methods or set() for rule in _routes(app) if str(rule) == address]
    return set().union(*found)


def _address(rule: Rule) -> str:
    """The rule's address with parameters that lead nowhere."""

    def stand_in(match: re.Match[str]) -> str:
        kind = match.group(1).split(":")[0].split("(")[0]
        return "999999" if kind in {"int", "float"} else "nothing"

    return re.sub(r"<([^>]+)>", stand_in, str(rule))


def _answers(
    app: Flask, http: FlaskClient, headers: dict[str, str], **values: str
) -> Iterator[tuple[str, int]]:
    for rule in _routes(app):
        if (rule.methods or set()) - SAFE:
            url = _address(rule)
            response = http.post(url, base_url=BASE, headers=headers, data=values)
            yield url, response.status_code


def _is_protected(headers: object) -> bool:
    found = dict(headers)  # type: ignore[call-overload]
    return "default-src 'none'" in found.get("Content-Security-Policy", "") and all(
        found.get(name) == value for name, value in HEADERS.items()
    )


@pytest.mark.parametrize("url", ["/static/img/juyi.svg", "/no-such-page"])
def test_files_and_errors_carry_the_headers_too(client: PageClient, url: str) -> None:
    with client.raw("get", url) as response:
        assert _is_protected(response.headers)
