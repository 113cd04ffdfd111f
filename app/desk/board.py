"""The board of one round as it is drawn: tallies, bars in tenths of a percent, order."""

from dataclasses import dataclass
from datetime import datetime

from app.core.i18n import say
from app.rounds.counting import Choice, Tally
from app.rounds.models import Round, State
from app.rounds.tallies import MatterTally, results


@dataclass(frozen=True)
class Stretch:
    """One coloured part of a bar: where it starts and how wide it is, in percent."""

    kind: str
    start: str
    width: str


@dataclass(frozen=True)
class Standing:
    """How a matter stands, with the bar that shows it and where its threshold lies."""

    title: str
    tally: Tally
    stretches: tuple[Stretch, ...]

    @property
    def best(self) -> int:
        """Agreeing households if everybody who is silent agreed."""
        return self.tally.agree + self.tally.silent


@dataclass(frozen=True)
class BuildingRow:
    """One building of the register and both matters there."""

    id: int
    name: str
    total: int
    voted: int
    missing: int
    standings: tuple[Standing, ...]

    @property
    def silent(self) -> int:
        """Households of the building that have said nothing."""
        return self.total - self.voted


@dataclass(frozen=True)
class Board:
    """Everything the live parts of the board show; without a register `total` is 0."""

    round_id: int
    compound_id: int
    state: State
    standing: str
    closes_at: datetime
    total: int
    voted: int
    standings: tuple[Standing, ...]
    buildings: tuple[BuildingRow, ...]

    @property
    def is_open(self) -> bool:
        """Whether votes still come in."""
        return self.state == State.OPEN

    @property
    def is_prepared(self) -> bool:
        """Whether the round has not begun yet."""
        return self.state in (State.DRAFT, State.REVIEW, State.REGISTER, State.FROZEN)

    @property
    def is_over(self) -> bool:
        """Whether the last vote is in."""
        return not self.is_open and not self.is_prepared

    @property
    def silent(self) -> int:
        """Households that have said nothing."""
        return self.total - self.voted


def board_of(round_: Round) -> Board:
    """The board from the counters of a round; the building that lacks most comes first."""
    tally = results(round_)
    rows = [
        BuildingRow(b.building_id, b.name, b.total, b.voted, b.missing, _standings(b.matters))
        for b in sorted(tally.buildings, key=lambda b: -b.missing)
    ]
    return Board(
        round_.id,
        round_.compound_id,
        round_.state,
        str(round_.standing),
        round_.closes_at,
        tally.total,
        tally.voted,
        _standings(tally.matters),
        tuple(rows),
    )


def _standings(matters: tuple[MatterTally, ...]) -> tuple[Standing, ...]:
    return tuple(Standing(say(m.title), m.tally, stretches(m.tally)) for m in matters)


def stretches(tally: Tally) -> tuple[Stretch, ...]:
    """Agree, disagree and abstain side by side; what is left of the bar is silence.

    Ends are cut, never rounded up, so that 323 of 404 stays left of the 80 % line.
    """
    found, before = [], 0
    of = {
        Choice.AGREE: tally.agree,
        Choice.DISAGREE: tally.disagree,
        Choice.ABSTAIN: tally.abstain,
    }
    for choice, households in of.items():
        start = _tenths(before, tally.total)
        before += households
        width = _tenths(before, tally.total) - start
        if width:
            found.append(Stretch(choice.value, _percent(start), _percent(width)))
    return tuple(found)


def _tenths(part: int, whole: int) -> int:
    return part * 1000 // whole if whole else 0


def _percent(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}%"
