"""The compound seen from above: where things are and where things go."""

from collections.abc import Sequence
from math import ceil

from app.demo.drawings.sheet import (
    INK,
    Box,
    Point,
    box,
    boxes,
    choice,
    curve,
    discs,
    line,
    seed_of,
    shape,
    sheet,
    strokes,
    text,
)

GRASS, ROAD, PAVING, LEAF = "#dfe8cd", "#d7d3ca", "#efe6d4", "#8fb07a"
CAR_COLOURS = ("#b9c6cf", "#c98f7c", "#f4f2ec", "#8f9aa3")


def site_plan(
    buildings: int,
    name: str,
    *,
    entrances: Sequence[int] = (),
    sheds: int = 1,
    parking: int = 0,
) -> str:
    """The compound from above: numbered buildings, road, gate, parking, sheds and green.

    Without `entrances` every building gets three; `parking` 0 means that no number is stated.
    """
    seed = seed_of(name)
    gate = 200 + 60 * choice(seed, 1, 5)
    doors = list(entrances) or [3] * buildings
    lots = _lots(buildings)
    body = [
        _ground(gate),
        _parking(parking or 26, seed),
        _greenery(lots, buildings, seed),
        "".join(
            _slab(lot, index + 1, doors[index], max(doors))
            for index, lot in enumerate(lots[:buildings])
        ),
        _sheds(sheds, gate),
        _gate(gate),
        _legend(sheds, parking),
    ]
    return sheet(f"{name}　总平面图", "示意图，以审定的施工图为准", body)


def _lots(buildings: int) -> list[Box]:
    """The cells in which buildings stand, row by row from the north; spare cells stay green."""
    columns = 1 if buildings <= 3 else 2 if buildings <= 8 else 3
    rows = ceil(buildings / columns)
    width, height = 440 / columns, 218 / rows
    return [
        (98 + column * width, 126 + row * height, width, height)
        for row in range(rows)
        for column in range(columns)
    ]


def _ground(gate: float) -> str:
    """Street, wall, ring road with its fire lane, and the green island inside."""
    return "".join(
        [
            box(0, 0, 616, 456, "#f0ede4"),
            box(0, 424, 616, 32, "#cfcbc2"),
            line([(0, 440), (616, 440)], "#fff", 2, dash="16 12"),
            box(34, 30, 568, 386, GRASS, edge="#8d8579", weight=3, round_by=4),
            box(50, 46, 536, 354, ROAD, round_by=22),
            box(gate - 22, 396, 44, 34, ROAD),
            box(84, 80, 468, 286, GRASS, round_by=10),
            box(67, 63, 502, 320, "none", edge="#e0a93b", weight=1.6, round_by=14),
            text(318, 60, "消防通道　净宽 4 米", size=11, fill="#9a6c12", anchor="middle"),
        ]
    )


def _parking(bays: int, seed: int) -> str:
    """Parking bays along the ring road, north side first; at most 69 fit on the sheet."""
    places: list[Box] = [(86 + 15 * index, 82, 15, 25) for index in range(31)]
    places += [(36, 92 + 15 * index, 13, 15) for index in range(19)]
    places += [(587, 92 + 15 * index, 13, 15) for index in range(19)]
    drawn = places[:bays]
    cars = [place for index, place in enumerate(drawn) if choice(seed, 90 + index, 3) == 0]
    paint = [
        boxes([_car(place) for place in cars[turn::4]], colour, edge="#77736a", weight=0.8)
        for turn, colour in enumerate(CAR_COLOURS)
    ]
    return boxes(drawn, "#c6c2b8", edge="#fff", weight=1.2) + "".join(paint)


def _car(bay: Box) -> Box:
    """The outline of a car in its bay."""
    x, y, width, height = bay
    return (x + 3, y + 3, width - 6, height - 6)


def _greenery(lots: Sequence[Box], buildings: int, seed: int) -> str:
    """Footpaths, flower beds, trees, and the place where people sit."""
    gaps = [(x, y + _depth(height), width, height - _depth(height)) for x, y, width, height in lots]
    cx, cy, across = spot = _spot(lots, buildings)
    kept = (cx - across - 12, cx + across + 68, cy - across - 12, cy + across + 12)
    return _paths(lots) + _beds(gaps, kept, seed) + _trees(gaps, kept, seed) + _square(*spot)


