"""The two close-ups of a plan: the entrance with its ramp, and the pipes below the ground."""

from app.demo.drawings.sheet import (
    INK,
    Box,
    box,
    boxes,
    curve,
    discs,
    line,
    person,
    shape,
    sheet,
    strokes,
    text,
    tree,
)


def entrance_ramp() -> str:
    """An entrance after the work, from the side of the street, with the sizes that matter.

    About 100 units are one metre: the ramp rises 0.36 over 4.20.
    """
    body = [_doorway(), _ramp(), _ramp_life(), _ramp_sizes()]
    return sheet("单元门口和坡道", "单位：米", body)


def _doorway() -> str:
    """Wall, windows, canopy, lamp and door of one entrance."""
    courses = "".join(f"M0 {y}h800" for y in range(262, 392, 14))
    bricks = "".join(
        f"M{x + 16 * (row % 2)} {248 + 14 * row}v14" for row in range(10) for x in range(8, 800, 32)
    )
    windows: list[Box] = [(50, 60, 118, 118), (218, 60, 118, 118), (676, 60, 96, 118)]
    return "".join(
        [
            box(0, 0, 800, 250, "#f2e3c4"),
            box(0, 246, 800, 150, "#b9654a"),
            curve(courses + bricks, "#ab5b42", 1),
            box(0, 240, 800, 8, "#fff8ea"),
            boxes(windows, "#bcd8e2", edge="#fffdf5", weight=7),
            shape("M54 64h40l-40 60zM222 64h40l-40 60zM680 64h34l-34 56z", "#d9ebf1"),
            strokes([(x + w / 2, y, 0, h) for x, y, w, h in windows], "#fffdf5", 5),
            boxes([(x - 7, 182, w + 14, 8) for x, _, w, _ in windows], "#d9c49a"),
            box(446, 116, 164, 240, "#e9d6ae", edge="#c4a877", weight=2),
            box(468, 146, 120, 210, "#3f6f66", edge="#2d514a", weight=3),
            boxes([(480, 160, 42, 96), (534, 160, 42, 96)], "#a9cfd2", edge="#2d514a", weight=2),
            strokes([(528, 146, 0, 210), (520, 272, 0, 30), (536, 272, 0, 30)], "#cfe0d8", 3),
            shape("M418 94h220l18 24h-256z", "#4d7f8c", edge="#35606b", weight=2),
            strokes([(434, 118, 18, 40), (622, 118, -18, 40)], "#35606b", 4),
            discs([(528, 128, 9)], "#ffe9a8", edge="#d3a73c"),
            box(614, 226, 22, 40, "#50545a", round_by=3),
            boxes([(618, 232, 14, 10)], "#9fd0dc"),
            box(484, 62, 88, 26, "#a8452f", round_by=3),
            text(528, 81, "1 单元", size=16, fill="#fff", anchor="middle", bold=True),
        ]
    )


def _ramp() -> str:
    """The landing, the gentle slope with its strips, the double handrail, two steps."""
    slope = [(x, 356 + (440 - x) * 36 / 420) for x in range(40, 440, 20)]
    posts = [(x, y - 85, 0.0, 85.0) for x, y in slope[1::4]]
    return "".join(
        [
            box(0, 392, 800, 64, "#cfc8ba"),
            strokes([(x, 392, -24, 64) for x in range(40, 840, 66)], "#beb6a6", 1.2),
            shape("M440 356H664V394H20z", "#ddd3c0", edge="#8d8474", weight=2),
            shape("M440 356H664v8H440L20 400v-8z", "#f3ecdf", edge="#8d8474"),
            strokes([(x, y + 1, -11, 4) for x, y in slope], "#c9902f", 3),
            boxes([(664, 374, 30, 20)], "#d3c8b4", edge="#8d8474"),
            boxes([(664, 374, 30, 4), (640, 356, 24, 4)], "#c9902f"),
            strokes([*posts, (440, 271, 0, 85), (656, 271, 0, 85)], "#6f6a62", 3),
            line([(14, 318), (20, 307), (440, 271), (466, 271)], "#9b6a3d", 6),
            line([(14, 338), (20, 327), (440, 291), (466, 291)], "#9b6a3d", 4),
            line([(640, 271), (656, 271), (706, 312)], "#9b6a3d", 6),
        ]
    )


