"""What a line of a ledger takes from the lines above it, and which lines are no homes at all.

Pure. Offices write a building once and leave the cells below it empty, merge cells, put headings
between the rows and sums below them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Protocol

from app.core.errors import msg
from app.roster import cells
from app.roster.cells import Cell, Place, Unclear
from app.roster.headings import HIERARCHY

_SUBTOTAL = re.compile(
    r"(?:本页|全部|.{0,20}(?:楼|栋|幢|座|#|单元|小区|院|苑|社区|镇|街道|页|层))?"
    r"[(]?(?:小计|合计|总计|共计|累计)[)]?:?.{0,12}"
)
_FOOTING = re.compile(
    r"(?:填表|制表|填报|审核|复核|审批|负责|经办|统计|登记|调查|主管|分管|单位)"
    r"(?:人|员|单位|日期|时间|领导|盖章|负责人|部门)?(?:\([^)]*\))?:.*"
)


class Block(Protocol):
    """A merged block of cells; zero-based, both ends included."""

    @property
    def top(self) -> int: ...
    @property
    def left(self) -> int: ...
    @property
    def bottom(self) -> int: ...


class Carry:
    """The town … entrance of the current row, with what empty cells repeat from above.

    An empty cell repeats the value above it only where that value was written once: in a column
    that is filled in line by line an empty cell is a gap, and must not be guessed.
    """

    def __init__(self, defaults: Mapping[str, str]) -> None:
        self._defaults = {name: defaults.get(name, "") for name in HIERARCHY}
        self._above = dict(self._defaults)
        self._run = dict.fromkeys(HIERARCHY, 0)
        self._fresh: set[str] = set()
        self._protected: set[str] = set()
        self.now = dict(self._above)

    def begin_row(self) -> None:
        """Start a row from what is known above it."""
        self.now = dict(self._above)
        self._protected, self._fresh = self._fresh, set()

    def take(self, name: str, value: str) -> None:
        """The value of one cell, '' when it is empty; a new value ends what lies below it."""
        if not value:
            is_gap = self._run[name] > 1
            self.now[name] = self._defaults[name] if is_gap else self._above[name]
            self._run[name] = self._run[name] if is_gap else 0
            return
        above = self._above[name]
        if above and above != value:
            for lower in HIERARCHY[HIERARCHY.index(name) + 1 :]:
                if lower not in self._protected:
                    self.forget(lower)
        self._run[name] = self._run[name] + 1 if above == value else 1
        self._above[name] = self.now[name] = value

    def forget(self, name: str) -> None:
        """Nothing is known of this name any more but its default."""
        self._above[name] = self.now[name] = self._defaults[name]
        self._run[name] = 0

    def start_section(self, building: str, entrance: str) -> None:
        """A heading between the rows names the building or the entrance of those below it."""
        for name, value in (("building", building), ("entrance", entrance)):
            if value or building:
                self.forget(name)
                self._above[name] = value
                self._fresh.add(name)

    def locate(self, told: Place) -> Place:
        """The place of a home from its columns and from what its room cell tells (`told`)."""
        building, entrance = self.now["building"], self.now["entrance"]
        if told.leading:
            told = self._lead(told, building, entrance)
        for ours, theirs in ((building, told.building), (entrance, told.entrance)):
            if ours and theirs and ours != theirs:
                message = msg("房号里写的是「%(told)s」，另外的列写的是「%(column)s」，不一致。")
                raise Unclear(message, told=theirs, column=ours)
        if len(told.room) > cells.ROOM_LENGTH:
            raise Unclear(msg("房号太长：%(value)s。"), value=told.room)
        return Place(
            self.now["compound"] or told.compound,
            building or told.building,
            entrance or told.entrance,
            told.room,
        )

    def _lead(self, told: Place, building: str, entrance: str) -> Place:
        """Read the 3 of `3-501`: the building when no column names one, else the entrance."""
        as_building, as_entrance = cells.building(told.leading), cells.entrance(told.leading)
        many = told.leading.isdecimal() and int(told.leading) > 9
        repeats_building = as_building == building and (bool(entrance) or many)
        if not building or (repeats_building and as_entrance != entrance):
            return Place(told.compound, as_building, "", told.room)
        return Place(told.compound, "", as_entrance, told.room)


def is_subtotal(row: Iterable[Cell]) -> bool:
    """Whether a row is a sum: `合计`, `3号楼小计`, `合 计（户）`."""
    return any(
        isinstance(cell, str)
        and "计" in cell
        and _SUBTOTAL.fullmatch(cells.text(cell).replace(" ", "")) is not None
        for cell in row
    )


def is_footing(row: Iterable[Cell]) -> bool:
    """Whether a row is signed or dated, as below a form: `填表人：…  审核人：…`."""
    first = next((cell for cell in row if cell not in (None, "")), None)
    return isinstance(first, str) and _FOOTING.fullmatch(cells.text(first)) is not None


def merged_down(merges: Iterable[Block], used: set[int], rows: int) -> dict[tuple[int, int], int]:
    """For each cell that a merge hides below its first row: the row where its value stands."""
    hidden: dict[tuple[int, int], int] = {}
    free_from: dict[int, int] = {}
    for block in sorted(merges, key=lambda each: (each.left, each.top)):
        overlaps = block.top < free_from.get(block.left, 0)
        if block.left not in used or overlaps:
            continue
        bottom = min(block.bottom, rows - 1)
        free_from[block.left] = bottom + 1
        for row in range(block.top + 1, bottom + 1):
            hidden[row, block.left] = block.top
    return hidden
