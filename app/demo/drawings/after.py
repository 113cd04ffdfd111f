"""The facade after the work: insulated, with canopies, ramps, a shed and trees."""

from app.demo.drawings.facade import (
    GROUND,
    Frame,
    Palette,
    bicycle,
    door_middles,
    frame_of,
    sky,
    slogan,
    window_bars,
    window_boxes,
    window_columns,
)
from app.demo.drawings.sheet import (
    INK,
    box,
    boxes,
    choice,
    curve,
    discs,
    key,
    marker,
    person,
    seed_of,
    shape,
    sheet,
    strokes,
    text,
    tree,
)

GREEN = "#3d7a55"
PALETTES = (
    Palette("#f3e6c8", "#b9654a", "#fffaf0"),
    Palette("#eedfc6", "#8d9c6d", "#fdf8ea"),
    Palette("#e9e4da", "#a65a45", "#ffffff"),
    Palette("#f1d9b0", "#9a6b4c", "#fff9ea"),
)


def elevation_after(
    name: str,
    floors: int,
    entrances: int,
    *,
    palette: Palette | None = None,
    sign: str = "",
    shed: bool = True,
) -> str:
    """The facade after the work: insulated, two-coloured, with canopies, ramps and trees.

    Without a `palette` the compound's name decides; `shed` adds the place to charge bicycles.
    """
    frame, seed = frame_of(floors, entrances), seed_of(name)
    colours = palette or PALETTES[choice(seed, 3, len(PALETTES))]
    body = [
        sky("#d5e9f2", "#cfdcb8"),
        discs([(722, 58, 26)], "#ffe9ae"),
        _clouds(),
        tree(30, GROUND, 176),
        _new_wall(frame, colours, sign),
        boxes(window_boxes(frame), "#a9d0df", edge=colours.trim, weight=3),
        strokes(window_bars(frame), colours.trim, 1.8),
        _new_additions(frame, colours),
        _new_doors(frame, colours),
        _new_yard(frame),
        _charging_shed(frame.left + frame.width) if shed else "",
        _new_markers(frame),
        key(
            434,
            ["外墙保温、新涂料", "管线进槽、空调归位", "双层玻璃、雨水管", "雨棚、坡道、扶手"],
            GREEN,
        ),
    ]
    return sheet(f"{name}　改造后", "效果示意图，颜色以样板墙为准", body)


def _clouds() -> str:
    """Two clouds."""
    return shape(
        "M88 62a14 14 0 0 1 26 -8a18 18 0 0 1 34 4a11 11 0 0 1 4 22h-60a9 9 0 0 1 -4 -18z"
        "M596 40a10 10 0 0 1 18 -6a13 13 0 0 1 25 3a8 8 0 0 1 3 16h-43a7 7 0 0 1 -3 -13z",
        "#fff",
        opacity=0.85,
    )


def _new_wall(frame: Frame, colours: Palette, sign: str) -> str:
    """Insulated wall in two colours with a clean parapet, bands and downpipes."""
    base = frame.floor * 1.04
    strip = frame.bay * 0.17
    stairs = [(x - strip / 2, frame.top, strip, frame.height) for x in door_middles(frame)]
    pipes = [
        (frame.left + frame.bay * bay, frame.top, 0.0, frame.height)
        for bay in range(frame.entrances + 1)
    ]
    return "".join(
        [
            box(frame.left + 6, frame.top + 4, frame.width + 8, frame.height - 4, "#9fb3ae"),
            box(frame.left - 5, frame.top - 12, frame.width + 10, 13, colours.base, edge=INK),
            slogan(frame, sign, "#fffaf0"),
            box(frame.left, frame.top, frame.width, frame.height, colours.wall, edge=INK),
            boxes(stairs, colours.base),
            box(frame.left, GROUND - base, frame.width, base, colours.base, edge=INK),
            box(frame.left, GROUND - base - 3, frame.width, 5, colours.trim),
            strokes(pipes, "#fffdf5", 3),
        ]
    )


