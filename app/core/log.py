"""Structured logs: one JSON object a line, with names, phones, codes and tokens masked.

It owns how an event is written; which events there are belongs to whoever calls it.
"""

import json
import logging
import re
import sys
import threading
from collections import deque
from typing import IO, Any

import structlog

from app.core import clock

_requests = logging.getLogger("juyi.requests")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1\d{2}[ -]?\d{4}[ -]?\d{4}(?!\d)")
# PostgreSQL tells the whole row that broke a constraint.
_QUOTED_ROW = re.compile(r"DETAIL:.*")
_CODE = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)")
# Whoever reads the link of an invitation could use it.
_INVITATION = re.compile(r"(/invite/)[^\s\"?]+")
# Values under these keys are never written, whatever they hold.
_SECRET_KEYS = {
    "name",
    "owner",
    "contact",
    "phone",
    "room",
    "code",
    "otp",
    "password",
    "token",
    "secret",
    "cookie",
}
# Libraries that tell every small step at INFO.
_CHATTY = ("alembic", "fontTools", "huey", "weasyprint", "werkzeug")


def mask(text: str) -> str:
    """`text` without mobile numbers, household codes, invitations, and rows a database quotes."""
    text = _INVITATION.sub(r"\1<token>", _QUOTED_ROW.sub("DETAIL: <row>", text))
    return _CODE.sub("<code>", _PHONE.sub("<phone>", text))


def init(*, testing: bool) -> None:
    """Send everything, ours and the libraries', through one masking JSON renderer."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if not testing:
        root = logging.getLogger()
        root.handlers = [handler(sys.stderr)]
        root.setLevel(logging.INFO)
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)


def note_request(request: str, method: str, path: str, status: int, ms: float | None) -> None:
    """Write the line of a request as `info("request", …)` would, by the shortest way.

    It is the one line that every answer waits for; only the path is somebody else's words.
    """
    if _requests.isEnabledFor(logging.INFO):
        event = {
            "event": "request",
            "level": "info",
            "method": method,
            "ms": ms,
            "path": mask(path),
            "request": request,
            "status": status,
            "timestamp": clock.now().isoformat().replace("+00:00", "Z"),
        }
        line = json.dumps(event, ensure_ascii=False)
        _requests.handle(_Line(_requests.name, logging.INFO, "", 0, line, (), None))


class _Line(logging.LogRecord):
    """A record whose message is the whole line already."""


def handler(stream: IO[str]) -> logging.Handler:
    """Writes every record, whoever logged it, to `stream` as one masked JSON line."""
    written = _Stream(stream)
    written.setFormatter(
        _Lines(
            foreign_pre_chain=_shared(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask_event,
                structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
            ],
        )
    )
    return written


class _Stream(logging.StreamHandler[IO[str]]):
    """A stream for which nobody waits: who finds another thread writing leaves it the line."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._lines: deque[str] = deque()
        self._writing = threading.Lock()

    def createLock(self) -> None:  # noqa: N802 - the name is the library's
        """None: it would make every thread wait for the slowest."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of this record, and those that others leave meanwhile."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            while self._lines and self._writing.acquire(blocking=False):
                try:
                    lines = [self._lines.popleft() for _ in range(len(self._lines))]
                    self.stream.write("".join(lines))
                    self.flush()
                finally:
                    self._writing.release()
        except Exception:
            self.handleError(record)


class _Lines(structlog.stdlib.ProcessorFormatter):
    """Makes each record a line; that of a request is one already."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of this record."""
        return str(record.msg) if isinstance(record, _Line) else super().format(record)


def _shared() -> list[Any]:
    return [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _mask_event(_logger: Any, _method: str, event: Any) -> Any:
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if key in _SECRET_KEYS:
        return "<masked>"
    if isinstance(value, dict):
        return {inner: _masked(str(inner), part) for inner, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", part) for part in value]
    return mask(value) if isinstance(value, str) else value
