"""What both facades share: the frame, the windows and doors, the sky and an old inscription."""

from typing import NamedTuple

from app.demo.drawings.sheet import (
    INK,
    Box,
    box,
    discs,
    line,
    text,
)

GROUND = 396


class Palette(NamedTuple):
    """Colours of a renovated building: upper wall, ground floor, and edges of the windows."""

    wall: str
    base: str
    trim: str


class Frame(NamedTuple):
    """Where one facade stands: left edge, top edge, bay of one entrance, height of one floor."""

    left: float
    top: float
    bay: float
    floor: float
    floors: int
    entrances: int

    @property
    def width(self) -> float:
        """The length of the facade."""
        return self.bay * self.entrances

    @property
    def height(self) -> float:
        """The height of the facade above ground."""
        return self.floor * self.floors


def frame_of(floors: int, entrances: int) -> Frame:
    """The largest frame that fits the sheet."""
    floor = min(52, 304 / floors)
    bay = min(196, 648 / entrances)
    return Frame(400 - bay * entrances / 2, GROUND - floor * floors, bay, floor, floors, entrances)


def window_columns(frame: Frame) -> list[float]:
    """The middles of the four window columns of every bay, from left to right."""
    shares = (0.14, 0.33, 0.67, 0.86)
    return [
        frame.left + frame.bay * (bay + share) for bay in range(frame.entrances) for share in shares
    ]


def door_middles(frame: Frame) -> list[float]:
    """The middle of every entrance."""
    return [frame.left + frame.bay * (bay + 0.5) for bay in range(frame.entrances)]


def window_boxes(frame: Frame) -> list[Box]:
    """All flat windows, then the smaller stair windows between the floors."""
    wide, high = frame.bay * 0.135, frame.floor * 0.5
    flats = [
        (round(x - wide / 2, 1), round(frame.top + frame.floor * (row + 0.24), 1), wide, high)
        for row in range(frame.floors)
        for x in window_columns(frame)
    ]
    stairs = [
        (x - wide * 0.3, frame.top + frame.floor * (row + 0.78), wide * 0.6, high * 0.72)
        for row in range(frame.floors - 2)
        for x in door_middles(frame)
    ]
    return [(round(x, 1), round(y, 1), round(w, 1), round(h, 1)) for x, y, w, h in flats + stairs]


def window_bars(frame: Frame) -> list[Box]:
    """The bar in the middle of every window."""
    return [(round(x + w / 2, 1), y, 0, h) for x, y, w, h in window_boxes(frame)]


def slogan(frame: Frame, sign: str, fill: str) -> str:
    """An old inscription on a raised panel of the parapet, where the building has one."""
    if not sign:
        return ""
    spread = "　".join(sign)
    width = 25 * len(sign) + 30
    return box(400 - width / 2, frame.top - 30, width, 30, fill, edge="#8f8877") + text(
        400,
        frame.top - 9,
        spread[: 2 * len(sign) - 1],
        size=14,
        anchor="middle",
        bold=True,
        fill="#c04a34" if fill != "#cfc5b2" else "#b59a86",
    )


def sky(above: str, below: str) -> str:
    """Sky, a strip of ground, and the paper under it for the key."""
    return (
        box(0, 0, 800, GROUND, above)
        + box(0, GROUND, 800, 20, below)
        + box(0, GROUND + 16, 800, 50, "#fbf8f1")
        + line([(0, GROUND), (800, GROUND)], INK, 1.4)
    )


def bicycle(x: float, colour: str) -> str:
    """An electric bicycle standing on the ground."""
    y = GROUND - 1
    return (
        discs([(x - 12, y - 7, 7), (x + 14, y - 7, 7)], "none", edge=INK)
        + line([(x - 12, y - 7), (x - 6, y - 17), (x + 4, y - 10), (x + 11, y - 24)], colour, 4)
        + line([(x + 14, y - 7), (x + 10, y - 26), (x + 5, y - 27)], INK, 2)
        + box(x - 12, y - 20, 13, 4, INK, round_by=2)
    )
