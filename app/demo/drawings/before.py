"""The facade as it stands today: stains, loose plaster, tangled cables, steps without a rail."""

from app.demo.drawings.facade import (
    GROUND,
    Frame,
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
    key,
    line,
    marker,
    seed_of,
    shape,
    sheet,
    strokes,
    tree,
)

RED = "#a8392b"


def elevation_before(name: str, floors: int, entrances: int, *, sign: str = "") -> str:
    """The facade today: stains, loose plaster, tangled cables, steps without a rail."""
    frame, seed = frame_of(floors, entrances), seed_of(name)
    body = [
        sky("#dfe3e2", "#c9ccc6"),
        tree(34, GROUND, 150, "#93a07f"),
        _old_wall(frame, seed, sign),
        boxes(window_boxes(frame), "#8fa0a5", edge="#e2dccd", weight=2),
        strokes(window_bars(frame), "#e2dccd", 1.6),
        _old_additions(frame, seed),
        _stains(frame, seed),
        _cables(frame),
        _old_doors(frame),
        _old_yard(frame),
        _old_markers(frame),
        key(434, ["雨水痕、墙皮脱落", "乱拉的电线", "锈空调架、旧护栏", "门口有台阶、无扶手"], RED),
    ]
    return sheet(f"{name}　改造前", "根据现场查看绘制的示意图", body)


def _old_wall(frame: Frame, seed: int, sign: str) -> str:
    """Bare rendered wall with floor bands and places where the brick shows."""
    bands = [
        (frame.left, frame.top + frame.floor * row, frame.width, 0.0)
        for row in range(1, frame.floors)
    ]
    patches, joints = "", []
    for step in range(4):
        x = frame.left + 16 + choice(seed, step, int(frame.width) - 70)
        y = frame.top + frame.floor * (1 + choice(seed, 20 + step, frame.floors - 2)) - 9
        patches += f"M{x:g} {y:g}l14 -7l20 3l12 9l-6 13l-18 5l-20 -6z"
        joints += [(x + 6, y + 2, 32, 0), (x + 4, y + 8, 34, 0), (x + 16, y - 3, 0, 16)]
    return "".join(
        [
            box(frame.left - 4, frame.top - 10, frame.width + 8, 12, "#a39a89", edge="#837a69"),
            slogan(frame, sign, "#cfc5b2"),
            box(frame.left, frame.top, frame.width, frame.height, "#cbc0ab", edge="#8a8170"),
            strokes(bands, "#b3a791", 2),
            shape(patches, "#b06a50", edge="#94836c", weight=1.4),
            strokes(joints, "#d8b8a3", 1),
        ]
    )


def _stains(frame: Frame, seed: int) -> str:
    """Rain stains from the parapet and below the sills, and the damp foot of the wall."""
    drips = ""
    for step, x in enumerate(window_columns(frame)):
        length = 26 + choice(seed, 60 + step, 80)
        drips += f"M{x + 12:g} {frame.top:g}h9l-3 {length}h-3z"
        row = choice(seed, 80 + step, frame.floors - 1)
        y = frame.top + frame.floor * (row + 0.76)
        drips += f"M{x - 9:g} {y:g}h18l-4 {20 + choice(seed, 99 + step, 22)}h-9z"
    return _damp(frame, drips)


def _damp(frame: Frame, drips: str) -> str:
    """The stains as a veil over the wall, and the damp strip above the ground."""
    foot = f"M{frame.left:g} {GROUND - 16}q40 -12 90 -2t110 -4t120 2"
    right = frame.left + frame.width
    return shape(drips, "#5d5140", opacity=0.28) + shape(
        f"{foot}L{right:g} {GROUND - 12}V{GROUND}H{frame.left:g}z",
        "#6b6350",
        opacity=0.32,
    )