def _ramp_life() -> str:
    """Somebody in a wheelchair on the slope with a neighbour, a bench, flowers at the window."""
    petals: list[tuple[float, float, float]] = [
        (x, 176.0 - 3 * (x % 2), 4.5) for x in range(228, 330, 13)
    ]
    return "".join(
        [
            person(168, 385, "#a8574a", tall=126),
            line([(178, 322), (210, 306), (222, 306)], "#a8574a", 7),
            line([(222, 300), (230, 346), (262, 346), (272, 372)], INK, 3.4),
            shape("M226 342q-8 -44 12 -50q18 2 18 38l22 2l9 32l-10 2l-10 -22z", "#4a6fa0"),
            discs([(244, 276, 13)], "#e0b48f"),
            shape("M230 276q2 -16 15 -16q14 1 13 14q-10 -6 -20 -2z", "#eceae4"),
            discs([(240, 350, 25), (240, 350, 21)], "none", edge=INK),
            discs([(240, 350, 4), (274, 371, 7)], INK),
            strokes([(222, 332, 36, 36), (222, 368, 36, -36)], "#8b8f94", 1),
            boxes([(708, 356, 84, 8), (708, 330, 84, 8)], "#a9764a"),
            strokes([(716, 330, 0, 62), (784, 330, 0, 62)], INK, 3.4),
            person(748, 392, "#5b7f6b", tall=104, cane=True),
            boxes([(224, 172, 106, 14)], "#8a5a3c"),
            discs(petals, "#7fa06a"),
            discs([(x, y - 3, 2.6) for x, y, _ in petals], "#e0684f"),
        ]
    )


def _ramp_sizes() -> str:
    """The dimension lines."""
    red = "#9c2f22"
    return "".join(
        [
            line([(20, 414), (664, 414)], red, 1.2),
            strokes([(20, 406, 0, 16), (440, 406, 0, 16), (664, 406, 0, 16)], red, 1.2),
            _label(230, 436, "坡道长 4.20，坡度小于 1:11，踩着不滑"),
            _label(552, 436, "平台大于 1.50，轮椅能转身"),
            line([(392, 275), (392, 358)], red, 1.2),
            strokes([(386, 275, 12, 0), (386, 359, 12, 0)], red, 1.2),
            _label(352, 246, "双层扶手，高 0.85 和 0.65"),
            strokes([(468, 330, 120, 0), (468, 324, 0, 12), (588, 324, 0, 12)], "#fff", 1.4),
            text(528, 324, "净宽 1.20", size=14, fill="#fff", anchor="middle"),
            _label(708, 222, "对讲，离地 1.20"),
            _label(376, 38, "雨棚和感应灯"),
            line([(400, 44), (424, 92)], red, 1.2),
        ]
    )


def _label(x: float, y: float, words: str) -> str:
    """A dimension or remark on its own strip of paper."""
    width = sum(13.5 if ord(letter) > 0x2E80 else 7.6 for letter in words) + 12
    return box(x - width / 2, y - 14, width, 20, "#fffdf8", round_by=3) + text(
        x, y + 1, words, size=13, fill="#9c2f22", anchor="middle"
    )


def pipe_section() -> str:
    """A cut through the ground: which pipe lies how deep, and why no one digs twice."""
    return sheet(
        "地下管线剖面",
        "各家管线一次开挖、一次回填",
        [_soil(), _surface(), _pipes(), _depths()],
        paper="#e3eef2",
    )


def _soil() -> str:
    """Layers of paving, sand and earth, with the frost line."""
    grains = "".join(
        f"M{(61 * step) % 790 + 4} {196 + (37 * step) % 254}l5 -3" for step in range(70)
    )
    return "".join(
        [
            box(0, 150, 800, 306, "#c8aa82"),
            box(0, 300, 800, 156, "#b5946b"),
            curve(grains, "#a07f57", 1.6),
            box(0, 150, 800, 14, "#8f8d88"),
            box(0, 164, 800, 16, "#c9c4b8"),
            shape("M250 180H640L600 436H290z", "#dcc59b", edge="#a58a5c", weight=1.5),
            line([(0, 300), (800, 300)], "#2e6f95", 2, dash="10 7"),
            box(14, 276, 172, 20, "#fffdf8", round_by=3),
            text(20, 291, "冻土线：地面下 1.20 米", size=13, fill="#2e6f95", bold=True),
        ]
    )


