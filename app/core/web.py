"""The way through a request: security headers, error pages, and the only exits of a view."""

import hashlib
import random
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from wsgiref.headers import Headers

import structlog
from flask import (
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_compress import Compress
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import IntegerConverter, Map
from whitenoise import WhiteNoise

from app.core import clock, cookies, jobs
from app.core.db import db, mark_reading
from app.core.errors import Refused
from app.core.format import local
from app.core.guards import current_home, may_open
from app.core.i18n import translated
from app.core.log import note_request
from app.core.sheets import Table, write_workbook

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = structlog.get_logger()
csrf = CSRFProtect()
compress = Compress()

_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_CSP = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "object-src 'none'",
    )
)
_HEADERS = [
    ("Content-Security-Policy", _CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(self), geolocation=(), microphone=()"),
]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_NEVER_KEPT = ("Cache-Control", "no-store")
_ONLY_OVER_TLS = ("Strict-Transport-Security", "max-age=31536000")


def page(template: str, status: int = 200, **context: Any) -> Response:
    """Render a page; 422 when the form on it has errors."""
    form = context.get("form")
    if form is not None and getattr(form, "has_errors", False):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return make_response(render_template(template, **context), status)


def saved(endpoint: str, _anchor: str | None = None, **values: Any) -> Response:
    """The only way out of a POST: commit, wake the background, 303 to the next page."""
    commit()
    return make_response(redirect(url_for(endpoint, _anchor=_anchor, **values), 303))


def commit() -> None:
    """Make what this request did durable, then let the background know of its jobs."""
    db.session.commit()
    jobs.wake()


def spreadsheet(name: str, tables: Sequence[Table]) -> Response:
    """An .xlsx to keep, called `name` and the day; whatever can name people asks `stepped_up`."""
    called = f"{name}-{local(clock.now()):%Y%m%d}.xlsx"
    answer = send_file(
        BytesIO(write_workbook(tables)), _XLSX, as_attachment=True, download_name=called
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def handed_out(name: str, tables: Sequence[Table]) -> Response:
    """A spreadsheet that a POST made and recorded: what was recorded is kept before it leaves."""
    answer = spreadsheet(name, tables)
    commit()
    return answer


def other_page(number: int) -> str:
    """The address of another page of the list that this request shows (`core.paging`)."""
    values = {**(request.view_args or {}), **request.args.to_dict(), "page": number}
    return url_for(request.endpoint or "", **values)


def static_url(filename: str) -> str:
    """Address of a static file with its content hash, so that it may be cached for good."""
    static = Path(current_app.static_folder or "static") / filename
    stamp = static.stat().st_mtime_ns if current_app.debug or current_app.testing else 0
    return url_for("static", filename=filename, v=_content_hash(static, stamp))


@lru_cache(maxsize=256)
def _content_hash(path: Path, _stamp: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def serve_static(app: Flask) -> None:
    """Serve static files before the application, compressed beforehand where a .gz lies beside.

    Styles, scripts and pictures are always asked for through `static_url`, so browsers may keep
    them for good; anything else is asked for again after an hour. Not for debugging: what is
    served was compressed when the server was set up.
    """
    files = WhiteNoise(
        app.wsgi_app,
        root=app.static_folder,
        prefix="static/",
        max_age=3600,
        allow_all_origins=False,
        immutable_file_test=r"^/static/(css|js|img)/",
        add_headers_function=_add_headers,
    )
    files.add_files(app.blueprints["bootstrap"].static_folder, prefix="bootstrap/static/")
    app.wsgi_app = files  # type: ignore[method-assign]


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    for name, value in _HEADERS:
        headers[name] = value


def headers_of(app: Flask, number: str) -> list[tuple[str, str]]:
    """What stands on every answer to the request of this number."""
    wanted = [*_HEADERS, ("X-Request-Id", number), _NEVER_KEPT]
    if app.extensions["juyi_config"].is_secure:
        wanted.append(_ONLY_OVER_TLS)
    return wanted


class _Answer(Response):
    """A response that gets the headers of every page as it leaves, unless a view set its own.

    Then they are a list again: setting them one by one looks through all the others each time.
    """

    def get_wsgi_response(
        self, asked: "WSGIEnvironment"
    ) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Add them to what goes to the server."""
        body, status, headers = super().get_wsgi_response(asked)
        own = {name for name, _value in headers}
        wanted = headers_of(current_app, g.get("request_id", ""))
        if request.endpoint == "static":
            wanted.remove(_NEVER_KEPT)
        return body, status, headers + [header for header in wanted if header[0] not in own]


def asked_number(name: str) -> int | None:
    """The whole number that the address or form asks for under `name`, if a table could hold it."""
    number = request.values.get(name, type=int)
    return number if number is not None and 0 <= number < 2**31 else None


class _Id(IntegerConverter):
    """An id in an address: what no table could hold is not found, rather than an error."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


def init(app: Flask) -> None:
    """Hook the request flow into the application."""
    app.response_class = _Answer
    app.session_interface = cookies.Sessions()
    app.url_map.converters["int"] = _Id
    app.before_request(_enter)
    app.after_request(_log_request)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    csrf.init_app(app)
    app.config["COMPRESS_REGISTER"] = False
    compress.init_app(app)
    app.after_request(_compress)
    app.jinja_env.globals.update(static_url=static_url, other_page=other_page, may_open=may_open)
    app.context_processor(lambda: {"home": current_home})
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def _enter() -> None:
    """Every request comes this way before it reaches its view."""
    _begin()
    if request.method not in _SAFE_METHODS:
        _refuse_cross_site()
        _refuse_without_token()
    _refuse_nonsense()


def new_number() -> str:
    """A number for a request: it only tells lines of the log apart.

    Real randomness would cost a call of the system.
    """
    return f"{random.getrandbits(64):016x}"


def _begin() -> None:
    g.request_id = new_number()
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)
    mark_reading(request.method in _SAFE_METHODS)
    view = current_app.view_functions.get(request.endpoint or "")
    max_body = getattr(view, "max_body", None)
    if max_body:
        request.max_content_length = max_body


def _refuse_cross_site() -> None:
    """Second fence beside the token (THREATS.md T08); old web views send neither header."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)
    origin = request.headers.get("Origin")
    if origin and origin != "null" and host_of(origin) != request.host:
        abort(403)


def _refuse_without_token() -> None:
    # An address that does not exist is not found, token or not.
    if request.endpoint:
        csrf.protect()


def host_of(url: str) -> str:
    """Host and port of an address that a stranger wrote; empty when it is none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _refuse_nonsense() -> None:
    """No text or name of a field holds a zero byte, and no form of ours is sent as JSON."""
    if request.is_json and request.method not in _SAFE_METHODS:
        abort(415)
    fields = [*request.args.lists()]
    if request.method not in _SAFE_METHODS:
        fields += request.form.lists()
    texts = (text for name, values in fields for text in (name, *values))
    if "\0" in request.path or any("\0" in text for text in texts):
        abort(400)


def _log_request(response: Response) -> Response:
    """One line per request, without the query: a query may carry what nobody should read.

    An answer that says "nothing new" is not worth a line: every open board gets one a second.
    """
    if response.status_code == HTTPStatus.NOT_MODIFIED:
        return response
    began = g.get("began")
    took = round((time.perf_counter() - began) * 1000, 1) if began else None
    number = g.get("request_id", "")
    note_request(number, request.method, request.path, response.status_code, took)
    return response


def _compress(response: Response) -> Response:
    """For the wire; a few words are not worth looking at."""
    length = response.content_length
    is_short = length is not None and length < current_app.config["COMPRESS_MIN_SIZE"]
    return response if is_short else compress.after_request(response)


def _refused(refusal: Refused) -> Response:
    db.session.rollback()
    return _error_page(409, translated(refusal))


def _csrf_failed(_error: CSRFError) -> Response:
    return _error_page(403, None, stale_form=True)


def _http_error(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):
        # Under a foreign name there are no addresses, so there is no page either.
        return make_response("This name is not served here.\n", 400, {"Content-Type": "text/plain"})
    return _error_page(error.code, None)


def _bug(error: Exception) -> Response:
    db.session.rollback()
    log.exception("bug", path=request.path, exc_info=error)
    return _error_page(500, None)


def _error_page(code: int, message: str | None, *, stale_form: bool = False) -> Response:
    if request.accept_mimetypes.best == "application/json":
        return make_response({"error": message or HTTPStatus(code).phrase}, code)
    try:
        html = _error_html(code, message, stale_form)
    except Exception:
        # The page itself needs the database and the templates, which may be what is broken.
        log.exception("error page failed", status=code)
        html = f"<!doctype html><title>Juyi</title><h1>系统出了点问题</h1><p>{g.request_id}</p>"
    return make_response(html, code)


def _error_html(code: int, message: str | None, stale_form: bool) -> str:
    is_staff = bool(getattr(current_user, "is_authenticated", False))
    return render_template(
        "errors/error.html",
        code=code,
        message=message,
        stale_form=stale_form,
        request_id=g.get("request_id", ""),
        layout="layouts/staff.html" if is_staff else "layouts/resident.html",
    )
