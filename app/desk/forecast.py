"""Where a count will stand at its deadline if it goes on as in the last days: pure, in integers.

A plain continuation, no more: it is for staff alone and is never shown to residents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MINUTES_A_DAY = 1440
# The spans it looks back, in whole days; with fewer than the shortest nothing can be told.
SPANS = (3, 7)


@dataclass(frozen=True)
class Days:
    """What some whole days brought: how many households spoke up, and how many of them agree."""

    count: int
    spoke: int
    agreed: int


@dataclass(frozen=True)
class Forecast:
    """What the pace of the last `days` whole days leads to.

    `gained` households agreed in these days; at that pace `at_close` will have agreed, and
    `missing` more would be needed.
    """

    days: int
    gained: int
    at_close: int
    missing: int


def forecasts(
    spoke: Sequence[int],
    agreed: Sequence[int],
    *,
    agree: int,
    silent: int,
    needed: int,
    minutes_left: int,
) -> tuple[Forecast, ...]:
    """One forecast for each span that the whole days cover, the oldest day first.

    Only who is silent can still come, and as many of them agree as of those who came lately.
    """
    found = []
    for days in SPANS:
        if len(agreed) >= days:
            lately = Days(days, sum(spoke[-days:]), sum(agreed[-days:]))
            at_close = agree + _more(lately, silent, minutes_left)
            missing = max(0, needed - at_close)
            found.append(Forecast(days, lately.agreed, at_close, missing))
    return tuple(found)


def _more(lately: Days, silent: int, minutes_left: int) -> int:
    if not lately.spoke:
        return 0
    at_this_pace = lately.agreed * max(0, minutes_left) // (lately.count * MINUTES_A_DAY)
    return min(at_this_pace, silent * lately.agreed // lately.spoke)


def pace_needed(missing: int, minutes_left: int) -> int:
    """The least households a day that reach it: all that are missing when no whole day is left."""
    if missing <= 0:
        return 0
    return -(-missing * MINUTES_A_DAY // max(minutes_left, MINUTES_A_DAY))
