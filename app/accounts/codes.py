"""Household codes: 12 digits on a slip, of which only a keyed, slow hash is kept.

Four digits select the household within its building, eight prove it (THREATS.md T01). The
eight are keyed with `code_key` (HMAC) before argon2id, so that a stolen database alone does
not allow guessing; one check stays below 10 ms of CPU. It knows no database.
"""

import re
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.tokens import keyed_digest, random_digits

SELECTOR_DIGITS = 4
SECRET_DIGITS = 8

_hasher = PasswordHasher(time_cost=2, memory_cost=7168, parallelism=1)
# Checked when no code matches the selector, so that both answers take the same time (T20).
_DUMMY = _hasher.hash("nobody's code")


@dataclass(frozen=True)
class Code:
    """The two parts of a code as it was typed or drawn."""

    selector: str
    secret: str

    @property
    def digits(self) -> str:
        """All 12 digits, as printed."""
        return self.selector + self.secret


def draw_code() -> Code:
    """A fresh random code."""
    return Code(random_digits(SELECTOR_DIGITS), random_digits(SECRET_DIGITS))


def read_code(typed: str) -> Code | None:
    """What a person typed, spaces, dashes and full-width digits allowed; None if not 12 digits."""
    digits = re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", typed))
    if not re.fullmatch(r"[0-9]{12}", digits):
        return None
    return Code(digits[:SELECTOR_DIGITS], digits[SELECTOR_DIGITS:])


def hash_secret(secret: str, key: str) -> str:
    """The slow hash that is stored; `key` is the installation's code key."""
    return _hasher.hash(keyed_digest(key, secret))


def is_secret(stored: str | None, secret: str, key: str) -> bool:
    """Whether `secret` is the one behind `stored`; without a stored hash it costs the same."""
    try:
        matches = _hasher.verify(stored or _DUMMY, keyed_digest(key, secret))
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None
