"""What single cells of a household ledger mean: every way offices write a thing becomes one way.

Pure: no database, no language. Each function takes the cell as the spreadsheet gave it and returns
the canonical value (an empty one for an empty cell), or raises `Unclear` with advice for the person
who keeps the ledger. The canonical value read again gives itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from app.core.errors import Refused, msg

Cell = str | int | float | bool | date | None

LABEL_LENGTH = 40
NOTE_LENGTH = 500
LARGEST_AREA = 9_999_999

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u3164\ufeff"
_INVISIBLE = [*range(0, 9), *range(14, 28), 0x7F, 0xAD, 0x61C, 0x180E, 0xFFFE, 0xFFFF]
_INVISIBLE += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
_FOLD: dict[int, str | None] = {
    **dict.fromkeys(_INVISIBLE),
    **dict.fromkeys(range(0xD800, 0xE000)),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(space): " " for space in _SPACES},
    **dict.fromkeys(range(0x2000, 0x200B), " "),
}
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣~_/\\", "-"))
_NOTHING = frozenset({"", "-", "--", "---", "—", "——", "/", "\\", "无", "暂无", "没有", "不详"})
_NOTHING |= {"未知", "空白", "N/A", "n/a", "NULL", "null", "#N/A", "#REF!", "#VALUE!", "、", "."}

_NUMERAL = "零一二三四五六七八九"
_CHINESE = "零〇一二两三四五六七八九十"
_NUMBER = rf"(?:[0-9]{{1,4}}|[{_CHINESE}]{{1,4}})"
_CODE = rf"(?:{_NUMBER}|[A-Za-z][0-9]{{0,3}}|[0-9]{{1,3}}[A-Za-z])"
_SIDE = "东西南北中前后甲乙丙丁"
_BUILDING_SIGN = "(?:号楼|号栋|号幢|号座|#楼|#栋|#|栋楼|栋|幢|座|楼|号)"
_ENTRANCE_SIGN = "(?:单元|号门|门洞|门|梯|洞|单)"
_ROOM_SIGN = "(?:号房间|号房|房间|室|房|户|号)"
_BUILDING = re.compile(rf"(?:第|[Nn][Oo]\.?)?({_CODE})-?{_BUILDING_SIGN}?")
_BUILDING_PART = re.compile(rf"([0-9]{{1,4}}-[0-9]{{1,2}}){_BUILDING_SIGN}")
_BUILDING_SIDE = re.compile(rf"([{_SIDE}])(?:楼|栋|幢|座)?")
_ENTRANCE = re.compile(rf"第?({_CODE}|[{_SIDE}]){_ENTRANCE_SIGN}?")
_ROOM = re.compile(rf"0*([1-9][0-9]{{0,4}}){_ROOM_SIGN}?")
_ROOM_PART = re.compile(rf"0*([1-9][0-9]{{0,4}})((?:-|[A-Za-z{_SIDE}上下]).*?){_ROOM_SIGN}?")
_STAIRS = re.compile(rf"第?({_CODE}|[{_SIDE}]){_BUILDING_SIGN}?-?({_CODE}|[{_SIDE}]){_ENTRANCE_SIGN}?")
_STAIRS_DASHED = re.compile(rf"({_CODE})-({_CODE})")
_ADDRESS = re.compile(
    rf"(?P<compound>[^0-9]*?)第?(?P<building>{_CODE}|[{_SIDE}])-?{_BUILDING_SIGN}-?"
    rf"(?:第?(?P<entrance>{_CODE}|[{_SIDE}])-?{_ENTRANCE_SIGN}-?|(?P<dashed>[0-9]{{1,2}})-)?"
    rf"(?P<room>[0-9]{{1,5}}[A-Za-z]?|[0-9]{{1,2}}-[0-9]{{1,2}}){_ROOM_SIGN}?"
)
_ADDRESS_DASHED = re.compile(
    rf"({_CODE}|[{_SIDE}])[-.]({_CODE}|[{_SIDE}])[-.]"
    rf"([0-9]{{1,5}}[A-Za-z]?|[0-9]{{1,2}}-[0-9]{{1,2}}){_ROOM_SIGN}?"
)
_STAIR_ROOM = re.compile(
    rf"({_CODE}|[{_SIDE}])(?:{_ENTRANCE_SIGN}-?([0-9]{{1,5}}[A-Za-z]?)|-([0-9]{{3,5}}[A-Za-z]?))"
    rf"{_ROOM_SIGN}?"
)
_DATE = re.compile(
    r"[0-9]{4}[-年.][0-9]{1,2}[-月.][0-9]{1,2}日?(?: 00:00:00)?|[0-9]{1,2}月[0-9]{1,2}日"
    r"|[0-9]{1,2}-[A-Za-z]{3}(?:-[0-9]{2,4})?|[A-Za-z]{3}-[0-9]{2}"
)
_AREA = re.compile(r"约?([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[-+]?[0-9]*\.?[0-9]+|[0-9]+\.)(.*)")
_AREA_UNITS = frozenset({"", "㎡", "m²", "m2", "M2", "M²", "平方米", "平米", "平方", "平", "米²"})

_NAME_SPLIT = re.compile(r"[、,;/|\n&+]+|(?<=[\u3400-\u9fff])(?:和|及|与)(?=[\u3400-\u9fff]{2})")
_DOT = re.compile(r"(?<=[^\x00-\x7f])[·‧•・･∙⋅.](?=[^\x00-\x7f])")
_IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_BRACKETS = str.maketrans("()", "（）")  # noqa: RUF001

_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_LANDLINE = re.compile(r"(?:\+?86|0086)?(0[0-9]{2,3})?-?([2-9][0-9]{6,7})(?:-([0-9]{1,5}))?")
_PHONE_SPLIT = re.compile(r"[、,;/|\n或和及。]+")
_DIGITS = re.compile(r"\+?[0-9][0-9 \-.]*[0-9]|[0-9]")


class Unclear(Refused):
    """A cell cannot be understood; the message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Place:
    """Where a home is; what the cell does not tell is an empty string."""

    compound: str
    building: str
    entrance: str
    room: str


