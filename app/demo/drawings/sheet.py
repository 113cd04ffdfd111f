"""Drawing primitives for the sample's plans: small pure functions that return SVG text.

Nothing here refers to a file, an address, a script or another element, so that a drawing is safe to
show as an image and prints the same in a browser and in a PDF. Repeated shapes share one path.
"""

import re
from collections.abc import Iterable, Sequence
from html import escape
from zlib import crc32

WIDTH, HEIGHT = 800, 500
INK = "#3b3a36"
PAPER = "#fbf8f1"
FONT = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, WenQuanYi Micro Hei, sans-serif"

LONG_NUMBER = re.compile(r"\d+\.\d{3,}")

Box = tuple[float, float, float, float]
Point = tuple[float, float]


def sheet(title: str, caption: str, body: Iterable[str], *, paper: str = PAPER) -> str:
    """A complete drawing of 800 × 500 with its title bottom left and its caption beside it."""
    drawing = "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
            f' font-family="{FONT}"><title>{escape(title)}</title>',
            box(0, 0, WIDTH, HEIGHT, paper),
            *body,
            box(0, 456, WIDTH, 44, PAPER),
            line([(0, 456), (WIDTH, 456)], INK, 1.2),
            box(20, 468, 5, 20, "#a8452f"),
            text(34, 484, title, size=16, bold=True),
            text(WIDTH - 20, 484, caption, size=12, fill="#6d6a62", anchor="end"),
            "</svg>",
        ]
    )
    return LONG_NUMBER.sub(lambda number: f"{float(number[0]):.1f}", drawing)


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    fill: str,
    *,
    edge: str = "",
    weight: float = 1,
    round_by: float = 0,
) -> str:
    """One rectangle, with an edge line when a colour for it is given."""
    outline = f' stroke="{edge}" stroke-width="{weight:g}"' if edge else ""
    corner = f' rx="{round_by:g}"' if round_by else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        f' fill="{fill}"{corner}{outline}/>'
    )


def boxes(many: Iterable[Box], fill: str, *, edge: str = "", weight: float = 1) -> str:
    """Any number of rectangles of one colour as a single path."""
    outlines = "".join(f"M{x:g} {y:g}h{w:g}v{h:g}h{-w:g}z" for x, y, w, h in many)
    return shape(outlines, fill, edge=edge, weight=weight)


def discs(many: Iterable[tuple[float, float, float]], fill: str, *, edge: str = "") -> str:
    """Any number of circles (x, y, radius) of one colour as a single path."""
    rings = "".join(
        f"M{x - r:g} {y:g}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0"
        for x, y, r in many
    )
    return shape(rings, fill, edge=edge)


def shape(outline: str, fill: str, *, edge: str = "", weight: float = 1, opacity: float = 1) -> str:
    """A filled path from its outline; nothing at all when there is no outline."""
    if not outline:
        return ""
    border = f' stroke="{edge}" stroke-width="{weight:g}"' if edge else ""
    veil = f' opacity="{opacity:g}"' if opacity < 1 else ""
    return f'<path d="{outline}" fill="{fill}"{border}{veil}/>'


def curve(outline: str, colour: str, weight: float = 1, *, dash: str = "") -> str:
    """An open line along a path outline."""
    if not outline:
        return ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{outline}" fill="none" stroke="{colour}" stroke-width="{weight:g}"'
        f' stroke-linecap="round" stroke-linejoin="round"{dashes}/>'
    )


def line(points: Sequence[Point], colour: str, weight: float = 1, *, dash: str = "") -> str:
    """A line through the given points."""
    return curve("M" + "L".join(f"{x:g} {y:g}" for x, y in points), colour, weight, dash=dash)


def strokes(many: Iterable[Box], colour: str, weight: float = 1) -> str:
    """Any number of straight strokes (x, y, dx, dy) of one colour as a single path."""
    return curve(
        "".join(f"M{x:g} {y:g}l{dx:g} {dy:g}" for x, y, dx, dy in many),
        colour,
        weight,
    )


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 12,
    fill: str = INK,
    anchor: str = "start",
    bold: bool = False,
) -> str:
    """Words on one line; `anchor` is start, middle or end."""
    heavy = ' font-weight="700"' if bold else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}"{place}{heavy}>'
        f"{escape(words)}</text>"
    )


def marker(x: float, y: float, number: int, colour: str) -> str:
    """A numbered dot that the key below the drawing explains."""
    return discs([(x, y, 10)], colour, edge="#fff") + text(
        x, y + 4.5, str(number), size=13, fill="#fff", anchor="middle", bold=True
    )


def key(y: float, words: Sequence[str], colour: str) -> str:
    """The explanations of the numbered dots, spread over one line."""
    step = (WIDTH - 40) / len(words)
    return "".join(
        marker(32 + index * step, y, index + 1, colour)
        + text(48 + index * step, y + 4.5, word, size=13)
        for index, word in enumerate(words)
    )


def tree(x: float, ground: float, height: float, leaf: str = "#7fa06a") -> str:
    """A tree seen from the side, standing on the ground line."""
    crown = height * 0.34
    top = ground - height + crown
    return (
        line([(x, ground), (x, top)], "#7a5f45", max(2, height / 22))
        + discs([(x, top, crown), (x - crown * 0.6, top + crown * 0.5, crown * 0.7)], leaf)
        + discs([(x + crown * 0.5, top + crown * 0.45, crown * 0.72)], "#93b27c")
    )


def person(x: float, ground: float, coat: str, *, tall: float = 30, cane: bool = False) -> str:
    """A small standing figure, with a walking stick when wanted."""
    head = tall * 0.14
    body = (
        f"M{x - head:g} {ground:g}L{x - head * 1.5:g} {ground - tall * 0.5:g}"
        f"Q{x:g} {ground - tall:g} {x + head * 1.5:g} {ground - tall * 0.5:g}"
        f"L{x + head:g} {ground:g}z"
    )
    stick = line([(x + head * 2.4, ground), (x + head * 2, ground - tall * 0.45)], INK, 1.4)
    return (
        shape(body, coat)
        + discs([(x, ground - tall * 0.86, head)], "#e0b48f")
        + (stick if cane else "")
    )


def seed_of(name: str) -> int:
    """A number that is always the same for the same name, so that drawings never change."""
    return crc32(name.encode())


def choice(seed: int, step: int, size: int) -> int:
    """The step-th of a fixed series of numbers from 0 to size - 1 that belongs to a seed."""
    return crc32(f"{seed}/{step}".encode()) % size
