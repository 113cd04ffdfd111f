"""The blueprint of the cases of a round, and how its desks find what they work on.

It holds no page: those stand in `staff_views`, `conflict_views` and `complaint_views`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint

from app.accounts.models import Staff
from app.core.db import db
from app.core.guards import Identity, Role
from app.rounds.break_glass import is_broken
from app.rounds.cases import Conflict
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, Vote
from app.rounds.profile import Sight

bp = Blueprint("cases", __name__, url_prefix="/desk")


@dataclass(frozen=True)
class Sheet:
    """The signed form of a vote: why it was keyed although the home had spoken, and whether its

    photograph may be shown to whoever asks.
    """

    reason: str
    shows_photo: bool


class _Papers:
    """Filled in by the paper, of which the cases know nothing: the form of a vote, if any."""

    sheet_of: Callable[[int, Identity], Sheet | None]


papers = _Papers()


@dataclass(frozen=True)
class Side:
    """One of two votes of the same household; `choices` is empty for whoever may not see them."""

    vote_id: int
    channel: Channel
    number: int
    cast_at: datetime
    keyed_by: str
    choices: list[tuple[str, Choice]]
    sheet: Sheet | None


def sees_choices(round_: Round, by: Identity) -> bool:
    """Whether what a single household chose may be shown to `by` where a paper is at hand:

    to the office, and to everybody when the profile says so (RULES.md §5).
    """
    is_office = by.role not in (Role.WORKER, Role.AUDITOR)
    return is_office or round_.switches.staff_see_choices == Sight.HOUSEHOLDS


def sees_sides(conflict: Conflict, by: Identity) -> bool:
    """Whether what a home said twice may be shown to `by`: when the profile shows choices to the

    staff, or for minutes after opening them with a reason, which the home is shown (T32).
    """
    entry = conflict.entry
    shown_to_all = entry.round.switches.staff_see_choices == Sight.HOUSEHOLDS
    return (shown_to_all and by.role != Role.AUDITOR) or is_broken(entry, by)


def sides_of(conflict: Conflict, by: Identity, *, tells_choices: bool) -> tuple[Side, Side]:
    """The vote that stands and the one that is held, beside each other."""
    return (
        _side(conflict.standing_vote, by, tells_choices),
        _side(conflict.held_vote, by, tells_choices),
    )


def named(round_: Round, choices: Mapping[int, Choice]) -> list[tuple[str, Choice]]:
    """Choices by the titles of their matters, in their order."""
    return [(m.title, choices[m.id]) for m in round_.matters if m.id in choices]


def choices_of(vote: Vote) -> dict[int, Choice]:
    """What a vote says, by matter id."""
    return {choice.matter_id: choice.choice for choice in vote.choices}


def _side(vote: Vote, by: Identity, tells_choices: bool) -> Side:
    keyed_by: Any = db.session.get(Staff, vote.keyed_by_id) if vote.keyed_by_id else None
    choices = named(vote.entry.round, choices_of(vote)) if tells_choices else []
    name = keyed_by.name if keyed_by else ""
    sheet = papers.sheet_of(vote.id, by) if vote.channel == Channel.PAPER else None
    return Side(vote.id, vote.channel, vote.number, vote.cast_at, name, choices, sheet)
