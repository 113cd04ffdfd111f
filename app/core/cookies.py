"""What a browser keeps for us: the signed session, notes beside it, and how one likes to read.

A note is for something large that is soon over: it makes no session larger, and forgetting it
signs no session anew.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, Response, after_this_request, current_app, request
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer
from werkzeug.http import dump_cookie

# As long as a household may be idle, and a little more.
_MINUTES = 60
_YEAR = 31_536_000


class Sessions(SecureCookieSessionInterface):
    """Sessions in signed cookies; the signer is made once, not for every cookie."""

    _signer: URLSafeTimedSerializer | None = None

    def __init__(self) -> None:
        self._payload = lru_cache(maxsize=2000)(self._verified)

    def kept(self, app: Flask, cookies: str) -> Mapping[str, Any]:
        """What the session in a `Cookie` header holds, to be read only; nothing when it is none.

        A cookie is verified once: its words never change. How old it may be, the reader judges.
        """
        name = f"{app.config['SESSION_COOKIE_NAME']}="
        value = next((c[len(name) :] for c in cookies.split("; ") if c.startswith(name)), "")
        signer = self.get_signing_serializer(app)
        return self._payload(signer, value) if signer and value else {}

    @staticmethod
    def _verified(signer: URLSafeTimedSerializer, value: str) -> Mapping[str, Any]:
        try:
            kept: Mapping[str, Any] = signer.loads(value)
        except BadSignature:
            return {}
        return kept

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of this application's key."""
        self._signer = self._signer or super().get_signing_serializer(app)
        return self._signer

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie when something changed; else say that the answer depended on it."""
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            others = response.headers.get("Vary")
            response.headers["Vary"] = f"{others}, Cookie" if others else "Cookie"


def keep_choice(response: Response, name: str, value: str) -> Response:
    """Let this browser keep how its reader likes to read, for a year; it is nobody's secret."""
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(name, value, max_age=_YEAR, secure=is_secure, httponly=True, samesite="Lax")
    return response


def keep_note(name: str, value: Any, minutes: int = _MINUTES) -> None:
    """Let this browser keep `value` until it is forgotten, for an hour at most by default."""
    written = note_signer(name).dumps(value)

    @after_this_request
    def send(response: Response) -> Response:
        response.set_cookie(
            name,
            str(written),
            max_age=minutes * 60,
            secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Lax",
        )
        return response


def kept_note(name: str) -> Any:
    """What this browser keeps under `name`, as we wrote it; None when there is nothing."""
    try:
        return note_signer(name).loads(request.cookies.get(name, ""))
    except BadSignature:
        return None


def forget_note(name: str) -> None:
    """Let this browser forget what it keeps under `name`."""
    if name in request.cookies:

        @after_this_request
        def send(response: Response) -> Response:
            is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
            response.headers.add("Set-Cookie", _gone(name, is_secure))
            return response


@lru_cache
def _gone(name: str, is_secure: bool) -> str:
    return dump_cookie(name, max_age=0, secure=is_secure, httponly=True, samesite="Lax")


def note_signer(name: str) -> URLSafeSerializer:
    """Signs the notes of this name, so that nobody writes them but us."""
    key = current_app.secret_key or ""
    return URLSafeSerializer(key, salt=f"note-{name}", serializer=TaggedJSONSerializer())
