"""What single cells of a household ledger mean: every way offices write a thing becomes one way.

Pure: no database, no language. Each function takes the cell as the spreadsheet gave it and returns
the canonical value (an empty one for an empty cell), or raises `Unclear` with advice for the person
who keeps the ledger. The canonical value read again gives itself.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from app.core.errors import Refused, msg

Cell = str | int | float | bool | date | None

LABEL_LENGTH = 40
NOTE_LENGTH = 400
ROOM_LENGTH = 20
LARGEST_AREA = 9_999_999

_SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u3164\ufeff"
_INVISIBLE = [*range(0, 9), *range(14, 28), 0x7F, 0xAD, 0x61C, 0x180E, 0xFFFE, 0xFFFF]
_INVISIBLE += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)]
FOLD: dict[int, str | None] = {
    **dict.fromkeys(_INVISIBLE),
    **dict.fromkeys(range(0xD800, 0xE000)),
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(space): " " for space in _SPACES},
    **dict.fromkeys(range(0x2000, 0x200B), " "),
}
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣~_/\\", "-"))
NOTHING = frozenset({"", "-", "--", "---", "—", "——", "/", "\\", "无", "暂无", "没有", "不详"})
NOTHING |= {"未知", "空白", "N/A", "n/a", "NULL", "null", "#N/A", "#REF!", "#VALUE!", "、", "."}

_NUMERAL = "零一二三四五六七八九"
_CHINESE = "零〇一二两三四五六七八九十"
_NUMBER = rf"(?:[0-9]{{1,4}}|[{_CHINESE}]{{1,4}})"
_CODE = rf"(?:{_NUMBER}|[A-Za-z][0-9]{{0,3}}|[0-9]{{1,3}}[A-Za-z])"
_SIDE = "东西南北中前后甲乙丙丁"
_HOUSE_SIGN = "(?:号楼|号栋|号幢|号座|#楼|#栋|#|栋楼|栋|幢|座|号)"
_BUILDING_SIGN = f"(?:{_HOUSE_SIGN}|楼)"
_ENTRANCE_SIGN = "(?:单元|号门|门洞|门|梯|洞|单)"
_ROOM_SIGN = "(?:号房间|号房|房间|室|房|户|号)"
_BUILDING = re.compile(rf"(?:第|[Nn][Oo]\.?)?({_CODE})-?{_BUILDING_SIGN}?")
_BUILDING_PART = re.compile(rf"([0-9]{{1,4}}-[0-9]{{1,2}}){_BUILDING_SIGN}")
_BUILDING_SIDE = re.compile(rf"([{_SIDE}])(?:楼|栋|幢|座)?")
_ENTRANCE = re.compile(rf"第?({_CODE}|[{_SIDE}]){_ENTRANCE_SIGN}?")
_ROOM = re.compile(rf"0*([1-9][0-9]{{0,4}}){_ROOM_SIGN}?")
_ROOM_PART = re.compile(rf"0*([1-9][0-9]{{0,4}})((?:-|[A-Za-z{_SIDE}上下]).*?){_ROOM_SIGN}*")
_STAIRS = re.compile(
    rf"第?({_CODE}|[{_SIDE}]){_BUILDING_SIGN}-?({_CODE}|[{_SIDE}]){_ENTRANCE_SIGN}?"
)
_STAIRS_DASHED = re.compile(rf"({_CODE})-({_CODE})")
_ADDRESS = re.compile(
    rf"(?P<compound>[^0-9]*?)第?(?P<building>{_CODE}-?{_HOUSE_SIGN}|[{_SIDE}](?:楼|栋|幢|座))-?"
    rf"(?:第?(?P<entrance>{_CODE}|[{_SIDE}])-?{_ENTRANCE_SIGN}-?|(?P<dashed>[0-9]{{1,2}})-)?"
    rf"(?P<room>[0-9]{{1,5}}[A-Za-z]?|[0-9]{{1,2}}-[0-9]{{1,2}}){_ROOM_SIGN}?"
)
_ADDRESS_DASHED = re.compile(
    rf"({_CODE}|[{_SIDE}])[-.]({_CODE}|[{_SIDE}])[-.]"
    rf"([0-9]{{1,5}}[A-Za-z]?|[0-9]{{1,2}}-[0-9]{{1,2}}){_ROOM_SIGN}?"
)
_STAIR_ROOM = re.compile(
    rf"第?({_CODE}|[{_SIDE}]){_ENTRANCE_SIGN}-?([0-9]{{1,5}}[A-Za-z]?){_ROOM_SIGN}?"
)
_LEADING = re.compile(
    rf"([0-9]{{1,2}}|[{_CHINESE}]{{1,3}}|[A-Za-z][0-9]?|[{_SIDE}])-([0-9]{{3,5}}[A-Za-z]?)"
    rf"{_ROOM_SIGN}?"
)
_WHOLE = re.compile(r"(?<=^[0-9])\.0+$|(?<=[0-9]{2})\.0+$")
_SECTION = re.compile(
    rf"第?(?:({_CODE}{_HOUSE_SIGN}|{_NUMBER}楼|[{_SIDE}](?:楼|栋|幢|座)))?"
    rf"(?:第?((?:{_CODE}|[{_SIDE}])单元))?"
)
_DATE = re.compile(
    r"[0-9]{4}[-年.][0-9]{1,2}[-月.][0-9]{1,2}日?(?:00:00:00)?|[0-9]{1,2}月[0-9]{1,2}日"
    r"|[0-9]{1,2}-[A-Za-z]{3}(?:-[0-9]{2,4})?|[A-Za-z]{3}-[0-9]{2}"
)
_ROUGHLY = re.compile("^(?:大约|约|大概)(?=[0-9.])|(?<=[0-9.米平²㎡方])(?:左右|上下)")
_AREA = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?|[-+]?[0-9]*\.?[0-9]+|[0-9]+\.)(.*)")
_AREA_UNITS = frozenset({"", "㎡", "m²", "m2", "M2", "M²", "平方米", "平米", "平方", "平", "米²"})


_SHOP = re.compile("商铺|商业|商服|店|门面|门市|营业|网点|底商|^商(?!品)")
_NOT_LIVED_IN = re.compile(
    "车库|车位|车棚|储藏|仓库|地下室|煤房|库房|办公|物业|公用|公共|设备|其他"
)
_OCCUPANCY = (
    ("let", re.compile("租")),
    ("vacant", re.compile("空|无人|未入住|未住|闲置")),
    ("owner", re.compile("自住|自用|本人|业主|居住|常住|入住|在住|有人")),
)
_OWNERSHIP = (
    ("单位自管公房", re.compile("自管|单位(?:公房|产|房|所有)|企业")),
    ("房改房", re.compile("房改|已购公|公改")),
    ("直管公房", re.compile("直管|^公房$|^公产$|公租|廉租")),
    ("商品房", re.compile("商品|^私产$|^私有$|^私房$")),
)
_DATED = msg("表格软件把它变成了日期（%(value)s）。请把这一列设为文本格式，再填成 %(guess)s 这样。")


class Unclear(Refused):
    """A cell cannot be understood; the message says what is wrong with it and what to do."""


@dataclass(frozen=True)
class Place:
    """Where a home is; what the cell does not tell is an empty string."""

    compound: str
    building: str
    entrance: str
    room: str
    leading: str = ""


def text(cell: Cell) -> str:
    """The cell as one line of text: half-width, single spaces, nothing invisible; '' for none."""
    if isinstance(cell, str):
        return cell if cell.isascii() and cell.isalnum() else folded(cell)
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else ("是" if cell else "否")
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


@lru_cache(maxsize=8192)
def folded(line: str) -> str:
    """One line of text in half-width signs with single spaces; a ledger repeats itself a lot."""
    return " ".join(line.translate(FOLD).split())


def label(cell: Cell) -> str:
    """A name of a town, community or compound: no spaces inside Chinese, '' for words like 无."""
    plain = text(cell)
    if plain in NOTHING:
        return ""
    if not plain.isascii():
        plain = plain.replace(" ", "")
    return short(plain)


def note(cell: Cell) -> str:
    """A remark, cut at 400 characters."""
    return text(cell)[:NOTE_LENGTH].strip()


def building(cell: Cell) -> str:
    """`3号楼`, `3#`, `3栋`, `第三幢`, `３`, 3.0 are `3号楼`; `A座` is `A栋`; `东幢` is `东楼`."""
    return _building(_label_text(cell))


def entrance(cell: Cell) -> str:
    """`1`, `一单元`, `1门` are `1单元`, `甲` is `甲单元`; '' means a building without entrances."""
    return _entrance(_label_text(cell))


def building_and_entrance(cell: Cell) -> tuple[str, str]:
    """A building cell that may name the entrance too: `3号楼2单元`, `3#2`, `3-2`."""
    plain = _label_text(cell)
    if found := _STAIRS.fullmatch(plain) or _STAIRS_DASHED.fullmatch(plain):
        return _building(found[1]), _entrance(found[2])
    return _building(plain), ""


def section(cell: Cell) -> tuple[str, str] | None:
    """Building and entrance of a heading between the rows or of a sheet's name, if it is one."""
    found = _SECTION.fullmatch(text(cell).translate(_DASHES).replace(" ", ""))
    if not found or not found[0]:
        return None
    return _building(found[1] or ""), _entrance(found[2] or "")


