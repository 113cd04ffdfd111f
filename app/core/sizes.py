"""Text sizes: three steps, 18, 22 and 28 px; the choice is a cookie.

The page says which one it is in `html[data-size]`; style sheets measure everything in `rem`, so
nothing else has to know.
"""

from flask import Flask, Response, request
from flask_babel import lazy_gettext as _l

from app.core.cookies import keep_choice

SIZES = {"standard": _l("小"), "large": _l("中"), "largest": _l("大")}
DEFAULT = "standard"
_COOKIE = "size"


def init(app: Flask) -> None:
    """Let every page know the size that its reader chose."""
    app.context_processor(lambda: {"size_of_text": chosen(), "sizes": SIZES})


def remember(response: Response, size: str) -> Response:
    """Keep the chosen size for a year in a cookie that holds nothing else."""
    return keep_choice(response, _COOKIE, size)


def chosen() -> str:
    """The size this browser asks for; anything we do not know is the smallest."""
    wanted = request.cookies.get(_COOKIE, DEFAULT) if request else DEFAULT
    return wanted if wanted in SIZES else DEFAULT
