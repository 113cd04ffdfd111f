"""A page client: get and post by endpoint, the expected status in the call, a parsed page back.

Every HTML page it sees must be sound: one h1 that the title starts with, every control labelled,
every form with an action and a token, no duplicate ids, nothing inline.
"""

from typing import Any

import html5lib
from flask import Flask, g, session, url_for
from flask_wtf.csrf import generate_csrf
from html5lib.html5parser import ParseError

from app.accounts import desk_sessions
from app.core import clock
from app.core.db import db

ORIGIN = "http://127.0.0.1:8000"


class Node:
    """An element of a page, found by simple conditions instead of a selector language."""

    def __init__(self, element: Any) -> None:
        self.element = element

    @property
    def tag(self) -> str:
        return str(self.element.tag)

    @property
    def text(self) -> str:
        """All text inside, white space folded."""
        return " ".join("".join(self.element.itertext()).split())

    def __getitem__(self, name: str) -> str:
        return str(self.element.attrib[name])

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.element.attrib.get(name, default)

    def all(self, tag: str = "*", **attributes: str) -> list["Node"]:
        """Descendants with this tag and exactly these attributes (`class_` for class words)."""
        found = []
        for element in self.element.iter():
            if not isinstance(element.tag, str) or (tag != "*" and element.tag != tag):
                continue
            if all(_matches(element, name, value) for name, value in attributes.items()):
                found.append(Node(element))
        return found

    def one(self, tag: str = "*", **attributes: str) -> "Node":
        """The only such descendant."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × <{tag} {attributes}>"
        return found[0]


def _matches(element: Any, name: str, value: str) -> bool:
    if name == "class_":
        return value in element.attrib.get("class", "").split()
    return element.attrib.get(name.rstrip("_").replace("_", "-")) == value


class Page(Node):
    """A parsed page with the response it came in."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        try:
            super().__init__(parser.parse(self.html))
        except ParseError as error:
            raise AssertionError(f"not valid HTML: {error} {parser.errors[-1:]}") from error

    @property
    def h1(self) -> str:
        return self.one("h1").text

    @property
    def title(self) -> str:
        return self.one("title").text

    def form_values(self, action_ends: str = "") -> dict[str, str]:
        """What submitting the (only) form whose action ends so would send, unchanged."""
        forms = [f for f in self.all("form") if (f.get("action") or "").endswith(action_ends)]
        assert len(forms) == 1, f"{len(forms)} forms end in {action_ends!r}"
        return form_values(forms[0])


def form_values(form: Node) -> dict[str, str]:
    """Name → value of a form's filled controls."""
    values: dict[str, str] = {}
    for control in form.all():
        name = control.get("name")
        if not name or control.get("disabled") is not None:
            continue
        kind = control.get("type", "text")
        if control.tag == "textarea":
            values[name] = "".join(control.element.itertext()).removeprefix("\n")
        elif control.tag == "select":
            chosen = [o for o in control.all("option") if o.get("selected") is not None]
            options = chosen or control.all("option")[:1]
            values[name] = options[0].get("value", options[0].text) or "" if options else ""
        elif control.tag == "input" and kind in {"radio", "checkbox"}:
            if control.get("checked") is not None:
                values[name] = control.get("value", "on") or ""
        elif control.tag == "input" and kind not in {"submit", "file", "button"}:
            values[name] = control.get("value", "") or ""
    return values