def _old_additions(frame: Frame, seed: int) -> str:
    """Rusty air conditioners, cages before the lower windows, awnings of every colour."""
    units, cages, awnings = [], [], ""
    for step, (x, y, w, h) in enumerate(window_boxes(frame)[: 4 * frame.entrances * frame.floors]):
        pick = choice(seed, 200 + step, 9)
        if pick == 0:
            units.append((x + w + 1, y + h * 0.3 + choice(seed, 400 + step, 9), 11.0, 9.0))
        if pick in (1, 2) or y > GROUND - frame.floor:
            cages += [(x - 2 + (w + 4) * bar / 4, y - 1, 0.0, h + 3) for bar in range(5)]
            cages += [(x - 2, y + h + 2, w + 4, 0.0)]
        if pick == 3:
            awnings += f"M{x - 4:g} {y - 1:g}l4 -7h{w:g}l4 7z"
    return "".join(
        [
            boxes(units, "#c9b39a", edge="#8d5a3a", weight=1.2),
            strokes([(x - 1, y + 10, 14, 4) for x, y, _, _ in units], "#8d5a3a", 1.4),
            strokes(cages, "#776d60", 1),
            shape(awnings, "#6f8fa0", edge="#5a6f78"),
        ]
    )


def _cables(frame: Frame) -> str:
    """Sagging wires along the wall, knots of them, and a meter box."""
    right = frame.left + frame.width
    y = frame.top + frame.floor * (frame.floors - 1) - 4
    wires = ""
    for step in range(5):
        start = y - 13 * step + 5 * (step % 2)
        wires += f"M{frame.left - 46 + 6 * step:g} {start - 40:g}"
        x = frame.left
        wires += f"Q{x - 12:g} {start + 4:g} {x:g} {start:g}"
        while x < right:
            x = min(right, x + frame.bay / 2)
            wires += f"q{frame.bay / 4:g} {12 + 4 * step:g} {frame.bay / 2:g} {2 * (step % 3) - 2}"
    return (
        line([(frame.left - 44, GROUND), (frame.left - 40, frame.top + 60)], "#6e5a45", 5)
        + line([(frame.left - 58, frame.top + 82), (frame.left - 24, frame.top + 80)], "#6e5a45", 3)
        + curve(wires, "#2f2d2a", 1.1)
        + boxes([(x + 18, y - 8, 13, 18) for x in door_middles(frame)], "#8d8a80", edge=INK)
        + curve(
            "".join(f"M{x + 24:g} {y + 10:g}q-9 9 3 15t-4 13" for x in door_middles(frame)),
            INK,
            1.2,
        )
    )


def _old_doors(frame: Frame) -> str:
    """Dark doorways with a bent sheet of iron for a roof and two broken steps."""
    doors = door_middles(frame)
    return "".join(
        [
            boxes(
                [(x - 11, GROUND - 42, 22, 36) for x in doors], "#4b463f", edge="#8b8171", weight=2
            ),
            boxes([(x - 4, GROUND - 34, 13, 28) for x in doors], "#6e4f3b"),
            shape(
                "".join(f"M{x - 18:g} {GROUND - 44}l36 -5l2 4l-38 6z" for x in doors),
                "#7b6a58",
            ),
            boxes([(x - 15, GROUND - 6, 30, 6) for x in doors], "#a79d8c", edge="#7d7464"),
            boxes([(x - 19, GROUND - 1, 34, 6) for x in doors], "#b5ab99", edge="#7d7464"),
        ]
    )


def _old_yard(frame: Frame) -> str:
    """A puddle, heaped things, and an electric bicycle charged through a window."""
    x = frame.left + frame.bay * 0.24
    end = frame.left + frame.width
    return "".join(
        [
            shape(f"M{end - 96:g} {GROUND + 9}q34 -10 72 0q-30 9 -72 0z", "#8aa0a8", opacity=0.8),
            curve(f"M{x:g} {GROUND - frame.floor * 1.45:g}q-10 40 4 60t2 28", "#c0392b", 1.8),
            bicycle(x, "#4f6f86"),
            boxes(
                [(end + 8, GROUND - 18, 26, 18), (end + 20, GROUND - 32, 20, 14)],
                "#b08d62",
                edge="#7d6242",
            ),
            shape(f"M{end + 36:g} {GROUND}l5 -24h16l4 24z", "#7a8f86", edge="#59695f"),
        ]
    )


def _old_markers(frame: Frame) -> str:
    """The numbered dots of today's defects."""
    last = door_middles(frame)[-1]
    columns = window_columns(frame)
    return (
        marker(columns[1] + 18, frame.top + 20, 1, RED)
        + marker(frame.left - 18, frame.top + frame.floor * (frame.floors - 2), 2, RED)
        + marker(columns[-1] + 4, frame.top + frame.floor * 2.06, 3, RED)
        + marker(last - 30, GROUND - 8, 4, RED)
    )