@dataclass(frozen=True)
class Phones:
    """The usable numbers of a cell, and what is doubtful about the rest as marked messages."""

    numbers: tuple[str, ...]
    doubts: tuple[tuple[str, str], ...]


def text(cell: Cell) -> str:
    """The cell as one line of text: half-width, single spaces, nothing invisible; '' for none."""
    if isinstance(cell, str):
        return " ".join(cell.translate(_FOLD).split())
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else ("是" if cell else "否")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def label(cell: Cell) -> str:
    """A name of a town, community or compound: no spaces inside Chinese, '' for words like 无."""
    plain = text(cell)
    if plain in _NOTHING:
        return ""
    if _IDEOGRAPH.search(plain):
        plain = plain.replace(" ", "")
    return _short(plain)


def note(cell: Cell) -> str:
    """A remark, cut at 500 characters."""
    return text(cell)[:NOTE_LENGTH].strip()


def building(cell: Cell) -> str:
    """`3号楼`, `3#`, `3栋`, `第三幢`, `３`, 3.0 are `3号楼`; `A座` is `A栋`; `东幢` is `东楼`."""
    return _building(_label_text(cell))


def entrance(cell: Cell) -> str:
    """`1`, `一单元`, `1门` are `1单元`, `甲` is `甲单元`; '' stays: the building has no entrances."""
    return _entrance(_label_text(cell))


def building_and_entrance(cell: Cell) -> tuple[str, str]:
    """A building cell that may name the entrance too: `3号楼2单元`, `3#2`, `3-2`."""
    plain = _label_text(cell)
    if (found := _STAIRS.fullmatch(plain)) and ("单元" in plain or "#" in plain[:-1]):
        if not _BUILDING.fullmatch(plain):
            return _building(found[1]), _entrance(found[2])
    if found := _STAIRS_DASHED.fullmatch(plain):
        return _building(found[1]), _entrance(found[2])
    return _building(plain), ""


def room(cell: Cell) -> str:
    """`0501`, 501.0, `501室` are `501`; `5-1`, `501A` and names such as `门面3` stay."""
    return _room(_label_text(cell))


def place(cell: Cell) -> Place:
    """A room cell that may tell more: `3-2-501`, `3号楼2单元501室`, `2单元501`, `3-501`.

    In `3-501` the 3 stands as `entrance`, for only the importer knows whether a column of its own
    names the building; `building` is then empty.
    """
    plain = _label_text(cell)
    if found := _ADDRESS.fullmatch(plain):
        stairs = found["entrance"] or found["dashed"] or ""
        compound = found["compound"].strip("-,.")
        return Place(compound, _building(found["building"]), _entrance(stairs), _room(found["room"]))
    if found := _ADDRESS_DASHED.fullmatch(plain):
        return Place("", _building(found[1]), _entrance(found[2]), _room(found[3]))
    if found := _STAIR_ROOM.fullmatch(plain):
        return Place("", "", _entrance(found[1]), _room(found[2] or found[3]))
    return Place("", "", "", _room(plain))


