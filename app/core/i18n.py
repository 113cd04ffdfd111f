"""Languages: msgids are Chinese, every other language is a catalogue; the choice is a cookie."""

from typing import Any

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale, gettext

from app.core.errors import Refused

# Catalogue name → (BCP 47 tag for <html lang>, writing direction, its own name).
LANGUAGES = {
    "zh_Hans_CN": ("zh-Hans", "ltr", "中文"),
    "en": ("en", "ltr", "English"),
}
DEFAULT = "zh_Hans_CN"
_COOKIE = "language"

babel = Babel()


def init(app: Flask) -> None:
    """Set up Babel; texts fall back to the Chinese msgid when a translation is missing."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(
        (app.extensions["juyi_root"] / "translations").resolve()
    )
    babel.init_app(app, locale_selector=_chosen)
    app.context_processor(_language_of_page)
    # For words that people typed: `_` of a template would take their % for a parameter.
    app.jinja_env.globals["say"] = say


def remember(response: Response, language: str) -> Response:
    """Keep the chosen language for a year in a cookie that holds nothing else."""
    if language in LANGUAGES:
        response.set_cookie(_COOKIE, language, max_age=31_536_000, httponly=True, samesite="Lax")
    return response


def translated(refusal: Refused) -> str:
    """The words of a refusal in the reader's language."""
    return say(refusal.message, **refusal.params)


def say(message: str, **params: Any) -> str:
    """A marked message (`errors.msg`) in the reader's language, its parameters filled in."""
    text: str = gettext(message)
    return text % params if params else text


def _chosen() -> str:
    if "language" not in g:
        wanted = request.cookies.get(_COOKIE, DEFAULT) if request else DEFAULT
        g.language = wanted if wanted in LANGUAGES else DEFAULT
    language: str = g.language
    return language


def _language_of_page() -> dict[str, Any]:
    name = str(get_locale() or DEFAULT)
    tag, direction, _own = LANGUAGES.get(name, LANGUAGES[DEFAULT])
    return {"lang": tag, "dir": direction, "language": name, "languages": LANGUAGES}
