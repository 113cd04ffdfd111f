"""What a household ledger says, once it has been read: homes, problems, sums.

Pure. The words are RULES.md §1, the fields §7 D1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import msg

SAME_HOME = msg("和工作表「%(sheet)s」第 %(row)s 行重复：%(home)s。")
MOST_PROBLEMS = 5_000
_LETTERED = 10_000_000
_NAMED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """One line of the ledger; `area` in 0.01 m² and above zero, '' and None mean not filled in.

    `row` is the number a person sees. `entrance` is '' in a building without entrances. `use` and
    `occupancy` are values of the enums of `models`.
    """

    sheet: str
    row: int
    town: str
    community: str
    compound: str
    building: str
    entrance: str
    room: str
    floor: int | None
    use: str
    area: int
    ownership: str
    occupancy: str
    owners: tuple[str, ...]
    phones: tuple[str, ...]
    note: str

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a home the same home when the ledger is imported again."""
        return (self.town, self.community, self.compound, self.building, self.entrance, self.room)

    @property
    def place(self) -> tuple[str, str, str]:
        """Building, entrance and room: what makes it the same home within its compound."""
        return (self.building, self.entrance, self.room)

    @property
    def address(self) -> str:
        """`裕民小区3号楼2单元501`."""
        return f"{self.compound}{self.building}{self.entrance}{self.room}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in one row; `column` is the heading as written, '' for the whole row."""

    sheet: str
    row: int
    column: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence in Chinese."""
        return self.message % self.params if self.params else self.message


@dataclass(frozen=True)
class Totals:
    """Counts of one compound or of all; only dwellings are households; `area` in 0.01 m²."""

    town: str
    community: str
    compound: str
    buildings: int
    premises: int
    households: int
    area: int


# Fields of a home, each with the headings of the columns from which it was read.
Columns = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Ledger:
    """What a workbook says. It may be imported when there is no error; warnings do not hinder.

    `columns` tells how sheets were read: the names of sheets with equal columns, and these.
    """

    homes: tuple[Home, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    compounds: tuple[Totals, ...]
    columns: tuple[tuple[tuple[str, ...], Columns], ...] = ()

    @property
    def totals(self) -> Totals:
        """The sums over all compounds."""
        return Totals(
            "",
            "",
            "",
            buildings=sum(each.buildings for each in self.compounds),
            premises=sum(each.premises for each in self.compounds),
            households=sum(each.households for each in self.compounds),
            area=sum(each.area for each in self.compounds),
        )


def totals_of(homes: Iterable[Home]) -> tuple[Totals, ...]:
    """The sums per compound, in the order of the ledger."""
    sums: dict[tuple[str, ...], list[int]] = {}
    buildings: dict[tuple[str, ...], set[str]] = {}
    for home in homes:
        compound = home.key[:3]
        counts = sums.setdefault(compound, [0, 0, 0])
        counts[0] += 1
        counts[1] += home.use == "dwelling"
        counts[2] += home.area
        buildings.setdefault(compound, set()).add(home.building)
    return tuple(
        Totals(town, community, name, len(buildings[town, community, name]), *counts)
        for (town, community, name), counts in sums.items()
    )


def limited(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The first problems, and how many more there are: nobody reads ten thousand lines."""
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    more = len(problems) - MOST_PROBLEMS
    last = problems[MOST_PROBLEMS]
    message = msg("从这里起还有 %(count)s 个问题没有列出。")
    return (*problems[:MOST_PROBLEMS], Problem(last.sheet, last.row, "", message, {"count": more}))


def same_home(first: Home) -> dict[str, Any]:
    """What `SAME_HOME` says of the home that was met first."""
    return {"sheet": first.sheet, "row": first.row, "home": first.address}


def position(label: str) -> int:
    """Where a building, an entrance or a room stands in a list that people read.

    Numbers come first in their order (`2号楼`, `10号楼`; 101, 102, 1001), then letters, then names.
    """
    found = re.match(r"([A-Za-z]?)([0-9]{0,5})(?:-([0-9]{1,2}))?", label)
    letter, number, part = found.groups() if found else ("", "", None)
    if not label:
        return 0
    if not letter and not number:
        return _NAMED
    first = int(number or 0) * 100 + int(part or 0)
    return first + (ord(letter.upper()) - 64) * _LETTERED if letter else first