def _new_additions(frame: Frame, colours: Palette) -> str:
    """Sills, and louvred boxes of one kind for the air conditioners, all in line."""
    flats = window_boxes(frame)[: 4 * frame.entrances * frame.floors]
    sills = [(x - 2, y + h + 1, w + 4, 2.5) for x, y, w, h in flats]
    outer = [flat for index, flat in enumerate(flats) if index % 4 in (1, 2)]
    boxes_ = [(x + w * 0.1, y + h + 5, w * 0.8, frame.floor * 0.15) for x, y, w, h in outer]
    slats = [(x + 2, y + h / 2, w - 4, 0.0) for x, y, w, h in boxes_]
    return (
        boxes(sills, colours.trim)
        + boxes(boxes_, "#f6f1e6", edge="#a79d8c", weight=0.8)
        + strokes(slats, "#a79d8c", 1)
    )


def _new_doors(frame: Frame, colours: Palette) -> str:
    """Glazed doors with canopies, entrance numbers, ramps and handrails."""
    doors = door_middles(frame)
    slope = "".join(f"M{x - 12:g} {GROUND - 6}h26v6h-66z" for x in doors)
    rails = "".join(
        f"M{x - 54:g} {GROUND - 15}L{x - 14:g} {GROUND - 22}"
        f"M{x - 52:g} {GROUND - 15}v15M{x - 34:g} {GROUND - 18}v15M{x - 16:g} {GROUND - 21}v15"
        for x in doors
    )
    return "".join(
        [
            boxes(
                [(x - 13, GROUND - 43, 26, 38) for x in doors], "#3f6f66", edge="#fffaf0", weight=2
            ),
            boxes([(x - 9, GROUND - 38, 8, 22) for x in doors], "#b6d9da"),
            boxes([(x + 1, GROUND - 38, 8, 22) for x in doors], "#b6d9da"),
            shape(
                "".join(f"M{x - 22:g} {GROUND - 46}h44l4 5h-52z" for x in doors),
                "#4d7f8c",
                edge=INK,
            ),
            shape(slope, "#e9e1d1", edge="#8d8474"),
            curve(rails, "#9b6a3d", 2),
            *[
                box(x - 19, GROUND - 63, 38, 14, "#fffdf5", edge=INK, weight=0.8, round_by=2)
                + text(x, GROUND - 52, f"{index + 1}单元", size=11, anchor="middle", bold=True)
                for index, x in enumerate(doors)
            ],
        ]
    )


def _new_yard(frame: Frame) -> str:
    """Hedges, a bench, a tree and neighbours."""
    end = frame.left + frame.width
    hedge = [
        (frame.left + frame.bay * bay + 8 + 11 * step, GROUND - 5, 7.0)
        for bay in range(frame.entrances)
        for step in range(2)
    ]
    mid = frame.left + frame.bay * 0.76
    return "".join(
        [
            discs(hedge, "#7fa06a"),
            boxes([(mid - 14, GROUND - 11, 30, 3), (mid - 14, GROUND - 20, 30, 3)], "#a9764a"),
            strokes([(mid - 11, GROUND - 20, 0, 20), (mid + 13, GROUND - 20, 0, 20)], "#7a5638", 2),
            person(mid + 1, GROUND + 6, "#4a6fa0", tall=32),
            person(mid + 26, GROUND + 9, "#a8574a", tall=36, cane=True),
            person(mid + 42, GROUND + 10, "#e0a93b", tall=22),
            tree(end + 52, GROUND, 128),
        ]
    )


def _charging_shed(end: float) -> str:
    """The roof on posts beside the building, with a bicycle under it."""
    posts = [(end + 12, GROUND - 34, 0, 34), (end + 56, GROUND - 27, 0, 27)]
    return (
        shape(f"M{end + 6:g} {GROUND - 40}l56 8v6h-56z", "#5f97a3", edge="#3f6f7a")
        + strokes(posts, "#3f6f7a", 2.4)
        + bicycle(end + 34, "#4d7f8c")
    )


def _new_markers(frame: Frame) -> str:
    """The numbered dots of what is new."""
    columns = window_columns(frame)
    return (
        marker(frame.left + 2, frame.top + frame.floor * 1.0, 1, GREEN)
        + marker(columns[2] + frame.bay * 0.1, frame.top + frame.floor * 1.9, 2, GREEN)
        + marker(columns[-1] + frame.bay * 0.13, frame.top + frame.floor * 2.9, 3, GREEN)
        + marker(door_middles(frame)[-1] - 30, GROUND - 34, 4, GREEN)
    )