def floor(cell: Cell, room_label: str) -> int | None:
    """The storey, from its own cell or from the room's number (`501` and `5-1` are on 5)."""
    found = re.match(r"第?(-?[0-9]{1,2})(?:层|楼|F|$|/|-)", text(cell).replace(" ", ""))
    if found:
        return int(found[1]) or None
    if found := re.match(r"([1-9][0-9]?)(?:[0-9]{2}(?![0-9])|-[0-9])", room_label):
        return int(found[1])
    return None


def area(cell: Cell) -> int | None:
    """The floor area in 0.01 m², rounded half up; None for an empty cell.

    Refuses what is not one number, is not above zero or is 100,000 m² and more.
    """
    if isinstance(cell, (date, bool)):
        raise Unclear(msg("面积不是数字：%(value)s。"), value=text(cell))
    plain = text(cell).replace(" ", "")
    if plain in _NOTHING:
        return None
    found = _AREA.fullmatch(plain)
    if isinstance(cell, str) and (not found or found[2] not in _AREA_UNITS):
        raise Unclear(msg("面积不是数字：%(value)s。"), value=plain[:LABEL_LENGTH])
    number = Decimal(found[1].replace(",", "") if found and isinstance(cell, str) else str(cell))
    if not number.is_finite() or number <= 0:
        raise Unclear(msg("面积必须大于 0，现在是 %(value)s。"), value=plain[:LABEL_LENGTH])
    if number * 100 > LARGEST_AREA:
        raise Unclear(msg("面积太大了：%(value)s，请检查小数点。"), value=plain[:LABEL_LENGTH])
    hundredths = int((number * 100).to_integral_value(ROUND_HALF_UP))
    if hundredths == 0:
        raise Unclear(msg("面积必须大于 0，现在是 %(value)s。"), value=plain[:LABEL_LENGTH])
    return hundredths


def owners(cell: Cell) -> tuple[str, ...]:
    """The names in a cell, in order and once each; `张　三` is one name, `张三 李四` are two."""
    if not isinstance(cell, str):
        cell = text(cell)
    folded = "\n".join(" ".join(line.translate(_FOLD).split()) for line in cell.splitlines())
    names = (name for part in _outside_brackets(folded) for name in _spaced_names(part))
    return tuple(dict.fromkeys(_short(name) for name in names if name not in _NOTHING))


def phones(cell: Cell) -> Phones:
    """Mainland mobile numbers as 11 digits and landlines as `0953-2012345`, in order, once each.

    Doubts name what cannot be a number, and landlines, which receive no message.
    """
    if isinstance(cell, float) and not (cell.is_integer() and abs(cell) < 1e15):
        return Phones((), ((msg("电话号码缺了位数：%(value)s。请设为文本格式后重填。"), text(cell)),))
    raw = cell if isinstance(cell, str) else text(cell)
    lines = [" ".join(line.translate(_FOLD).split()) for line in raw.splitlines()]
    numbers: dict[str, None] = {}
    doubts: list[tuple[str, str]] = []
    for part in _PHONE_SPLIT.split("\n".join(lines).translate(_NOT_SLASH)):
        part = part.strip(" .:-")
        if part and part not in _NOTHING:
            _read_phone(part, numbers, doubts)
    return Phones(tuple(numbers), tuple(doubts))


_NOT_SLASH = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣~_", "-"))


def _label_text(cell: Cell) -> str:
    """The text of a building, entrance or room cell; what Excel made a date of is refused."""
    if isinstance(cell, float) and not cell.is_integer():
        raise Unclear(msg("这里不能是小数：%(value)s。请设为文本格式后重填。"), value=text(cell))
    plain = text(cell).translate(_DASHES).replace(" ", "").replace("-0000:00", "")
    if isinstance(cell, date):
        guess = f"{cell.month}-{cell.day}"
        raise Unclear(
            msg("表格软件把它变成了日期（%(value)s）。请把这一列设为文本格式，重填成 %(guess)s 这样。"),
            value=f"{cell:%Y-%m-%d}",
            guess=guess,
        )
    if _DATE.fullmatch(plain):
        raise Unclear(
            msg("表格软件把它变成了日期（%(value)s）。请把这一列设为文本格式，重填成 %(guess)s 这样。"),
            value=plain,
            guess="3-2",
        )
    return "" if plain in _NOTHING else plain


def _short(name: str) -> str:
    if len(name) > LABEL_LENGTH:
        raise Unclear(msg("文字太长（超过 %(most)s 个字）：%(value)s…"), most=LABEL_LENGTH, value=name[:12])
    return name


