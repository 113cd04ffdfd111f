"""The five drawings of a sample plan: where things are, before, after, the door and the ground.

Each function returns a complete SVG text drawn from real numbers (buildings, floors, entrances),
the same every time. `sheet` holds the pen; the other modules draw one subject each.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.demo.drawings.after import elevation_after
from app.demo.drawings.before import elevation_before
from app.demo.drawings.details import entrance_ramp, pipe_section
from app.demo.drawings.facade import Palette
from app.demo.drawings.site import site_plan

__all__ = [
    "Drawing",
    "Palette",
    "elevation_after",
    "elevation_before",
    "entrance_ramp",
    "pipe_section",
    "plan_drawings",
    "site_plan",
]


class Drawing(NamedTuple):
    """One picture of a plan: its file name without ending, its caption, its SVG text."""

    name: str
    caption: str
    svg: str


def plan_drawings(
    name: str,
    floors: int,
    entrances: Sequence[int],
    *,
    sheds: int = 1,
    parking: int = 0,
    palette: Palette | None = None,
    sign: str = "",
) -> list[Drawing]:
    """The five pictures of one compound, in the order in which its plan text refers to them.

    `entrances` has one number per building, in order; the facade shown is that of building 1.
    """
    first = entrances[0]
    plan = site_plan(len(entrances), name, entrances=entrances, sheds=sheds, parking=parking)
    before = elevation_before(name, floors, first, sign=sign)
    after = elevation_after(name, floors, first, palette=palette, sign=sign, shed=sheds > 0)
    return [
        Drawing("site-plan", "图 1　总平面图", plan),
        Drawing("facade-before", "图 2　改造前的楼", before),
        Drawing("facade-after", "图 3　改造后的楼", after),
        Drawing("entrance-ramp", "图 4　单元门口和坡道", entrance_ramp()),
        Drawing("pipe-section", "图 5　地下管线剖面", pipe_section()),
    ]