def room(cell: Cell) -> str:
    """`0501`, 501.0, `501室` are `501`; `5-1`, `501A` and names such as `门面3` stay."""
    return _room(_label_text(cell))


def place(cell: Cell) -> Place:
    """A room cell that may tell more: `3-2-501`, `3号楼2单元501室`, `2单元501`, `3-501`.

    In `3-501` the 3 stands as `leading`, for only the importer knows whether a column of its own
    names the building.
    """
    return _place(_label_text(cell))


@lru_cache(maxsize=4096)
def _place(plain: str) -> Place:
    if found := _ADDRESS.fullmatch(plain):
        stairs = _entrance(found["entrance"] or found["dashed"] or "")
        compound = found["compound"].strip("-,.")
        return Place(compound, _building(found["building"]), stairs, _room(found["room"]))
    if found := _ADDRESS_DASHED.fullmatch(plain):
        return Place("", _building(found[1]), _entrance(found[2]), _room(found[3]))
    if found := _STAIR_ROOM.fullmatch(plain):
        return Place("", "", _entrance(found[1]), _room(found[2]))
    if found := _LEADING.fullmatch(plain):
        return Place("", "", "", _room(found[2]), found[1])
    return Place("", "", "", _room(plain))


def floor(cell: Cell, room_label: str) -> int | None:
    """The storey, from its own cell or from the room's number (`501` and `5-1` are on 5)."""
    found = re.match(r"第?(-?[0-9]{1,2})(?:层|楼|F|$|/|-)", text(cell).replace(" ", ""))
    if found:
        return int(found[1]) or None
    if found := re.match(r"([1-9][0-9]?)(?:[0-9]{2}(?![0-9])|-[0-9])", room_label):
        return int(found[1])
    return None