@lru_cache(maxsize=4096)
def _building(plain: str) -> str:
    if found := _BUILDING.fullmatch(plain):
        code = _code(found[1])
        return f"{code}栋" if code[0].isalpha() else f"{code}号楼"
    if found := _BUILDING_PART.fullmatch(plain):
        return f"{found[1]}号楼"
    if found := _BUILDING_SIDE.fullmatch(plain):
        return f"{found[1]}楼"
    return _short(plain)


@lru_cache(maxsize=4096)
def _entrance(plain: str) -> str:
    if found := _ENTRANCE.fullmatch(plain):
        return f"{_code(found[1])}单元"
    return _short(plain)


@lru_cache(maxsize=4096)
def _room(plain: str) -> str:
    if found := _ROOM.fullmatch(plain):
        return found[1]
    if found := _ROOM_PART.fullmatch(plain):
        return _short((found[1] + found[2]).upper())
    return _short(plain.upper())


def _code(written: str) -> str:
    """`０３` → 3, `十二` → 12, `a1` → A1."""
    if written.isdecimal() and written.isascii():
        return str(int(written))
    if all(sign in _CHINESE for sign in written):
        return str(_chinese_number(written))
    return written.upper().lstrip("0")


def _chinese_number(written: str) -> int:
    plain = written.replace("〇", "零").replace("两", "二")
    if "十" not in plain:
        return int("".join(str(_NUMERAL.index(sign)) for sign in plain))
    tens, _, ones = plain.partition("十")
    return 10 * (_NUMERAL.index(tens[-1]) if tens else 1) + (_NUMERAL.index(ones[0]) if ones else 0)


def _outside_brackets(line: str) -> Iterator[str]:
    """Split names at separators, but not inside brackets: `张三（李四、王五之父）` is one."""
    held: list[str] = []
    pieces = re.split(r"(\([^()]*\)|（[^（）]*）)", line)  # noqa: RUF001
    for number, piece in enumerate(pieces):
        if number % 2:
            held.append(piece.translate(_BRACKETS))
            continue
        first, *rest = _NAME_SPLIT.split(piece)
        held.append(first)
        for part in rest:
            yield "".join(held)
            held = [part]
    yield "".join(held)


def _spaced_names(part: str) -> Iterator[str]:
    """Names set apart by spaces; a lone character belongs to its neighbour (`张 三`)."""
    part = _DOT.sub("·", re.sub(r"\s*([·‧•・･∙⋅])\s*", r"\1", part)).strip(" .:-")
    words = part.split()
    if not _IDEOGRAPH.search(part):
        words = [part] if part else []
    name = ""
    for word in words:
        joins = not name or len(word) == 1 or len(name) == 1 or word.startswith("（")  # noqa: RUF001
        if not joins:
            yield name
            name = ""
        name += word
    if name:
        yield name


def _read_phone(part: str, numbers: dict[str, None], doubts: list[tuple[str, str]]) -> None:
    """Read the one or several numbers of `part`, which no strong separator divides."""
    runs = _DIGITS.findall(part)
    left = _DIGITS.sub("", part).strip(" ()[]（）:：-+")  # noqa: RUF001
    found = [number for run in runs for number in _numbers(run)]
    if not found or not all(found):
        doubts.append((msg("不像电话号码，没有导入：%(value)s"), part[:LABEL_LENGTH]))
        found = [number for number in found if number]
    elif left and _NAME_OF_KIND.fullmatch(left) is None:
        doubts.append((msg("电话格里还有别的文字，没有导入：%(value)s"), left[:LABEL_LENGTH]))
    for number in found:
        if number not in numbers and not _MOBILE.fullmatch(number):
            doubts.append((msg("固定电话收不到短信：%(value)s"), number))
        numbers[number] = None


_NAME_OF_KIND = re.compile(r"(?:联系)?(?:电话|手机|固话|座机|宅电|tel|Tel|TEL)")


def _numbers(run: str) -> Iterator[str]:
    """The numbers of a run of digits; '' stands for one that cannot be a number."""
    digits = re.sub(r"[^0-9+]", "", run)
    if found := _MOBILE.fullmatch(digits):
        yield found[1]
    elif len(digits) == 22 and all(map(_MOBILE.fullmatch, (digits[:11], digits[11:]))):
        yield from (digits[:11], digits[11:])
    elif found := _LANDLINE.fullmatch(run.replace(" ", "-").replace("--", "-")):
        yield "-".join(part for part in found.groups() if part)
    elif " " in run.strip():
        for part in run.split():
            yield from _numbers(part)
    else:
        yield ""
