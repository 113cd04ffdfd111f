"""The form every feature's forms build on: trimmed, canonical text and errors told at the top."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.support import NullTranslations, Translations
from flask import current_app
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import (
    DateTimeLocalField,
    Field,
    FieldList,
    FormField,
    IntegerField,
    SelectMultipleField,
)
from wtforms.i18n import messages_path
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from app.core.errors import Refused
from app.core.format import local
from app.core.i18n import pack, translated

# Bidi controls and zero-width characters change what a text looks like without being seen; what
# Unicode says will never be a character makes a page invalid.
_INVISIBLE = dict.fromkeys(
    [
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE0080),
        *(0x00AD, 0x061C, 0x180E, 0xFEFF),
        *range(0xFDD0, 0xFDF0),
        *(plane * 0x10000 + end for plane in range(17) for end in (0xFFFE, 0xFFFF)),
    ]
)


def canonical(text: str) -> str:
    """NFKC without invisible and control characters, trimmed; for writing and comparing (T40)."""
    text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    return "".join(c for c in text if unicodedata.category(c) != "Cc").strip()


def tidied(text: str | None) -> str:
    """`canonical` as a field's filter, so that what is validated is what will be stored."""
    return canonical(text or "")


def cleaned(text: str | None) -> str:
    """Free text as it is kept: NFC, no invisible characters, line ends as \\n, trimmed."""
    text = unicodedata.normalize("NFC", (text or "").translate(_INVISIBLE))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


class SmallNumberField(IntegerField):
    """A whole number of a few digits; a longer one is a slip of the finger, not a number."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read it, unless it is absurdly long."""
        if valuelist and len(valuelist[0]) > 9:
            raise ValueError(gettext("这个数太大了。"))
        super().process_formdata(valuelist)


class WallClockField(DateTimeLocalField):
    """A moment as the office's clock shows it; `data` is aware, in UTC."""

    # None before anything is read; `InputRequired` sees to the rest.
    data: Any

    def process_data(self, value: datetime | None) -> None:
        """Keep the moment as it is stored."""
        self.data = value

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what the browser sends, which knows no time zone."""
        super().process_formdata(valuelist)
        if self.data is not None:
            here = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
            try:
                self.data = self.data.replace(tzinfo=here).astimezone(UTC)
            except OverflowError:
                self.data = None
                raise ValueError(gettext("这个时间不对，请重新选。")) from None

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return local(self.data).strftime("%Y-%m-%dT%H:%M") if self.data else ""


@lru_cache
def _texts_of_library(locale: str) -> NullTranslations:
    """What WTForms itself says, read from its catalogue once and not in every request."""
    return Translations.load(messages_path(), [locale], domain="wtforms")


class Form(FlaskForm):
    """A form that can also be refused by an action."""

    form_errors: list[str]

    class Meta(FlaskForm.Meta):
        """How the library's own messages are found."""

        def get_translations(self, form: Any) -> NullTranslations:
            """Its catalogue in the reader's language."""
            return _texts_of_library(pack().kin)

    def refuse(self, refusal: Refused) -> None:
        """Show the refusal at the top of the form, as its own error."""
        self.form_errors = [*self.form_errors, translated(refusal)]

    @property
    def has_errors(self) -> bool:
        """Whether the person has something to mend."""
        return bool(self.errors)

    def error_list(self) -> list[tuple[str, str]]:
        """(field id, message) in the order of the page; the id is empty for the whole form."""
        whole = [("", str(message)) for message in self.form_errors]
        return whole + [told for field in self for told in _told(field)]


def _told(field: Field) -> Iterator[tuple[str, str]]:
    """The errors of a field and of the fields inside it; rows of a list are told by number."""
    if isinstance(field, FieldList):
        for number, entry in enumerate(field.entries, start=1):
            for where, message in _told(entry):
                yield where, gettext("第 %(row)s 行：%(message)s", row=number, message=message)
    elif isinstance(field, FormField):
        for inner in field.form:
            yield from _told(inner)
    else:
        for message in field.errors:
            yield field.id, str(message)


# Commas stand between thousands or not at all: `1,5` is a slip of the hand, not fifteen.
_DECIMAL = re.compile(r"(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?", re.ASCII)


def in_hundredths(text: str) -> int:
    """An amount with at most two decimals, exactly, in hundredths: `1,200.5` is 120050.

    Full-width digits and commas count like plain ones. Raises `ValueError` on all else.
    """
    found = _DECIMAL.fullmatch(canonical(text).replace("。", "."))
    # NFKC makes a plain 2 of a raised one: `86.5²` would be read as 86.52.
    if found is None or any(unicodedata.category(sign) == "No" for sign in text):
        raise ValueError(text)
    whole, cents = found.groups()
    return int(whole.replace(",", "")) * 100 + int((cents or "").ljust(2, "0"))


def from_hundredths(amount: int) -> str:
    """The shortest text that `in_hundredths` reads back: 120050 is `1200.5`."""
    whole, cents = divmod(amount, 100)
    return f"{whole}.{cents:02d}".rstrip("0").rstrip(".") if cents else str(whole)


class HundredthsField(Field):
    """A quantity of at least 0 with up to two decimals; `data` is an integer in hundredths.

    An empty field is None, so that 0 is something a person has said.
    """

    widget = TextInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["render_kw"] = {"inputmode": "decimal", **kwargs.get("render_kw", {})}
        super().__init__(*args, **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed; a text that is no amount stays in the field with an error."""
        self.data = None
        text = self.plain(str(valuelist[0]).strip()) if valuelist else ""
        if text:
            try:
                self.data = in_hundredths(text)
            except ValueError:
                raise ValueError(self.not_an_amount()) from None

    def plain(self, text: str) -> str:
        """`text` without what people write around the number."""
        return text

    def not_an_amount(self) -> str:
        """The error for a text that is no amount."""
        return gettext("请写数字，最多两位小数，例如 12 或 86.5。")

    def _value(self) -> str:
        if self.data is not None:
            return from_hundredths(self.data)
        return str(self.raw_data[0]) if self.raw_data else ""


class ManyField(SelectMultipleField):
    """Several of a list; what is not on it was not offered by us, and is refused in our words."""

    def pre_validate(self, form: Any) -> None:
        """As WTForms does, whose own words for several wrong ones are English only."""
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(gettext("选了这里没有的项目，请刷新后重新选。")) from None


class YuanField(HundredthsField):
    """Money typed in yuan with up to two decimals; `data` is an integer in fen."""

    def plain(self, text: str) -> str:
        """`￥1,200元` is 1200."""
        return text.lstrip("¥￥").removesuffix("元").strip()

    def not_an_amount(self) -> str:
        """The error for a text that is no sum of money."""
        return gettext("请以元为单位写数字，最多两位小数，例如 1200 或 0.35。")
