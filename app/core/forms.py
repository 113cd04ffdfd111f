"""The form every feature's forms build on: trimmed, canonical text and errors told at the top."""

import unicodedata
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field

from app.core.errors import Refused
from app.core.i18n import translated

# Bidi controls and zero-width characters change what a text looks like without being seen.
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)


def canonical(text: str) -> str:
    """NFKC, invisible characters removed, spaces trimmed; used at writing and comparing (T40)."""
    return unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).strip()


def cleaned(text: str | None) -> str:
    """Free text as it is kept: NFC, no invisible characters, line ends as \\n, trimmed."""
    text = unicodedata.normalize("NFC", (text or "").translate(_INVISIBLE))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc").strip()


class Form(FlaskForm):
    """A form that can also be refused by an action."""

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
        return whole + [(f.id, str(m)) for f in self for m in _flat(f)]


def _flat(field: Field) -> list[Any]:
    return [error for error in field.errors if isinstance(error, str) or hasattr(error, "__str__")]
