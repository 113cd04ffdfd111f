"""Languages: msgids are Chinese, every other language is a pack; the choice is a cookie."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale, gettext

from app.core.cookies import keep_choice
from app.core.errors import Refused


@dataclass(frozen=True)
class Pack:
    """One language of the interface.

    `tag` is what `<html lang>` says (BCP 47), `own_name` what its readers call it. `kin` is the
    catalogue of a library to read where it has none of this language: no pack ever falls back to
    English. A pack made by machine says so on each of its pages until a translator has been over
    it.
    """

    tag: str
    direction: str
    own_name: str
    kin: str
    is_machine_made: bool = False


# By the name of its catalogue under translations/; what a pack does not say is said in Chinese.
LANGUAGES = {
    "zh_Hans_CN": Pack("zh-Hans", "ltr", "简体中文", kin="zh"),
    "zh_Hant": Pack("zh-Hant", "ltr", "繁體中文", kin="zh_TW", is_machine_made=True),
    "en": Pack("en", "ltr", "English", kin="en"),
    "ug": Pack("ug", "rtl", "ئۇيغۇرچە", kin="zh", is_machine_made=True),
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
    return keep_choice(response, _COOKIE, language)


def pack() -> Pack:
    """The language this answer is written in."""
    return LANGUAGES.get(str(get_locale() or DEFAULT), LANGUAGES[DEFAULT])


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
    ours = pack()
    return {
        "lang": ours.tag,
        "dir": ours.direction,
        "is_machine_made": ours.is_machine_made,
        "languages": LANGUAGES,
    }