class PageClient:
    """One browser: keeps cookies, sends tokens, checks every page."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.http = app.test_client()

    def get(self, endpoint: str, status: int = 200, **values: Any) -> Page:
        """GET by endpoint name; the answer must have `status`, and is checked as a page."""
        return self.visit(self._url(endpoint, values), status)

    def visit(self, url: str, status: int = 200) -> Page:
        """GET by address."""
        return self._page(self.raw("get", url), status)

    def post(
        self, endpoint: str, data: dict[str, Any] | None = None, status: int = 303, **values: Any
    ) -> Any:
        """POST by endpoint with a fresh token; a Page when HTML comes back, else the response."""
        return self.submit(self._url(endpoint, values), data or {}, status)

    def submit(self, url: str, data: dict[str, Any], status: int = 303) -> Any:
        """POST by address."""
        data = {"csrf_token": self.token(), **data}
        response = self.raw("post", url, data=data)
        if status == response.status_code and 300 <= status < 400:
            return response
        return self._page(response, status)

    def follow(self, response: Any, status: int = 200) -> Page:
        """The page a redirect leads to."""
        return self.visit(response.headers["Location"], status)

    def sign_in(self, staff: Any, *, sure: bool = True) -> None:
        """Be this member of staff (a `Staff` row or an `Identity`) from now on.

        Unless `sure`, the last proof of that is too long ago.
        """
        token = desk_sessions.begin(staff.id, "Chrome · Windows")
        db.session.commit()
        with self.http.session_transaction(base_url=ORIGIN) as stored:
            stored["_user_id"] = token
            stored["_fresh"] = True
            now = int(clock.now().timestamp())
            stored["staff_began"] = stored["staff_seen"] = now
            stored["staff_sure"] = now if sure else 0

    def enter(self, building: Any, digits: str) -> Page:
        """Sign in as the household with this code; the page one lands on."""
        return self.follow(self.post("accounts.enter", {"code": digits}, token=building.token))

    def token(self) -> str:
        """A CSRF token of this browser's session."""
        with self.http.session_transaction(base_url=ORIGIN) as stored:
            kept = stored.get("csrf_token")
        with self.app.app_context(), self.app.test_request_context():
            if kept:
                session["csrf_token"] = kept
            token = generate_csrf()
            raw = session["csrf_token"]
            g.pop("csrf_token", None)
        with self.http.session_transaction(base_url=ORIGIN) as stored:
            stored["csrf_token"] = raw
        return token

    def raw(self, method: str, url: str, **kwargs: Any) -> Any:
        """Any request, unchecked; the test's own session sees its effects afterwards."""
        db.session.commit()
        # A context of its own, or the request would share `g` and the session with the test.
        with self.app.app_context():
            response = getattr(self.http, method)(url, base_url=ORIGIN, **kwargs)
        db.session.expire_all()
        return response

    def _url(self, endpoint: str, values: dict[str, Any]) -> str:
        with self.app.test_request_context(base_url=ORIGIN):
            return url_for(endpoint, **values)

    def _page(self, response: Any, status: int) -> Page:
        assert response.status_code == status, (
            f"{response.status_code} instead of {status}: {response.headers.get('Location')}"
            f"\n{response.get_data(as_text=True)[:1500]}"
        )
        page = Page(response)
        check_page(page)
        return page


def check_page(page: Page) -> None:
    """What must hold on every page, whatever it shows."""
    assert page.title.startswith(page.h1), f"title {page.title!r} does not start with {page.h1!r}"
    ids = [node["id"] for node in page.all() if node.get("id")]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    assert not twice, f"duplicate ids: {twice}"
    labelled = {label.get("for") for label in page.all("label")}
    for node in page.all():
        inline = [name for name in node.element.attrib if name == "style" or name.startswith("on")]
        assert not inline, f"inline {inline} on <{node.tag}>"
        if node.tag in {"input", "select", "textarea"} and node.get("type") not in {
            "hidden",
            "submit",
        }:
            own_name = node.get("aria-label") or node.get("aria-labelledby")
            named = own_name or node.get("id") in labelled
            assert named, f"no label for {node.tag} {node.get('name')}"
        if node.tag == "form":
            assert node.get("action"), "a form without an action"
            if node.get("method", "get") == "post":
                assert node.all("input", name="csrf_token"), "a POST form without a token"
        if node.tag == "script":
            assert node.get("src"), "an inline script"
        assert node.tag != "style", "an inline style"
        if node.tag == "img":
            assert node.get("alt") is not None, f"no alt text for {node.get('src')}"
    policy = page.response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert page.one("html").get("lang")
