"""Polls of boards, answered before the application is entered while memory knows everything.

A wall of screens asks every second or two, and nearly always both the asker and the board are
known: then neither routing nor a session is worth its while (PERFORMANCE.md rows 4 and 5). What is
not in memory, or not as plain as the page sends it, goes the long way through `staff_views.live`.
"""

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from app.core.cookies import Sessions
from app.core.guards import Identity, Role, staff_gate
from app.core.i18n import DEFAULT, LANGUAGES
from app.core.log import note_request
from app.core.web import headers_of, new_number
from app.desk import live
from app.desk.live import Snapshot

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ADDRESS = re.compile(r"/desk/rounds/(\d{1,9})(?:/buildings/(\d{1,9}))?/live")
_TAG = re.compile(r'(?:W/)?"([0-9a-f]+)"')


class Polls:
    """Stands before the application and lets everything through that it cannot answer."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self.app, self.inner = app, inner

    def __call__(
        self, asked: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer from memory, or let the application answer."""
        began = time.perf_counter()
        snapshot = self._remembered(asked) if asked["REQUEST_METHOD"] == "GET" else None
        if snapshot is None:
            return self.inner(asked, start_response)
        number = new_number()
        headers = [*headers_of(self.app, number), ("ETag", f'W/"{snapshot.etag}"')]
        headers.append(("Vary", "Cookie, Accept-Encoding"))
        tag = _TAG.fullmatch(asked.get("HTTP_IF_NONE_MATCH", ""))
        if tag and tag[1] == snapshot.etag:
            start_response("304 NOT MODIFIED", headers)
            return ()
        headers += [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
        headers.append(("Content-Length", str(len(snapshot.packed))))
        took = round((time.perf_counter() - began) * 1000, 1)
        note_request(number, "GET", asked["PATH_INFO"], 200, took)
        start_response("200 OK", headers)
        return (snapshot.packed,)

    def _remembered(self, asked: "WSGIEnvironment") -> Snapshot | None:
        """The board that is asked for, when everything about the asking is known to be right."""
        board = _ADDRESS.fullmatch(asked["PATH_INFO"])
        if board is None or not self._is_plain(asked):
            return None
        cookies = asked.get("HTTP_COOKIE", "")
        who = self._who(cookies)
        if who is None:
            return None
        walks = self._opens(who, "doors_staff.doors")
        place = (int(board[1]), int(board[2] or 0))
        snapshot = live.from_memory((*place, _language(cookies), walks))
        view = "desk.building_live" if board[2] else "desk.live"
        may_look = snapshot and self._opens(who, view) and who.reaches(snapshot.area_path)
        return snapshot if may_look else None

    def _is_plain(self, asked: "WSGIEnvironment") -> bool:
        is_ours = asked.get("HTTP_HOST") == self.app.extensions["juyi_config"].host
        return is_ours and "gzip" in asked.get("HTTP_ACCEPT_ENCODING", "")

    def _who(self, cookies: str) -> Identity | None:
        sessions = self.app.session_interface
        assert isinstance(sessions, Sessions)
        return staff_gate.remembered(sessions.kept(self.app, cookies))

    def _opens(self, who: Identity, endpoint: str) -> bool:
        roles = getattr(self.app.view_functions[endpoint], "roles", ())
        return who.role in (*roles, Role.ADMIN)


def _language(cookies: str) -> str:
    wanted = next((c[9:] for c in cookies.split("; ") if c.startswith("language=")), DEFAULT)
    return wanted if wanted in LANGUAGES else DEFAULT