def _depth(height: float) -> float:
    """How deep a building is in a cell of this height."""
    return min(56, height * 0.52)


def _paths(lots: Sequence[Box]) -> str:
    """A path along the doors of every row, joined at both ends and between two columns."""
    rows = sorted({y for _, y, _, _ in lots})
    across: list[Box] = [(84, y - 15, 468, 8) for y in rows]
    upright: list[Box] = [(90, rows[0] - 15, 8, 366 - rows[0] + 15)]
    upright.append((538, rows[0] - 15, 8, 366 - rows[0] + 15))
    if lots[0][2] < 300:
        upright.append((314, rows[0] - 15, 8, 366 - rows[0] + 15))
    return boxes(across + upright, PAVING)


def _beds(gaps: Sequence[Box], kept: Box, seed: int) -> str:
    """Flower beds close to the sunny side of the buildings, where there is room for them."""
    beds: list[Box] = []
    flowers = []
    for index, (x, y, width, height) in enumerate(gaps):
        if height < 30:
            continue
        long = min(64, width / 4)
        for side in (0.3, 0.66):
            left = x + width * side - long / 2
            if _inside((left + long / 2, y + 8), kept, long / 2):
                continue
            beds.append((left, y + 6, long, 7))
            flowers += [
                (left + 5 + 8 * step, y + 8 + choice(seed, 300 + step + index, 4), 1.8)
                for step in range(int(long // 8))
            ]
    return boxes(beds, "#b9cd92", edge="#9ab074") + discs(flowers, "#d9705a")


def _trees(gaps: Sequence[Box], kept: Box, seed: int) -> str:
    """Rows of trees in the gaps south of the buildings: the wider the gap, the more rows."""
    crowns = [(42.0, 38.0, 6.0), (594.0, 38.0, 6.0), (594.0, 408.0, 6.0)]
    places = [
        (x + 22 + 36 * step, y + height - 27 - 33 * row, 17 * index + 41 * row + step)
        for index, (x, y, width, height) in enumerate(gaps)
        for row in range(max(1, int((height - 22) // 34)))
        for step in range(int(width // 36))
    ]
    for x, y, number in places:
        luck = choice(seed, number, 6)
        if luck and not _inside((x + 2 * luck, y + luck), kept, 6):
            crowns.append((x + 2 * luck, y + luck, 7.0 + luck % 3))
    return discs(crowns, LEAF, edge="#6d8f5a") + discs(
        [(x - 2, y - 2, r * 0.45) for x, y, r in crowns], "#b4cd9f"
    )


def _inside(point: Point, area: Box, margin: float) -> bool:
    """Whether a point lies within left, right, top and bottom of an area, or close to it."""
    left, right, top, bottom = area
    across = left - margin < point[0] < right + margin
    return across and top - margin < point[1] < bottom + margin


def _spot(lots: Sequence[Box], buildings: int) -> tuple[float, float, float]:
    """Middle and radius of the sitting place: a spare cell, else south of the last building."""
    spare = len(lots) > buildings
    x, y, width, height = lots[-1]
    gap = height - _depth(height)
    across = min(38, (height if spare else gap) * 0.36)
    cx = x + width * (0.5 if spare or width > 300 else 0.62)
    cy = y + height / 2 - 12 if spare else y + height - gap / 2 - 4
    return cx, cy, across


def _square(cx: float, cy: float, across: float) -> str:
    """The sitting place: paving, a round table, four stools."""
    seats = [
        (cx + dx * across * 0.6, cy + dy * across * 0.6, across / 7)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    return (
        discs([(cx, cy, across)], PAVING, edge="#c9b892")
        + discs([(cx, cy, across / 4)], "#c9a77a", edge="#98774c")
        + discs(seats, "#b98f62")
        + text(cx + across + 6, cy + 4, "活动场地", size=12, fill="#5c5a3e")
    )


def _slab(lot: Box, number: int, doors: int, most: int) -> str:
    """One building from above, as long as its entrances, with doors and stair heads."""
    x, y, cell, height = lot
    depth = _depth(height)
    length = (cell - 22) * (0.45 + 0.55 * doors / most) if most > 1 else cell * 0.5
    length = min(length, 130 * doors)
    left = x + (cell - length) / 2
    step = length / doors
    centres = [left + step * (index + 0.5) for index in range(doors)]
    middle = left + length / 2
    number_at = (left + 24, y + depth / 2)
    return "".join(
        [
            box(left + 5, y + 5, length, depth, "#b9bca4", round_by=1),
            boxes([(c - 8, y - 7, 16, 8) for c in centres], "#a8452f"),
            box(left, y, length, depth, "#f3ead9", edge=INK, weight=1.6),
            box(left + 4, y + 4, length - 8, depth - 8, "#ead9bd", edge="#b6a27f"),
            line([(left + 4, y + depth / 2), (left + length - 4, y + depth / 2)], "#b6a27f"),
            boxes([(c - 7, y + 6, 14, depth * 0.3) for c in centres], "#d5bf98", edge="#a58f68"),
            discs([(*number_at, min(15, depth * 0.42))], "#a8452f", edge="#fff"),
            text(
                number_at[0],
                number_at[1] + 5,
                str(number),
                size=15,
                fill="#fff",
                anchor="middle",
                bold=True,
            ),
            text(middle + 14, y + depth - 6, f"{number}号楼", size=11, anchor="middle"),
        ]
    )


def _sheds(count: int, gate: float) -> str:
    """Sheds for charging electric bicycles along the south side, away from the buildings."""
    places = [spot for spot in (92, 154, 216, 278, 340, 402, 464) if abs(spot + 27 - gate) > 40]
    bolts = "".join(f"M{x + 29} 346l-7 8h6l-3 7l9 -10h-6l4 -5z" for x in places[:count])
    ribs = [(x + 9.0 * rib, 345, 0, 16) for x in places[:count] for rib in (1, 5)]
    roofs = [(x, 344, 54, 18) for x in places[:count]]
    return (
        boxes(roofs, "#5f97a3", edge="#3f6f7a", weight=1.4)
        + strokes([(x, y, dx, dy) for x, y, dx, dy in ribs], "#8fbac3")
        + shape(bolts, "#ffe08a")
    )


def _gate(gate: float) -> str:
    """The gate on the street, with its small house and the way in."""
    return "".join(
        [
            boxes([(gate - 28, 408, 7, 14), (gate + 21, 408, 7, 14)], "#8a5a3c"),
            line([(gate - 21, 416), (gate + 4, 408)], "#c0392b", 2.4),
            box(gate + 32, 401, 28, 15, "#f3ead9", edge=INK, weight=1.3),
            curve(f"M{gate + 10} 432v-24m-5 7l5 -7l5 7", "#fff", 2.2),
            text(gate + 66, 413, "大门", size=12, bold=True),
        ]
    )


def _legend(sheds: int, parking: int) -> str:
    """North arrow, scale and the meaning of the colours."""
    rows = [
        ("#ead9bd", "改造的楼栋"),
        ("#a8452f", "单元入口（坡道）"),
        (PAVING, "人行道、活动场地"),
        (ROAD, "车行道"),
        ("#c6c2b8", f"停车位 {parking} 个" if parking else "停车位"),
        ("#5f97a3", f"充电车棚 {sheds} 座" if sheds else ""),
        (LEAF, "树木、绿地"),
    ]
    shown = [(colour, words) for colour, words in rows if words]
    swatches = [
        box(634, 172 + 34 * index, 24, 16, colour, edge=INK, weight=0.8, round_by=2)
        + text(668, 185 + 34 * index, words, size=13)
        for index, (colour, words) in enumerate(shown)
    ]
    return "".join(
        [
            box(616, 0, 184, 456, "#fffdf8"),
            line([(616, 0), (616, 456)], INK, 1.2),
            discs([(708, 76, 34)], "#fbf8f1", edge=INK),
            shape("M708 40l12 62l-12 -12z", INK),
            shape("M708 40l-12 62l12 -12z", "#fff", edge=INK),
            text(708, 32, "北", size=14, anchor="middle", bold=True),
            text(634, 152, "图例", size=15, bold=True),
            *swatches,
            boxes([(634, 424, 40, 6), (714, 424, 40, 6)], INK),
            box(634, 424, 120, 6, "none", edge=INK),
            text(634, 446, "0", size=11),
            text(754, 446, "30 米", size=11, anchor="middle"),
        ]
    )
