"""Structured logs: one JSON object a line, with names, phones, codes and tokens masked."""

import logging
import re
import sys
from typing import Any

import structlog

_PHONE = re.compile(r"(?<!\d)(?:\+?86)?1\d{10}(?!\d)")
_CODE = re.compile(r"(?<!\d)\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)")
# Values under these keys are never written, whatever they hold.
_SECRET_KEYS = {"name", "owner", "contact", "phone", "code", "password", "token", "secret", "cookie"}


def mask(text: str) -> str:
    """`text` without mobile numbers and household codes; line breaks are JSON-escaped later."""
    return _CODE.sub("<code>", _PHONE.sub("<phone>", text))


def init(*, testing: bool) -> None:
    """Send everything, ours and the libraries', through one masking JSON renderer."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    if not testing:
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
        logging.getLogger().handlers[0].addFilter(_mask_record)
        logging.getLogger("weasyprint").setLevel(logging.ERROR)
        logging.getLogger("fontTools").setLevel(logging.ERROR)


def _mask_event(_logger: Any, _method: str, event: Any) -> Any:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "<masked>"
        elif isinstance(value, str):
            event[key] = mask(value)
    return event


def _mask_record(record: logging.LogRecord) -> bool:
    record.msg = mask(record.getMessage())
    record.args = ()
    return True
