"""The list of doors on paper, one entrance after the other, with room to write (RULES.md §7 D8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.core import clock, pdf
from app.core.errors import Refused, msg
from app.doors import queries
from app.doors.models import AT_THE_DOOR, Outcome
from app.doors.queries import Door, Wanted
from app.rounds.models import Round

# So many doors are laid out while one waits for them; more are printed building by building.
MOST_IN_PDF = 600
# What is ticked at a door: the buttons of the phone, and who signed for what was handed over.
_WORDS = [one.label for one in (*AT_THE_DOOR, Outcome.SIGNED, Outcome.SIGNED_FOR)]


class TooMany(Refused):
    """So many doors are not laid out at one go."""


@dataclass(frozen=True)
class Stairs:
    """The doors of one entrance, in the order of walking; each begins a page of its own."""

    building: str
    entrance: str
    doors: Sequence[Door]


def stairs_of(round_: Round, wanted: Wanted) -> list[Stairs]:
    """The doors that are asked for, entrance by entrance."""
    doors = queries.all_doors(round_.id, wanted)
    groups = groupby(doors, key=lambda door: (door.building, door.entrance, door.entrance_id))
    return [Stairs(building, entrance, list(found)) for (building, entrance, _id), found in groups]


def list_html(round_: Round, stairs: Sequence[Stairs], **context: object) -> str:
    """The list as HTML, for the browser or for `list_pdf`."""
    facts = {"stairs": stairs, "words": _WORDS, "made_at": clock.now()}
    return pdf.printed("print/doors.html", round=round_, **facts, **context)


def list_parts(round_: Round, stairs: Sequence[Stairs]) -> list[str]:
    """The list as documents to lay out one after the other; refuses `TooMany`."""
    if sum(len(one.doors) for one in stairs) > MOST_IN_PDF:
        raise TooMany(msg("户太多，一次排不出来。请先选一栋楼或一个单元，再下载 PDF。"))
    return [list_html(round_, part, on_screen=False) for part in _parts(stairs)]


def _parts(stairs: Sequence[Stairs]) -> Iterator[Sequence[Stairs]]:
    for start in range(0, max(len(stairs), 1), 10):
        yield stairs[start : start + 10]
