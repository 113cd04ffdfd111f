"""One step in the life of a round: under its lock, only where it is allowed, and recorded."""

from collections.abc import Mapping

from sqlalchemy import select

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.actions import SYSTEM, Recorded, book_of_round, record
from app.journal.models import Kind
from app.rounds.lifecycle import Verb, is_allowed
from app.rounds.models import Round


class NotNow(Refused):
    """The round is not in the state in which this step is possible."""


class NotYourself(Refused):
    """A second person must do this step."""


class NotReady(Refused):
    """Something is still missing; the list of conditions says what."""


def locked(round_: Round) -> Round:
    """The round under the lock that votes take too, as it is in the database now."""
    return db.session.execute(
        select(Round)
        .where(Round.id == round_.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def require(round_: Round, verb: Verb) -> Round:
    """Take the round's lock and look at what it is now: two people may press at once.

    Refuses `NotNow` unless `verb` is allowed in its state (RULES.md §3).
    """
    round_ = locked(round_)
    if not is_allowed(verb, round_.state):
        raise NotNow(msg("这一轮现在是“%(state)s”，不能做这一步。"), state=str(round_.standing))
    return round_


def note(
    round_: Round, kind: Kind, facts: Mapping[str, object], *, by: Identity | None
) -> Recorded:
    """Record an event in the book of the round; `by` is None when time itself did it."""
    actor = by.commitment if by else SYSTEM
    return record(book_of_round(round_.id), kind, {**facts, "round": round_.id}, actor=actor)
