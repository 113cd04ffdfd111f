"""How fast questions are answered: from moments alone, for any number of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS = (1, 3, 7)

# When something was asked, and when it was first answered, if it was.
Wait = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Within:
    """Of `due` questions, which were answered or are older than so many days, `met` were in time.

    A question that may still be answered in time counts for neither.
    """

    days: int
    met: int
    due: int


@dataclass(frozen=True)
class Speed:
    """What `speed_of` tells; `median` and `oldest` are None where nothing is answered, waits."""

    asked: int
    answered: int
    median: timedelta | None
    within: tuple[Within, ...]
    oldest: timedelta | None

    @property
    def waiting(self) -> int:
        """How many have no answer yet."""
        return self.asked - self.answered


def speed_of(waits: Iterable[Wait], now: datetime) -> Speed:
    """How long the answers took that were given, and how long the oldest question waits."""
    waits = list(waits)
    spans = sorted(answered - asked for asked, answered in waits if answered is not None)
    open_ = [now - asked for asked, answered in waits if answered is None]
    return Speed(
        asked=len(waits),
        answered=len(spans),
        median=median_of(spans),
        within=tuple(_within(days, spans, open_) for days in DAYS),
        oldest=max(open_, default=None),
    )


def median_of(ordered: list[timedelta]) -> timedelta | None:
    """The span in the middle; of two in the middle the longer, so that it never flatters."""
    return ordered[len(ordered) // 2] if ordered else None


def _within(days: int, spans: list[timedelta], open_: list[timedelta]) -> Within:
    limit = timedelta(days=days)
    met = sum(span <= limit for span in spans)
    late = sum(span > limit for span in [*spans, *open_])
    return Within(days, met, met + late)
