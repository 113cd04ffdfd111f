"""Where a count will stand at its deadline if it goes on as in the last days: pure, in integers.

A plain continuation, no more: it is for staff alone and is never shown to residents.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MINUTES_A_DAY = 1440
# The spans it looks back, in whole days; with fewer than the shortest nothing can be told.
SPANS = (3, 7)


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

    @property
    def per_day(self) -> int:
        """Households a day, cut: never more than there were."""
        return self.gained // self.days


def forecasts(
    gains: Sequence[int], agree: int, silent: int, needed: int, minutes_left: int
) -> tuple[Forecast, ...]:
    """One forecast for each span that `gains` (households a whole day, the oldest first) covers.

    Nobody agrees twice: never more than the silent come.
    """
    return tuple(
        _of_span(gains[-days:], agree, silent, needed, minutes_left)
        for days in SPANS
        if len(gains) >= days
    )


def _of_span(
    gains: Sequence[int], agree: int, silent: int, needed: int, minutes_left: int
) -> Forecast:
    gained, days = sum(gains), len(gains)
    more = gained * max(0, minutes_left) // (days * MINUTES_A_DAY)
    at_close = agree + min(silent, more)
    return Forecast(days, gained, at_close, max(0, needed - at_close))


def pace_needed(missing: int, minutes_left: int) -> int:
    """The least households a day that reach it: all that are missing when no whole day is left."""
    if missing <= 0:
        return 0
    return -(-missing * MINUTES_A_DAY // max(minutes_left, MINUTES_A_DAY))
