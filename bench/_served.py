"""The product as it is, and beside it the least that Flask can do: `POST /empty`.

Both answer in the same server processes, so that one may be measured against the other.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import Flask

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from wsgi import app

_empty = Flask("empty")
_product = app.wsgi_app


@_empty.post("/empty")
def nothing() -> str:
    """An answer without a word."""
    return ""


def _either(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    chosen = _empty if environ["PATH_INFO"] == "/empty" else _product
    return chosen(environ, start_response)


app.wsgi_app = _either  # type: ignore[method-assign]
