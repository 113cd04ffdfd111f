"""Reading a household ledger: from sheets to homes, with every problem named by sheet and row.

Pure: no database, no language, linear in the number of rows. It tells what the ledger says; what
is new or changed is the business of `actions`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.core.errors import msg
from app.roster import cells, people
from app.roster.cells import Cell, Place, Unclear
from app.roster.comparing import doubts
from app.roster.headings import HIERARCHY, Header, find_header, header_at, is_heading, told_above
from app.roster.ledger import SAME_HOME, Columns, Home, Ledger, Problem, limited, totals_of
from app.roster.lines import Block, Carry, is_footing, is_subtotal, merged_down

# What stands in the number column of the template's example, which is never imported.
EXAMPLE = "例"
_MISSING = {
    "compound": msg("没有填小区名称。"),
    "building": msg("没有填楼栋。"),
    "room": msg("没有填房号。"),
}
_COMPOUND_NAME = re.compile(r"\S{2,20}(?:小区|家属院|家属楼|花园|院|苑|园|里)")


class SheetLike(Protocol):
    """What `core.sheets` gives: rows as a person sees them, row 1 first."""

    @property
    def name(self) -> str: ...
    @property
    def rows(self) -> Sequence[Sequence[Cell]]: ...
    @property
    def hidden(self) -> bool: ...
    @property
    def merges(self) -> Sequence[Block]: ...


@dataclass
class _Found:
    """What has been read so far, over all sheets."""

    homes: list[Home] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    # Every home met, also those whose row has an error: where, for whoever repeats it.
    seen: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    columns: dict[Columns, list[str]] = field(default_factory=dict)


def read_ledger(sheets: Sequence[SheetLike], compound: str = "") -> Ledger:
    """The homes of every sheet that holds a ledger, and all that is wrong with them.

    `compound` names the compound of rows that name none. Errors (nothing may be imported): no
    room, no building, no compound, no area or one that is not above zero, the same home twice.
    """
    found = _Found()
    for sheet in sheets:
        if sheet.rows:
            _read_sheet(sheet, cells.label(compound), found)
    if not found.homes and not found.errors:
        message = msg("没有找到户的台账：表头里要有房号，还要有楼栋、建筑面积、业主姓名这些列。")
        found.errors.append(Problem(sheets[0].name if sheets else "", 1, "", message))
    found.warnings.extend(doubts(found.homes))
    return Ledger(
        tuple(found.homes),
        limited(found.errors),
        limited(found.warnings),
        totals_of(found.homes),
        tuple((tuple(sheets), columns) for columns, sheets in found.columns.items()),
    )


def _read_sheet(sheet: SheetLike, compound: str, found: _Found) -> None:
    header = find_header(sheet.rows)
    if header is None:
        if not sheet.hidden:
            message = msg("这张工作表不是户的台账，没有读。")
            found.warnings.append(Problem(sheet.name, 1, "", message))
        return
    if sheet.hidden:
        message = msg("这张工作表是隐藏的，没有读。需要导入的话，请取消隐藏后再上传。")
        found.warnings.append(Problem(sheet.name, 1, "", message))
        return
    _SheetReader(sheet, header, compound, found).read()


class _SheetReader:
    """Reads one sheet from its header down; knows the sheet, the columns and what is above."""

    def __init__(self, sheet: SheetLike, header: Header, compound: str, found: _Found) -> None:
        self.sheet = sheet
        self.found = found
        self.header = header
        self.carry = Carry(_defaults(sheet, header, compound))
        self.said: set[str] = set()
        self.last: Home | None = None
        self.merged: dict[tuple[int, int], int] = {}

    def read(self) -> None:
        """Go through the rows; a repeated header may move the columns."""
        self._begin(self.header)
        rows = self.sheet.rows
        skip_to = self.header.last_row + 1
        for index in range(skip_to, len(rows)):
            if index < skip_to or not rows[index]:
                continue
            if is_heading(self._raw(index, "room")) and (again := header_at(rows, index)):
                self._begin(again)
                skip_to = again.last_row + 1
                continue
            self._read_row(index)

    def _begin(self, header: Header) -> None:
        self.header = header
        used = {column for columns in header.columns.values() for column in columns}
        self.merged = merged_down(self.sheet.merges, used, len(self.sheet.rows))
        sheets = self.found.columns.setdefault(header.mapping(), [])
        if self.sheet.name not in sheets:
            sheets.append(self.sheet.name)
        if "area" not in header.columns:
            self._error(header.last_row, "area", msg("没有「建筑面积」这一列，请补上。"), once=True)
        for name, message in (
            ("phones", msg("没有「联系电话」这一列。")),
            ("owners", msg("没有「业主姓名」这一列。")),
        ):
            if name not in header.columns:
                self._warn(header.last_row, name, message, once=True)
        for heading in header.ignored:
            message = msg("「%(heading)s」这一列没有导入。")
            self._warn(header.last_row, "", message, once=True, heading=heading[:20])

    def _read_row(self, index: int) -> None:
        row = self.sheet.rows[index]
        note = self.header.columns.get("note", (-1,))[0]
        if is_subtotal(cell for column, cell in enumerate(row) if column != note):
            return
        if self._raw(index, "number") == EXAMPLE:
            return
        if not _is_filled(self._raw(index, "room")):
            self._read_row_without_room(index)
        elif (index, self.header.columns["room"][0]) in self.merged:
            self._continue_home(index)
        else:
            self._read_home(index)

    def _read_row_without_room(self, index: int) -> None:
        """A heading between the rows, an empty line of a form, or a home without its room."""
        if is_footing(self.sheet.rows[index]):
            return
        if any(_is_filled(self._raw(index, name)) for name in ("area", "owners", "phones")):
            self._take_hierarchy(index)
            message = msg("没有填房号。如果是同一户的第二行，请把两行合成一行。")
            self._error(index, "room", message)
            return
        filled = [cell for cell in self.sheet.rows[index] if _is_filled(cell)]
        heading = cells.section(filled[0]) if len(filled) == 1 else None
        if heading:
            self.carry.start_section(*heading)

    def _continue_home(self, index: int) -> None:
        """A further line of the home above, whose room cell is merged: more owners and phones."""
        if self.last is None:
            return
        area = self.header.columns.get("area", (-1,))[0]
        if (index, area) not in self.merged and _is_filled(self._raw(index, "area")):
            message = msg("同一户写了两个面积，请合成一行，填总面积。")
            self._error(index, "area", message)
            return
        more_owners = self._owners(index, quiet=True)
        more_phones = self._phones(index, quiet=True)
        joined = replace(
            self.last,
            owners=tuple(dict.fromkeys((*self.last.owners, *more_owners))),
            phones=tuple(dict.fromkeys((*self.last.phones, *more_phones))),
        )
        self.found.homes[-1] = self.last = joined

    def _read_home(self, index: int) -> None:
        self.last = None
        is_clear = self._take_hierarchy(index)
        place = self._place(index) if is_clear else None
        area = self._area(index)
        if place is None or self._is_repeated(index, place) or area is None:
            return
        self.last = self._home(index, place, area)
        self.found.homes.append(self.last)

    def _is_repeated(self, index: int, place: Place) -> bool:
        """Whether a row above names the same home, be that row sound or not."""
        now = self.carry.now
        home = (place.compound, place.building, place.entrance, place.room)
        here = {"sheet": self.sheet.name, "row": index + 1, "home": "".join(home)}
        first = self.found.seen.setdefault((now["town"], now["community"], *home), here)
        if first is not here:
            self._error(index, "room", SAME_HOME, **first)
        return first is not here

    def _home(self, index: int, place: Place, area: int) -> Home:
        now = self.carry.now
        return Home(
            sheet=self.sheet.name,
            row=index + 1,
            town=now["town"],
            community=now["community"],
            compound=place.compound,
            building=place.building,
            entrance=place.entrance,
            room=place.room,
            floor=cells.floor(self._raw(index, "floor"), place.room),
            use=cells.use(self._raw(index, "use"), place.room),
            area=area,
            ownership=self._label(index, "ownership", cells.ownership),
            occupancy=self._label(index, "occupancy", cells.occupancy),
            owners=self._owners(index),
            phones=self._phones(index),
            note=cells.note(self._raw(index, "note")),
        )

    def _take_hierarchy(self, index: int) -> bool:
        """Read town … entrance; an empty cell below a filled one repeats it (`Carry`)."""
        self.carry.begin_row()
        is_clear = True
        for name in HIERARCHY:
            if name not in self.header.columns:
                continue
            try:
                self._take(index, name, self._raw(index, name))
            except Unclear as unclear:
                self.carry.forget(name)
                self._error(index, name, unclear.message, **unclear.params)
                is_clear = False
        return is_clear

    def _take(self, index: int, name: str, cell: Cell) -> None:
        if name == "building":
            building, entrance = cells.building_and_entrance(cell)
            self.carry.take(name, building)
            if entrance or "entrance" not in self.header.columns:
                self.carry.take("entrance", entrance)
        elif name == "entrance":
            self.carry.take(name, cells.entrance(cell))
        else:
            self.carry.take(name, cells.label(cell))

    def _place(self, index: int) -> Place | None:
        """Where the home is, from its columns and from what the room cell itself tells."""
        try:
            told = cells.place(self._raw(index, "room"))
            place = self.carry.locate(told)
        except Unclear as unclear:
            self._error(index, "room", unclear.message, **unclear.params)
            return None
        missing = [
            (name, message) for name, message in _MISSING.items() if not getattr(place, name)
        ]
        for name, message in missing:
            once = name not in self.header.columns
            self._error(index, name, message, once=once)
        return None if missing else place

    def _area(self, index: int) -> int | None:
        columns = self.header.columns.get("area")
        if not columns:
            return None
        if (index, columns[0]) in self.merged:
            self._error(index, "area", msg("面积和上面的户是合并单元格，请每户分别填写。"))
            return None
        try:
            size = cells.area(self._raw(index, "area"))
        except Unclear as unclear:
            self._error(index, "area", unclear.message, **unclear.params)
            return None
        if size is None:
            self._error(index, "area", msg("没有填建筑面积。"))
        elif cells.is_rough(self._raw(index, "area")):
            message = msg("面积写的是“%(value)s”，按 %(area)s ㎡ 导入，请核对。")
            area = f"{size // 100}.{size % 100:02d}"
            self._warn(
                index, "area", message, value=cells.text(self._raw(index, "area")), area=area
            )
        return size

    def _label(self, index: int, name: str, read: Callable[[Cell], str]) -> str:
        try:
            return read(self._raw(index, name))
        except Unclear as unclear:
            self._warn(index, name, unclear.message, **unclear.params)
            return read(None)

    def _owners(self, index: int, quiet: bool = False) -> tuple[str, ...]:
        names: list[str] = []
        for cell in self._raws(index, "owners"):
            try:
                names += people.owners(cell)
            except Unclear as unclear:
                self._warn(index, "owners", unclear.message, **unclear.params)
        if not names and not quiet and "owners" in self.header.columns:
            self._warn(index, "owners", msg("没有填业主姓名。"))
        return tuple(dict.fromkeys(names))

    def _phones(self, index: int, quiet: bool = False) -> tuple[str, ...]:
        numbers: list[str] = []
        doubts: list[tuple[str, str]] = []
        for cell in self._raws(index, "phones"):
            phones = people.phones(cell)
            numbers += phones.numbers
            doubts += phones.doubts
        for message, value in doubts:
            self._warn(index, "phones", message, value=value)
        if not numbers and not doubts and not quiet and "phones" in self.header.columns:
            self._warn(index, "phones", msg("没有填联系电话。"))
        return tuple(dict.fromkeys(numbers))

    def _raw(self, index: int, name: str) -> Cell:
        """The first cell of a field in this row; merged cells give their upper value."""
        return next(self._raws(index, name), None)

    def _raws(self, index: int, name: str) -> Iterator[Cell]:
        for column in self.header.columns.get(name, ()):
            row = self.sheet.rows[self.merged.get((index, column), index)]
            yield row[column] if column < len(row) else None

    def _error(
        self, index: int, name: str, message: str, once: bool = False, **params: Any
    ) -> None:
        if self._is_new(message, params, once):
            self.found.errors.append(self._problem(index, name, message, params))

    def _warn(self, index: int, name: str, message: str, once: bool = False, **params: Any) -> None:
        if self._is_new(message, params, once):
            self.found.warnings.append(self._problem(index, name, message, params))

    def _is_new(self, message: str, params: dict[str, Any], once: bool) -> bool:
        """What holds for a whole sheet is said once."""
        said = f"{message}{params}" if once else ""
        if said in self.said:
            return False
        if once:
            self.said.add(said)
        return True

    def _problem(self, index: int, name: str, message: str, params: dict[str, Any]) -> Problem:
        return Problem(self.sheet.name, index + 1, self.header.heading(name), message, params)


def _defaults(sheet: SheetLike, header: Header, compound: str) -> dict[str, str]:
    """What holds for a whole sheet: the lines above its header, its name, the given compound."""
    told = told_above(sheet.rows, header.last_row)
    known = {name: cells.label(value) for name, value in told.items()}
    if "building" in known:
        known["building"] = cells.building(told["building"])
    if section := cells.section(sheet.name):
        known.setdefault("building", section[0])
        known.setdefault("entrance", section[1])
    elif _COMPOUND_NAME.fullmatch(sheet.name.strip()) and not compound:
        known.setdefault("compound", cells.label(sheet.name))
    return {**known, "compound": known.get("compound") or compound}


def _is_filled(cell: Cell) -> bool:
    return cells.text(cell) not in cells.NOTHING
