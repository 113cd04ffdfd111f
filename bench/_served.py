"""The product as it is, and beside it the least that Flask can do: `/empty`, by GET or POST.

Both answer in the same server processes, so that one may be measured against the other. `/counts`
tells how many statements reached the database of the process, how many boards were drawn, and the
seconds of CPU that it took.
"""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.desk import live
from wsgi import app

_counts = {"statements": 0, "drawn": 0}
_empty = Flask("empty")
_product = app.wsgi_app


@_empty.route("/empty", methods=["GET", "POST"])
def nothing() -> str:
    """An answer without a word."""
    return ""


@_empty.get("/counts")
def counts() -> dict[str, float]:
    """What this process did so far."""
    return {**_counts, "seconds": time.process_time()}


@event.listens_for(Engine, "before_cursor_execute")
def _count_statement(*_told: object) -> None:
    _counts["statements"] += 1


def _counting_drawn(draw: Callable[..., Any]) -> Callable[..., Any]:
    def drawn(*args: Any) -> Any:
        _counts["drawn"] += 1
        return draw(*args)

    return drawn


live._draw = _counting_drawn(live._draw)


def _either(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    chosen = _empty if environ["PATH_INFO"] in ("/empty", "/counts") else _product
    return chosen(environ, start_response)


app.wsgi_app = _either  # type: ignore[method-assign]
