"""Households that say two things, and the papers on which the office proposes something."""

from typing import Any

import sqlalchemy as sa

from app.accounts.models import Staff
from app.core.db import db
from app.roster.models import Household
from app.rounds.cases import Conflict, Decision
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.decisions import Grounds
from app.rounds.models import Channel, RegisterEntry, Round
from app.rounds.queries import entry_of
from tests.rounds.voters import cast_quickly

GROUNDS = Grounds("社区开会定的", "12月3日会议记录")
WORDS = {"reason": "社区开会定的", "evidence": "12月3日会议记录"}


def on_paper(
    round_: Round, home: Household, choice: Choice, by: Staff, request_id: str, seen: int = 0
) -> None:
    """A form on paper that `by` keyed in: the same choice on every matter."""
    ballot = Ballot({m.id: choice for m in round_.matters}, request_id, seen, 1)
    cast(round_, home.id, ballot, via=Channel.PAPER, keyed_by_id=by.id)


def make_conflict(round_: Round, home: Household, by: Staff) -> Conflict:
    """The phone said yes, and a form keyed in by `by` says no."""
    cast_quickly(round_, home, Choice.AGREE, f"phone-{home.id:04}")
    on_paper(round_, home, Choice.DISAGREE, by, f"paper-{home.id:04}", seen=1)
    return db.session.scalars(sa.select(Conflict).order_by(Conflict.id.desc())).first()  # type: ignore[return-value]


def place_of(round_: Round, home: Household) -> RegisterEntry:
    """The entry of a household."""
    entry = entry_of(round_.id, home.id)
    assert entry is not None
    return entry


def last_decision() -> Any:
    """The proposal made last."""
    return db.session.scalars(sa.select(Decision).order_by(Decision.id.desc())).first()
