"""Doubts about a ledger that show only when its homes are compared with each other.

Pure. These are warnings: an unusual home may well exist.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from app.core.errors import msg
from app.roster.ledger import Home, Problem

NEIGHBOURS = 5
FAR = 3
SHARED_PHONE = 4


def doubts(homes: Sequence[Home]) -> Iterator[Problem]:
    """Areas far from the neighbours', entrances missing here and there, phones of many homes."""
    for building in _buildings(homes):
        yield from _areas(building)
        yield from _entrances(building)
    yield from _phones(homes)


def _areas(building: list[Home]) -> Iterator[Problem]:
    """Dwellings more than three times as large, or as small, as is usual in their building."""
    dwellings = [home for home in building if home.use == "dwelling"]
    if len(dwellings) < NEIGHBOURS:
        return
    usual = median([home.area for home in dwellings])
    for home in dwellings:
        if home.area > FAR * usual or FAR * home.area < usual:
            message = msg("面积 %(area)s ㎡，和同一栋楼的其他户（多为 %(usual)s ㎡）相差很大。")
            yield _about(home, message, area=_square_metres(home.area), usual=_square_metres(usual))


def _entrances(building: list[Home]) -> Iterator[Problem]:
    without = [home for home in building if not home.entrance]
    if without and len(without) < len(building):
        message = msg("%(building)s有 %(count)s 户没有填单元，其他户填了。")
        yield _about(without[0], message, building=without[0].building, count=len(without))


def _phones(homes: Iterable[Home]) -> Iterator[Problem]:
    """A phone beside many homes could speak for all of them."""
    homes_of: defaultdict[str, list[Home]] = defaultdict(list)
    for home in homes:
        for phone in home.phones:
            homes_of[phone].append(home)
    for phone, holders in homes_of.items():
        if len(holders) >= SHARED_PHONE:
            message = msg("电话 %(phone)s 填在 %(count)s 户里，请核对。")
            yield _about(holders[0], message, phone=phone, count=len(holders))


def _buildings(homes: Iterable[Home]) -> Iterable[list[Home]]:
    buildings: defaultdict[tuple[str, ...], list[Home]] = defaultdict(list)
    for home in homes:
        buildings[home.key[:4]].append(home)
    return buildings.values()


def _about(home: Home, message: str, **params: Any) -> Problem:
    return Problem(home.sheet, home.row, "", message, params)


def _square_metres(hundredths: float) -> str:
    return f"{hundredths / 100:.2f}"
