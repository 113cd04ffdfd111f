"""Names and telephone numbers of a household ledger, as offices write them in one cell.

Pure: no database, no language. Read again, a canonical list gives itself. Whether a number really
reaches somebody is no business of this module.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.errors import msg
from app.roster.cells import LABEL_LENGTH, NOTHING, Cell, folded, short, text

# A number may be written digit by digit.
MOST_WORDS = 12
_HAN = r"\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IDEOGRAPH = re.compile(f"[{_HAN}]")
_NAME_SPLIT = re.compile(r"[、,;/|\n&+]+")
_AND = re.compile(f"([{_HAN}]{{2,3}})[和及与]([{_HAN}]{{2,3}})")
_DOT = re.compile(r"(?<=[^\x00-\x7f])\s*[·‧•・･∙⋅.]\s*(?=[^\x00-\x7f])")
_EDGES = " .:-·"
_STRAY_BRACKETS = str.maketrans("()", "  ")
_WIDE_BRACKETS = str.maketrans("()", "（）")

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_PLAIN_MOBILE = re.compile("1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(?:(?:\+?86|0086)-?)?(0[0-9]{2,3})?-?([2-9][0-9]{6,7})(?:-([0-9]{1,5}))?")
# Without a dash only the length of the area code tells where the number begins.
_LANDLINE_DIGITS = re.compile(r"(?:\+?86|0086)?(010|02[0-9]|0[3-9][0-9]{2})([2-9][0-9]{6,7})")
_LOCAL_DIGITS = re.compile(r"[2-9][0-9]{6,7}")
_PHONE_SPLIT = re.compile(r"[、,;/|\n或和及。]+")
_PHONE_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣~_", "-"))
_AREA_CODE = re.compile(r"\((0[0-9]{2,3})\)")
_DIGITS = re.compile(r"\+?[0-9][0-9 .-]*[0-9]|[0-9]")
_SHORTENED = re.compile(r"[0-9][Ee]\+?[0-9]")
_WHOLE = re.compile(r"(?<=[0-9]{7})\.0$")
_LOST = msg("电话号码缺了位数：%(value)s。请设为文本格式后重填。")
_KIND = re.compile(r"(?:联系)?(?:电话|手机|固话|座机|宅电|tel|Tel|TEL)")


@dataclass(frozen=True)
class Phones:
    """The usable numbers of a cell, and what is doubtful about the rest: (message, value)."""

    numbers: tuple[str, ...] = ()
    doubts: tuple[tuple[str, str], ...] = ()


def owners(cell: Cell) -> tuple[str, ...]:
    """The names in a cell, in order and once each; `张　三` is one name, `张三 李四` are two."""
    words = (word for part in _outside_brackets(_lines(cell)) for word in _words(part))
    names = (name.strip(_EDGES) for word in words for name in _joined(word.strip(_EDGES)))
    # What stood in brackets between two words leaves two spaces behind.
    spaced = (" ".join(name.split()) for name in names if name not in NOTHING)
    return tuple(dict.fromkeys(short(name) for name in spaced))


def phones(cell: Cell) -> Phones:
    """Mainland mobile numbers as 11 digits and landlines as `0953-2012345`, in order, once each.

    Doubts name what cannot be a number, and landlines, which receive no message.
    """
    if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < 1e15):
        return Phones((), ((_LOST, text(cell)),))
    if isinstance(cell, str) and cell.isascii() and _PLAIN_MOBILE.fullmatch(cell):
        return Phones((cell,))
    numbers: dict[str, None] = {}
    doubts: list[tuple[str, str]] = []
    for written in _PHONE_SPLIT.split(_lines(cell).translate(_PHONE_DASHES)):
        if _SHORTENED.search(written):
            doubts.append((_LOST, written.strip()[:LABEL_LENGTH]))
            continue
        part = _AREA_CODE.sub(r"\1-", _WHOLE.sub("", written)).strip(" .:-")
        if part not in NOTHING:
            _read_phone(part, numbers, doubts)
    return Phones(tuple(numbers), tuple(doubts))


def _lines(cell: Cell) -> str:
    """The text with its line breaks, which separate names and numbers in one cell."""
    if not isinstance(cell, str):
        return text(cell)
    return "\n".join(folded(line) for line in cell.splitlines())


def _outside_brackets(line: str) -> Iterator[str]:
    """Split names at separators, but not inside brackets: `张三（李四、王五之父）` is one."""
    held = ""
    for number, piece in enumerate(re.split(r"(\([^()]*\))", line)):
        if number % 2:
            held += "".join(piece.translate(_WIDE_BRACKETS).split())
            continue
        *complete, last = _NAME_SPLIT.split(piece.translate(_STRAY_BRACKETS))
        for part in complete:
            yield held + part
            held = ""
        held += last
    yield held


def _words(part: str) -> Iterator[str]:
    """Names set apart by spaces; a lone character belongs to its neighbour (`张 三`)."""
    part = _DOT.sub("·", part).strip()
    words = part.split() if _IDEOGRAPH.search(part) else [part]
    name = ""
    for word in words:
        if name and len(word) > 1 and len(name) > 1 and not word.startswith("（"):
            yield name
            name = ""
        name += word
    yield name


def _joined(word: str) -> tuple[str, ...]:
    """The two names of `张三和李四`, or the one."""
    found = _AND.fullmatch(word)
    return (found[1], found[2]) if found else (word,)


def _read_phone(part: str, numbers: dict[str, None], doubts: list[tuple[str, str]]) -> None:
    """Read the one or several numbers of `part`, which no strong separator divides."""
    found = [number for run in _DIGITS.findall(part) for number in _numbers(run)]
    left = _DIGITS.sub("", part).strip(" ()[]:-+.")
    if not found or not all(found):
        doubts.append((msg("不像电话号码，没有导入：%(value)s"), part[:LABEL_LENGTH]))
    elif left and not _KIND.fullmatch(left):
        doubts.append((msg("电话格里还有别的文字，没有导入：%(value)s"), left[:LABEL_LENGTH]))
    for number in filter(None, found):
        if number not in numbers and not _MOBILE.fullmatch(number):
            doubts.append((msg("固定电话收不到短信：%(value)s"), number))
        numbers[number] = None


def _numbers(run: str) -> Iterator[str]:
    """The numbers of a run of digits; '' stands for one that cannot be a number.

    Spaces stand between numbers or inside them (`0953-5550 333`): of the words of a run, as many
    as make one number belong together.
    """
    words = run.split()
    if found := _LOCAL_DIGITS.fullmatch(re.sub("[ .-]+", "", run)):
        yield found[0]
        return
    while words:
        taken = min(len(words), MOST_WORDS)
        while taken > 1 and not all(_number(" ".join(words[:taken]))):
            taken -= 1
        yield from _number(" ".join(words[:taken]))
        words = words[taken:]


def _number(run: str) -> tuple[str, ...]:
    """The one number of `run`, or the two mobile numbers that nothing divides."""
    digits = re.sub(r"[^0-9+]", "", run)
    if found := _MOBILE.fullmatch(digits):
        return (found[1],)
    if len(digits) == 22 and all(map(_MOBILE.fullmatch, (digits[:11], digits[11:]))):
        return (digits[:11], digits[11:])
    if found := _LANDLINE.fullmatch(re.sub("[ .-]+", "-", run)):
        return ("-".join(filter(None, found.groups())),)
    if found := _LANDLINE_DIGITS.fullmatch(digits):
        return (f"{found[1]}-{found[2]}",)
    return ("",)
