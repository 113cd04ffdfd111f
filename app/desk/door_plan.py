"""The doors of a building as they lie: each floor a row, each home a cell with where it stands.

What a home said is in a cell only where the round's profile lets staff see households (RULES §5).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from app.core.db import db
from app.roster.models import Building, Entrance, Occupancy, Premises
from app.rounds.cases import Conflict
from app.rounds.counting import Choice
from app.rounds.matters import MAIN
from app.rounds.models import Matter, RegisterEntry, Round, Voice, Vote, VoteChoice
from app.rounds.profile import Sight


class DoorState(StrEnum):
    """Where a home stands, as whoever walks the stairs needs to know it."""

    VOTED = "voted"
    CONFLICT = "conflict"
    TO_CONFIRM = "to_confirm"
    VISITED = "visited"
    VACANT = "vacant"
    SILENT = "silent"

    @property
    def label(self) -> Any:
        return _LABELS[self][1]

    @property
    def sign(self) -> Any:
        """One sign that tells it without its colour."""
        return _LABELS[self][0]


_LABELS = {
    DoorState.VOTED: (_l("✓"), _l("已表态")),
    DoorState.CONFLICT: (_l("争"), _l("重复表态或有争议")),
    DoorState.TO_CONFIRM: (_l("待"), _l("待重新确认")),
    DoorState.VISITED: (_l("访"), _l("上过门，还没表态")),
    DoorState.VACANT: (_l("空"), _l("空置，还没表态")),
    DoorState.SILENT: (_l("未"), _l("未表态")),
}


@dataclass(frozen=True)
class Cell:
    """One home; `visit` is what came of the last knock, `said` its choices where staff see them."""

    entry_id: int
    room: str
    state: DoorState
    visit: str = ""
    said: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Stair:
    """One entrance: how many of its homes have a say, and how many said it."""

    name: str
    voted: int
    total: int


@dataclass(frozen=True)
class Floor:
    """One row: its number (None for homes of which nobody knows the floor), homes by entrance."""

    number: int | None
    homes: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class DoorPlan:
    """A building in a round: its entrances side by side, its floors from the top down."""

    round_id: int
    building_id: int
    name: str
    stairs: tuple[Stair, ...]
    floors: tuple[Floor, ...]
    shows_choices: bool

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every home of the building."""
        return tuple(cell for floor in self.floors for homes in floor.homes for cell in homes)

    @property
    def counts(self) -> dict[DoorState, int]:
        """How many homes stand where, for the legend."""
        return {state: sum(c.state == state for c in self.cells) for state in DoorState}

    @property
    def voted(self) -> int:
        """Homes whose word counts now."""
        return self.counts[DoorState.VOTED]


@dataclass(frozen=True)
class _Home:
    entrance: str
    floor: int | None
    cell: Cell


def door_plan(
    round_: Round, building_id: int, visits: Mapping[int, str] | None = None
) -> DoorPlan | None:
    """The door plan of a building on the round's register; None when it is not on it.

    `visits` says what came of the last knock: entry id → outcome in words.
    """
    rows = db.session.execute(_homes_in(round_.id, building_id)).all()
    if not rows:
        return None
    shows = round_.switches.staff_see_choices == Sight.HOUSEHOLDS
    said = _said(round_.id, building_id) if shows else {}
    homes = [_home(row, visits or {}, said) for row in rows]
    names = list(dict.fromkeys(home.entrance for home in homes))
    name = db.session.get_one(Building, building_id).name
    stairs = tuple(_stair(each, homes) for each in names)
    return DoorPlan(round_.id, building_id, name, stairs, _floors(homes, names), shows)


def buildings_on(round_id: int) -> list[tuple[int, str]]:
    """The buildings with homes on the round's register, by their ids and names, in order."""
    rows = db.session.execute(
        select(Building.id, Building.name)
        .join(RegisterEntry, RegisterEntry.building_id == Building.id)
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.is_household,
            RegisterEntry.removed_at.is_(None),
        )
        .group_by(Building.id, Building.name, Building.position)
        .order_by(Building.position)
    )
    return [(row[0], row[1]) for row in rows]


def _homes_in(round_id: int, building_id: int) -> Any:
    contested = exists().where(
        Conflict.entry_id == RegisterEntry.id, Conflict.resolved_at.is_(None)
    )
    return (
        select(
            RegisterEntry.id,
            RegisterEntry.voice,
            contested.label("is_contested"),
            Entrance.name.label("entrance"),
            Premises.room,
            Premises.floor,
            Premises.occupancy,
        )
        .join(Premises, Premises.id == RegisterEntry.premises_id)
        .join(Entrance, Entrance.id == RegisterEntry.entrance_id)
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.building_id == building_id,
            RegisterEntry.is_household,
            RegisterEntry.removed_at.is_(None),
        )
        .order_by(Entrance.position, Premises.position, Premises.id)
    )


def _said(round_id: int, building_id: int) -> dict[int, list[Choice]]:
    """Entry id → what counts now of it, in the order of the plan and its management."""
    rows = db.session.execute(
        select(Vote.entry_id, VoteChoice.choice)
        .join(VoteChoice, VoteChoice.vote_id == Vote.id)
        .join(Matter, Matter.id == VoteChoice.matter_id)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(
            RegisterEntry.round_id == round_id,
            RegisterEntry.building_id == building_id,
            RegisterEntry.voice == Voice.COUNTED,
            Vote.is_current,
            Matter.subject.in_(MAIN),
        )
        .order_by(Matter.position)
    )
    found: dict[int, list[Choice]] = {}
    for entry_id, choice in rows:
        found.setdefault(entry_id, []).append(choice)
    return found


def _home(row: Any, visits: Mapping[int, str], said: Mapping[int, list[Choice]]) -> _Home:
    visit = visits.get(row.id, "")
    cell = Cell(row.id, row.room, _state(row, visit), visit, tuple(said.get(row.id, ())))
    return _Home(row.entrance, row.floor or floor_of(row.room), cell)


def _state(row: Any, visit: str) -> DoorState:
    if row.is_contested or row.voice == Voice.DISPUTED:
        return DoorState.CONFLICT
    if row.voice != Voice.SILENT:
        return DoorState.VOTED if row.voice == Voice.COUNTED else DoorState.TO_CONFIRM
    if visit:
        return DoorState.VISITED
    return DoorState.VACANT if row.occupancy == Occupancy.VACANT else DoorState.SILENT


def floor_of(room: str) -> int | None:
    """The floor that a room number tells: 101 is on the first, 1203 on the twelfth."""
    is_number = room.isascii() and room.isdecimal() and len(room) in (3, 4)
    return (int(room[:-2]) or None) if is_number else None


def _stair(name: str, homes: Iterable[_Home]) -> Stair:
    states = [home.cell.state for home in homes if home.entrance == name]
    return Stair(name, states.count(DoorState.VOTED), len(states))


def _floors(homes: list[_Home], entrances: list[str]) -> tuple[Floor, ...]:
    """The highest first; homes without a known floor share the last row."""
    numbers = sorted({h.floor for h in homes if h.floor is not None}, reverse=True)
    rows: list[int | None] = [*numbers]
    rows += [None] if any(h.floor is None for h in homes) else []
    return tuple(
        Floor(
            number,
            tuple(
                tuple(h.cell for h in homes if h.floor == number and h.entrance == entrance)
                for entrance in entrances
            ),
        )
        for number in rows
    )