def _surface() -> str:
    """What stands above: house wall, path, tree, manholes, a lamp and two neighbours."""
    return "".join(
        [
            box(0, 20, 56, 130, "#f2e3c4", edge="#c4a877", weight=2),
            box(0, 110, 56, 40, "#b9654a"),
            box(12, 40, 30, 44, "#bcd8e2", edge="#fffdf5", weight=4),
            strokes([(64 + 22 * step, 150, 0, 14) for step in range(9)], "#fbf8f1", 1.4),
            tree(716, 150, 124),
            strokes([(700, 164, -16, 30), (716, 164, 2, 38), (730, 164, 18, 28)], "#7a5f45", 3),
            line([(664, 150), (664, 50), (640, 50)], INK, 3),
            shape("M628 50h14l-3 9h-8z", "#ffe08a", edge=INK),
            boxes([(352, 152, 44, 226), (514, 152, 44, 82)], "#d8d0bf", edge="#8d8474", weight=1.6),
            boxes([(348, 143, 52, 9), (510, 143, 52, 9)], "#55585c"),
            strokes([(366, 170 + 22 * rung, 16, 0) for rung in range(9)], "#8d8474", 2),
            text(374, 137, "污", size=14, anchor="middle", bold=True),
            text(536, 137, "热", size=14, anchor="middle", bold=True),
            person(152, 150, "#5b7f6b", tall=58, cane=True),
            person(116, 150, "#a8574a", tall=52),
        ]
    )


def _pipes() -> str:
    """The pipes themselves: colour, insulation, casing."""
    wires = [(288.0 + 13 * column, 204.0 + 13 * row, 4.5) for column in range(3) for row in (0, 1)]
    return "".join(
        [
            box(278, 194, 46, 34, "#8b8f94", edge=INK, weight=1.4, round_by=3),
            discs(wires, "#e7e3d8", edge=INK),
            discs([(36, 242, 10)], "#f0c63c", edge=INK),
            discs([(36, 242, 5)], "#fbf3d2"),
            discs([(506, 254, 27), (568, 254, 27)], "#3e3b38", edge=INK),
            discs([(506, 254, 23), (568, 254, 23)], "#f1d9a2"),
            discs([(506, 254, 13), (568, 254, 13)], "#c8553d", edge=INK),
            discs([(506, 254, 8)], "#f2b8a2"),
            discs([(568, 254, 8)], "#e9e3da"),
            discs([(430, 324, 15)], "#3f86b5", edge=INK),
            discs([(430, 324, 9)], "#d9edf5"),
            discs([(486, 348, 15)], "#b3332a", edge=INK),
            discs([(486, 348, 9)], "#f3dcd6"),
            discs([(562, 384, 25)], "#6f9a94", edge=INK),
            discs([(562, 384, 19)], "#dcebe6"),
            shape("M545 391a19 19 0 0 0 34 0z", "#6fa8c0"),
            discs([(374, 398, 30)], "#7b5c45", edge=INK),
            discs([(374, 398, 23)], "#e5d8c6"),
            shape("M353 406a23 23 0 0 0 42 0z", "#a48a62"),
        ]
    )


def _depths() -> str:
    """Names with leader lines on both sides."""
    left = [
        (280, 211, 206, "电力、通信套管　深 0.4 米"),
        (346, 398, 404, "污水管　深 2.0 米"),
    ]
    right = [
        (595, 254, 254, "供热管保温　深 0.8 米"),
        (445, 323, 316, "给水管　深 1.4 米"),
        (501, 348, 348, "消防水管　深 1.6 米"),
        (587, 384, 384, "雨水管　深 1.9 米"),
    ]
    lines = [line([(x, y), (248, to), (240, to)], INK, 1) for x, y, to, _ in left]
    lines += [line([(x, y), (628, to), (640, to)], INK, 1) for x, y, to, _ in right]
    names = [_name(240 - _room(words), to, words) for _, _, to, words in left]
    names += [_name(644, to, words) for _, _, to, words in right]
    title = "先深后浅，水、电、气、热、信同一次施工"
    remark = "铺好一家，大家看过、拍照，再回填下一层"
    return "".join(
        [
            *lines,
            *names,
            _name(54, 242, "燃气管，单独走"),
            text(400, 38, title, size=18, anchor="middle", bold=True),
            text(400, 64, remark, size=14, anchor="middle", fill="#5d6b70"),
        ]
    )


def _name(x: float, y: float, words: str) -> str:
    """The name of a pipe on its own strip of paper."""
    strip = box(x, y - 10, _room(words), 20, "#fffdf8", edge="#a58a5c", weight=0.8, round_by=3)
    return strip + text(x + 5, y + 4.5, words, size=13)


def _room(words: str) -> float:
    """How much width a name needs."""
    return sum(13 if ord(letter) > 0x2E80 else 7.4 for letter in words) + 10
