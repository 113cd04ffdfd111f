"""How a round went day by day: who took part and who agrees, as lines, and what they lead to.

A household stands on the day it first spoke, with what it says now: so the last point of a line is
the number on the board.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import aliased

from app.core import clock
from app.core.db import db
from app.core.format import local
from app.core.i18n import say
from app.desk.forecast import MINUTES_A_DAY, Forecast, forecasts, pace_needed
from app.rounds.counting import Choice, Track
from app.rounds.matters import MAIN
from app.rounds.models import Matter, RegisterEntry, Round, State, Voice, Vote, VoteChoice
from app.rounds.tallies import MatterTally, RoundTally

# A longer round shows its last days; what was before them stands in the first.
MOST_DAYS = 60
# The drawing in its own units.
WIDTH, HEIGHT = 600, 160


@dataclass(frozen=True)
class Line:
    """One line of the drawing: cumulated households at the end of each day."""

    kind: str
    title: str
    totals: tuple[int, ...]
    points: str


@dataclass(frozen=True)
class Outlook:
    """What the pace of the last days leads to for one matter, and the pace that it takes.

    `missing` and `pace_needed` are from now on; no forecasts when too few days have passed.
    """

    passed: bool
    is_reachable: bool
    missing: int
    pace_needed: int
    is_last_day: bool
    forecasts: tuple[Forecast, ...]


@dataclass(frozen=True)
class Course:
    """The days of a round, its lines, and how high on the drawing the threshold lies."""

    days: tuple[date, ...]
    lines: tuple[Line, ...]
    needed: int
    needed_y: int
    # Matter id → outlook, while the round is open.
    outlooks: dict[int, Outlook]


# (day number, matter id, choice) → households.
Sums = dict[tuple[int, int, Choice], int]


def course_of(round_: Round, tally: RoundTally) -> Course | None:
    """The course of a round that was opened, from its tally and one more statement."""
    if round_.opened_at is None or not tally.total or not tally.main:
        return None
    days = _days(round_)
    sums = _sums(round_, days)
    agreed = [_of_matter(sums, m.matter_id, len(days), Choice.AGREE) for m in tally.main]
    first = _of_matter(sums, tally.main[0].matter_id, len(days), *Choice)
    needed = max(m.tally.needed for m in tally.main)
    top = max(tally.total, 1)
    lines = (
        _line("voted", "", first, top),
        *(
            _line(f"agree-{number}", say(m.title), gains, top)
            for number, (m, gains) in enumerate(zip(tally.main, agreed, strict=True), 1)
        ),
    )
    is_open = round_.state == State.OPEN
    outlooks = _outlooks(round_, days, tally.main, [first, *agreed]) if is_open else {}
    return Course(days, lines, needed, _height(needed, top), outlooks)


def _days(round_: Round) -> tuple[date, ...]:
    """The days it was open, on the office's wall clock."""
    assert round_.opened_at is not None
    last = local(min(clock.now(), round_.closes_at)).date()
    count = min((last - local(round_.opened_at).date()).days + 1, MOST_DAYS)
    return tuple(last - timedelta(days=back) for back in reversed(range(max(count, 1))))


def _sums(round_: Round, days: Sequence[date]) -> Sums:
    """Households by the day of their first word, and by what they say now."""
    first = aliased(Vote)
    zone = local(clock.now()).tzinfo
    ends = [datetime(d.year, d.month, d.day, tzinfo=zone) + timedelta(days=1) for d in days[:-1]]
    branches = [(first.cast_at < end, number) for number, end in enumerate(ends)]
    day = case(*branches, else_=len(ends)) if branches else case((first.id > 0, 0), else_=0)
    rows = db.session.execute(
        select(day.label("day"), VoteChoice.matter_id, VoteChoice.choice, func.count())
        .join(Vote, Vote.id == VoteChoice.vote_id)
        .join(first, (first.entry_id == Vote.entry_id) & (first.number == 1))
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .join(Matter, Matter.id == VoteChoice.matter_id)
        .where(
            Vote.round_id == round_.id,
            Vote.is_current,
            RegisterEntry.voice == Voice.COUNTED,
            RegisterEntry.removed_at.is_(None),
            RegisterEntry.is_household,
            Matter.track == Track.CONSULTATION,
            Matter.subject.in_(MAIN),
        )
        .group_by("day", VoteChoice.matter_id, VoteChoice.choice)
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def _of_matter(sums: Sums, matter_id: int, days: int, *choices: Choice) -> list[int]:
    return [sum(sums.get((day, matter_id, c), 0) for c in choices) for day in range(days)]


def _line(kind: str, title: str, gains: Sequence[int], top: int) -> Line:
    totals = tuple(sum(gains[: day + 1]) for day in range(len(gains)))
    # It begins at nothing before the first day.
    heights = [HEIGHT, *(_height(total, top) for total in totals)]
    step = WIDTH // max(len(gains), 1)
    points = " ".join(f"{number * step},{y}" for number, y in enumerate(heights))
    return Line(kind, title, totals, points)


def _height(households: int, top: int) -> int:
    return HEIGHT - households * HEIGHT // top


def _outlooks(
    round_: Round,
    days: Sequence[date],
    matters: Sequence[MatterTally],
    gains: Sequence[Sequence[int]],
) -> dict[int, Outlook]:
    left = int((round_.closes_at - clock.now()).total_seconds()) // 60
    spoke, *agreed = (_whole_days(days, each) for each in gains)
    return {
        m.matter_id: _outlook(m, spoke, of, left) for m, of in zip(matters, agreed, strict=True)
    }


def _whole_days(days: Sequence[date], gains: Sequence[int]) -> list[int]:
    """The days that were open from morning to night: neither the first nor today."""
    today = local(clock.now()).date()
    return [gain for day, gain in zip(days[1:], gains[1:], strict=True) if day < today]


def _outlook(
    matter: MatterTally, spoke: Sequence[int], agreed: Sequence[int], left: int
) -> Outlook:
    tally = matter.tally
    found = forecasts(
        spoke,
        agreed,
        agree=tally.agree,
        silent=tally.silent,
        needed=tally.needed,
        minutes_left=left,
    )
    pace = pace_needed(tally.missing, left)
    is_last_day = left < MINUTES_A_DAY
    return Outlook(tally.passed, tally.is_reachable, tally.missing, pace, is_last_day, found)
