"""The number on a form: `R12-00037-5`, made of its round, its running number and a check digit.

Pure. The check digit is Damm's: it tells every single wrong digit and every two that were swapped.
"""

import re
import unicodedata
from dataclasses import dataclass

from app.core.errors import Refused, msg

# Damm's table: a quasigroup of order ten, totally anti-symmetric.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
# People and keyboards write all of these.
_DASH = r"\s*[-–—_·\s]\s*"
_WHOLE = re.compile(rf"R\s*(\d{{1,9}}){_DASH}(\d{{1,6}}){_DASH}(\d)", re.ASCII)
_SHORT = re.compile(rf"(\d{{1,6}}){_DASH}(\d)", re.ASCII)


class Misread(Refused):
    """What was typed or scanned is no number of a form."""


@dataclass(frozen=True)
class Serial:
    """A form's place: the id of its round, and its running number there from 1."""

    round_id: int
    number: int

    def __str__(self) -> str:
        digits = f"{self.round_id}{self.number:05d}"
        return f"R{self.round_id}-{self.number:05d}-{check_digit(digits)}"


def check_digit(digits: str) -> str:
    """The digit that makes `digits` right (Damm)."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def read_serial(text: str, round_id: int | None = None) -> Serial:
    """The serial in `text`: as printed, as an address ends with it, or without its round

    (`37-5`) where `round_id` says which. Refuses `Misread`.
    """
    told = unicodedata.normalize("NFKC", text).strip().upper().rsplit("/", 1)[-1]
    found = _WHOLE.fullmatch(told)
    if found:
        here, number, digit = found.groups()
    elif round_id is not None and (short := _SHORT.fullmatch(told)):
        here, (number, digit) = str(round_id), short.groups()
    else:
        raise Misread(msg("这不是表上的编号。编号在表的右上角，像 R12-00037-5 这样。"))
    serial = Serial(int(here), int(number))
    if not serial.number or not str(serial).endswith(f"-{digit}"):
        raise Misread(msg("编号输错了一位。请对着表的右上角再输一遍。"))
    return serial
