"""The figures of a round as they may hang on a wall: what the state of the round allows, no more.

While it is open only participation, never choices (RULES.md §5); after closing the fields of D9.
"""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale, gettext

from app.core.errors import Refused, msg
from app.core.i18n import DEFAULT, say
from app.rounds.counting import Tally
from app.rounds.matters import rules_in_words
from app.rounds.models import Channel, Round, State
from app.rounds.queries import objections_end
from app.rounds.tallies import BuildingTally, results

SMALLEST_BUILDING = 5


class NothingToAnnounce(Refused):
    """The round has not begun, so there are no figures."""


@dataclass(frozen=True)
class Participation:
    """How many households of a building, or of several small ones together, have answered."""

    name: str
    voted: int
    total: int


@dataclass(frozen=True)
class Verdict:
    """One matter and its count."""

    title: str
    tally: Tally


@dataclass(frozen=True)
class Notice:
    """Everything the notice prints; `verdicts` and `channels` are empty while the round is open."""

    heading: str
    round: Round
    total: int
    voted: int
    building_names: tuple[str, ...]
    participation: tuple[Participation, ...]
    verdicts: tuple[Verdict, ...]
    channels: tuple[tuple[Channel, int], ...]
    has_passed: bool
    basis: tuple[str, ...]
    objections_until: datetime | None

    @property
    def shows_choices(self) -> bool:
        """Whether the result itself is on it."""
        return bool(self.verdicts)


def notice_of(round_: Round) -> Notice:
    """The notice for a round that is open or over; refuses `NothingToAnnounce` before.

    It is paper, so its words are Chinese whatever the language of whoever prints it.
    """
    if round_.opened_at is None:
        raise NothingToAnnounce(msg("这一轮征询还没有开启，没有数字可以公告。"))
    with force_locale(DEFAULT):
        return _notice(round_)


def _notice(round_: Round) -> Notice:
    tally = results(round_)
    over = round_.has_closed
    return Notice(
        heading=_heading(round_),
        round=round_,
        total=tally.total,
        voted=tally.voted,
        building_names=tuple(building.name for building in tally.buildings),
        participation=() if over else tuple(participation(tally.buildings)),
        verdicts=tuple(Verdict(m.title, m.tally) for m in tally.matters) if over else (),
        channels=tuple(tally.channels.items()) if over else (),
        has_passed=over and tally.passed,
        basis=tuple(say(sentence) for sentence in rules_in_words(round_)),
        objections_until=objections_end(round_) if round_.preliminary_at else None,
    )


def participation(buildings: tuple[BuildingTally, ...]) -> list[Participation]:
    """Participation per building; those below five households only together (RULES.md §5).

    A single small building would follow by subtraction: then the next smallest joins it.
    """
    small = [b for b in buildings if b.total < SMALLEST_BUILDING]
    large = sorted((b for b in buildings if b not in small), key=lambda b: b.total)
    if len(small) == 1 or 0 < sum(b.total for b in small) < SMALLEST_BUILDING:
        small += large[:1]
    told = [Participation(b.name, b.voted, b.total) for b in buildings if b not in small]
    if not small or not told:
        return told
    voted, total = sum(b.voted for b in small), sum(b.total for b in small)
    rest = Participation(gettext("其余%(count)s栋合计", count=len(small)), voted, total)
    return [*told, rest] if total >= SMALLEST_BUILDING else told


def _heading(round_: Round) -> str:
    if round_.state == State.OPEN:
        heading = gettext("征询进度公告")
    elif round_.state in (State.CLOSED, State.PRELIMINARY):
        heading = gettext("征询初步结果公示")
    else:
        heading = gettext("征询结果公告")
    return str(heading)