def use(cell: Cell, room_label: str) -> str:
    """`dwelling`, `shop` or `other`, from its own cell or else from the room's name."""
    return _use(label(cell) or room_label)


@lru_cache(maxsize=4096)
def _use(plain: str) -> str:
    if _SHOP.search(plain):
        return "shop"
    return "other" if _NOT_LIVED_IN.search(plain) else "dwelling"


def occupancy(cell: Cell) -> str:
    """`owner`, `let`, `vacant` or `unknown`: who lives there now."""
    return _known(label(cell), _OCCUPANCY) or "unknown"


def ownership(cell: Cell) -> str:
    """商品房, 房改房, 直管公房, 单位自管公房 under any of their names, else as written (D1)."""
    return _known(label(cell), _OWNERSHIP) or label(cell)


@lru_cache(maxsize=4096)
def _known(plain: str, kinds: tuple[tuple[str, re.Pattern[str]], ...]) -> str:
    return next((kind for kind, words in kinds if words.search(plain)), "")


def area(cell: Cell) -> int | None:
    """The floor area in 0.01 m², rounded half up; None for an empty cell.

    Refuses what is not one number, is not above zero or is 100,000 m² and more.
    """
    if isinstance(cell, (date, bool)):
        raise Unclear(msg("面积不是数字：%(value)s。"), value=text(cell))
    plain = text(cell).replace(" ", "")
    if plain in NOTHING:
        return None
    found = _AREA.fullmatch(_ROUGHLY.sub("", plain))
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


def is_rough(cell: Cell) -> bool:
    """Whether an area is only estimated: `约90`, `90平左右`."""
    return isinstance(cell, str) and bool(_ROUGHLY.search(text(cell).replace(" ", "")))


def _label_text(cell: Cell) -> str:
    """The text of a building, entrance or room cell; what Excel made a date of is refused."""
    if isinstance(cell, float) and not cell.is_integer():
        raise Unclear(msg("这里不能是小数：%(value)s。请设为文本格式后重填。"), value=text(cell))
    if isinstance(cell, date):
        raise Unclear(_DATED, value=f"{cell:%Y-%m-%d}", guess=f"{cell.month}-{cell.day}")
    return _plain_label(text(cell))


@lru_cache(maxsize=8192)
def _plain_label(line: str) -> str:
    if line in NOTHING:
        return ""
    plain = _WHOLE.sub("", line.translate(_DASHES).replace(" ", ""))
    if _DATE.fullmatch(plain):
        raise Unclear(_DATED, value=plain, guess="3-2")
    return "" if plain in NOTHING else short(plain)


def short(name: str) -> str:
    """`name` itself; refused when it is longer than any name of a place or a person."""
    if len(name) > LABEL_LENGTH:
        message = msg("文字太长（超过 %(most)s 个字）：%(value)s…")
        raise Unclear(message, most=LABEL_LENGTH, value=name[:12])
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
    return short(plain)


@lru_cache(maxsize=4096)
def _entrance(plain: str) -> str:
    if found := _ENTRANCE.fullmatch(plain):
        return f"{_code(found[1])}单元"
    return short(plain)


@lru_cache(maxsize=4096)
def _room(plain: str) -> str:
    if found := _ROOM.fullmatch(plain):
        return found[1]
    if found := _ROOM_PART.fullmatch(plain):
        return short((found[1] + found[2]).upper())
    return short(plain.upper())


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
