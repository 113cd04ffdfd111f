"""Finding the header of a household ledger, whatever the office calls its columns.

Pure. A header needs a room and two more columns that are known; it may be one line or two. Above
it stand titles and reporting lines, which may name the compound (`小区名称：裕民小区`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import msg
from app.roster.cells import Cell, text

SEARCHED_ROWS = 60
HIERARCHY = ("town", "community", "compound", "building", "entrance")

_EXACT: dict[str, str] = {
    "town": "乡镇 街道 镇 乡 街办 乡镇街道 街道乡镇 镇街 街道办 街道办事处 所属街道 所属乡镇",
    "community": "社区 居委会 社区居委会 所属社区 所在社区 社区名称 村居 社区村",
    "compound": "小区名称 小区 小区名 所属小区 所在小区 院落 院落名称 家属院 楼院 项目名称",
    "building": "楼栋 楼号 幢 幢号 栋 栋号 楼栋号 楼幢 楼幢号 楼栋名称 号楼 楼 座 座号 楼房号 楼宇",
    "entrance": "单元 单元号 单元名称 门洞 门洞号 梯号 楼门",
    "room": "房号 门牌号 室号 门牌 室 户号 房间号 房屋号 房间 门号 住房号 房室号 房屋门牌号 户室号",
    "floor": "楼层 层 所在层 所在楼层 层次 楼层号",
    "use": "用途 房屋用途 使用性质 设计用途 规划用途 房屋类型 房屋用途类型",
    "area": "建筑面积 房屋建筑面积 建面 登记面积 产权面积 房屋面积 专有面积 面积 住房面积 房产面积",
    "inner_area": "套内 套内面积 套内建筑面积 使用面积 室内面积",
    "ownership": "产权性质 产权类型 房屋产权性质 产权类别 产权 房屋产权 房屋性质 产权情况 产权属性",
    "owners": "业主姓名 业主 产权人 产权人姓名 所有权人 权利人 房主 房主姓名 业主名称",
    "holder": "户主 户主姓名",
    "resident": "姓名 住户 住户姓名 居民姓名 名字",
    "co_owners": "共有人 共有权人 共有人姓名 其他产权人 第二产权人",
    "phones": "联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 移动电话 固定电话 座机 固话",
    "occupancy": "居住情况 居住状况 居住状态 使用情况 使用状态 占用状态 入住情况 房屋状态 房屋现状",
    "note": "备注 说明 备注说明 其他情况",
    "number": "序号 编号 no 号",
}
# What the import calls the fields it takes from a ledger, in the order of its template.
LABELS = {
    "town": msg("乡镇"),
    "community": msg("社区"),
    "compound": msg("小区名称"),
    "building": msg("楼栋"),
    "entrance": msg("单元"),
    "room": msg("房号"),
    "floor": msg("楼层"),
    "use": msg("用途"),
    "area": msg("建筑面积"),
    "ownership": msg("产权性质"),
    "owners": msg("业主姓名"),
    "phones": msg("联系电话"),
    "occupancy": msg("居住情况"),
    "note": msg("备注"),
}
_FIELD_OF = {name: field for field, names in _EXACT.items() for name in names.split()}
_RANK = {name: rank for names in _EXACT.values() for rank, name in enumerate(names.split())}
_LOOSE = [
    ("", "证|身份|性别|年龄|签|日期|时间|编码|代码|占地|公摊|分摊|改造|绿化|租|紧急|总|人数|人口"),
    ("phones", "电话|手机|联系方式|固话"),
    ("inner_area", "套内|使用面积"),
    ("area", "面积"),
    ("room", "(?:楼|栋|幢).*(?:室|房号|门牌)|房号|门牌|室号|房间号|坐落|住址|房屋地址|详细地址"),
    ("entrance", "单元"),
    ("building", "楼栋|楼号|幢号|栋号"),
    ("co_owners", "共有"),
    ("owners", "业主|产权人|所有权人|权利人|房主"),
    ("holder", "户主"),
    ("ownership", "产权|房屋性质"),
    ("occupancy", "居住|入住|占用"),
    ("use", "用途"),
    ("compound", "小区|院落|家属院"),
    ("community", "社区|居委"),
    ("town", "乡镇|街道"),
    ("note", "备注"),
]
_LOOSE_RULES = [(field, re.compile(words)) for field, words in _LOOSE]
_LONGEST = 14
_DECORATION = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|㎡|m²|[\s*:、,./_-]")
_SEVERAL = ("phones", "owners", "co_owners")
_NEEDED = frozenset({"building", "entrance", "compound", "area", "inner_area", "owners", "phones"})
_NEEDED |= {"holder", "resident"}
_TOLD = re.compile(r"(乡镇|街道|社区|小区|院落|楼栋|楼号)(?:名称|号)?:([^\s:]+)")
_TOLD_FIELD = {"乡镇": "town", "街道": "town", "社区": "community", "小区": "compound"}
_TOLD_FIELD |= {"院落": "compound", "楼栋": "building", "楼号": "building"}


@dataclass(frozen=True)
class Header:
    """Where the columns of a sheet are; rows and columns count from zero."""

    last_row: int
    columns: Mapping[str, tuple[int, ...]]
    headings: Mapping[int, str]
    ignored: tuple[str, ...]

    def heading(self, field: str) -> str:
        """The heading of a field's first column as the office wrote it; '' when it has none."""
        columns = self.columns.get(field, ())
        return self.headings[columns[0]] if columns else ""

    def mapping(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each field of `LABELS` that has columns, with their headings."""
        return tuple(
            (field, tuple(self.headings[column] for column in self.columns[field]))
            for field in LABELS
            if field in self.columns
        )


def find_header(rows: Sequence[Sequence[Cell]]) -> Header | None:
    """The header of a ledger among the first rows, or None: the sheet is no ledger."""
    for index in range(min(len(rows), SEARCHED_ROWS)):
        if header := header_at(rows, index):
            return header
    return None


def header_at(rows: Sequence[Sequence[Cell]], index: int) -> Header | None:
    """The header that starts exactly at this row; its second line is read with it."""
    single = _header(index, [_name(cell) for cell in rows[index]], [])
    double = None
    if index + 1 < len(rows) and _may_be_second_line(rows[index + 1]):
        upper = [_name(cell) for cell in rows[index]]
        double = _header(index + 1, upper, [_name(cell) for cell in rows[index + 1]])
    if double and (not single or len(double.columns) > len(single.columns)):
        return double
    return single


def is_heading(cell: Cell) -> bool:
    """Whether a cell of the room column is a heading again, as on a second printed page."""
    return isinstance(cell, str) and _name(cell) in _FIELD_OF


def told_above(rows: Sequence[Sequence[Cell]], end: int) -> dict[str, str]:
    """What the lines above the header say: `小区名称：裕民小区  楼栋：3号楼`."""
    told: dict[str, str] = {}
    for row in rows[:end]:
        for cell in row:
            if isinstance(cell, str):
                for word, value in _TOLD.findall(text(cell)):
                    told.setdefault(_TOLD_FIELD[word], value)
    return told


def _name(cell: Cell) -> str:
    """A heading without its decoration: `建筑面积(㎡)` → `建筑面积`."""
    return _DECORATION.sub("", text(cell)).lower() if isinstance(cell, str) else ""


def _may_be_second_line(row: Sequence[Cell]) -> bool:
    """Whether a row can be the lower half of a header: words only, no numbers."""
    filled = [cell for cell in row if cell is not None and cell != ""]
    words = [cell for cell in filled if isinstance(cell, str) and not re.search(r"\d{2}", cell)]
    return bool(filled) and len(words) == len(filled)


def _header(last_row: int, upper: list[str], lower: list[str]) -> Header | None:
    """The header made of these names; with a lower line, an upper name spans to its right."""
    places: dict[str, list[tuple[int, int]]] = {}
    headings: dict[int, str] = {}
    ignored = []
    above = ""
    for column in range(max(len(upper), len(lower))):
        own = upper[column] if column < len(upper) else ""
        below = lower[column] if column < len(lower) else ""
        above = own or (above if below else "")
        name = below or own
        if not name:
            continue
        headings[column] = name
        field = _field(name, above if below else "")
        if field:
            places.setdefault(field, []).append((_RANK.get(name, 99), column))
        else:
            ignored.append(name)
    if "room" not in places or len(places.keys() & _NEEDED) < 2:
        return None
    return Header(last_row, _chosen(places), headings, tuple(ignored))


def _field(name: str, above: str) -> str:
    """The field a heading means, '' for none; `above` is the upper line of two."""
    whole = above + name
    plain = name.rstrip("0123456789一二三") or name
    if whole in _FIELD_OF:
        return _FIELD_OF[whole]
    if len(whole) > _LONGEST or (above and _LOOSE_RULES[0][1].search(whole)):
        return ""
    if plain in _FIELD_OF:
        return _FIELD_OF[plain]
    return next((field for field, words in _LOOSE_RULES if words.search(whole)), "")


def _chosen(places: dict[str, list[tuple[int, int]]]) -> dict[str, tuple[int, ...]]:
    """One column per field, the one with the best name; owners and phones may have several."""
    for weaker in ("holder", "resident"):
        found = places.pop(weaker, None)
        if found:
            places.setdefault("owners", found)
    shared = places.pop("co_owners", [])
    if shared:
        places["owners"] = places.get("owners", []) + shared
    if "inner_area" in places:
        places.setdefault("area", places.pop("inner_area"))
        places.pop("inner_area", None)
    return {
        field: tuple(column for _, column in (found if field in _SEVERAL else [min(found)]))
        for field, found in places.items()
    }
