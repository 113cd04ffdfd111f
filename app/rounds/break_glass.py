"""Opening what one household chose: with a reason, for minutes, and shown to that household.

Staff see totals and who has not voted (RULES.md §5). Whoever needs a single answer, as when a
household disputes it, opens it like this and in no other way (THREATS.md T32).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity, Role
from app.journal.models import Kind
from app.rounds.cases import BreakGlass
from app.rounds.models import RegisterEntry
from app.rounds.steps import note

LEAST_REASON = 6
OPEN_FOR = timedelta(minutes=5)
MAY_LOOK = (Role.OFFICE, Role.DISTRICT, Role.ADMIN)


class NoGoodReason(Refused):
    """Nobody looks without saying why in some words."""


class NothingSaid(Refused):
    """The household has said nothing that could be looked at."""


def look(entry: RegisterEntry, reason: str, *, by: Identity) -> BreakGlass:
    """Open one household's choices for this person and a few minutes; the household is shown it.

    Refuses `NoGoodReason` and `NothingSaid`. Who may is the view's to say (`MAY_LOOK`).
    """
    if len(reason.strip()) < LEAST_REASON:
        raise NoGoodReason(msg("理由至少写 %(least)s 个字，这一户会看到。"), least=LEAST_REASON)
    if not entry.votes:
        raise NothingSaid(msg("这一户在这一轮没有表过态，没有可看的。"))
    opened = BreakGlass(
        round_id=entry.round_id,
        entry=entry,
        reason=reason.strip(),
        at=clock.now(),
        by_id=by.id,
    )
    db.session.add(opened)
    db.session.flush()
    facts = {"hh": entry.commitment, "reason": opened.reason_commitment, "look": opened.id}
    note(entry.round, Kind.BREAK_GLASS, facts, by=by)
    return opened


def is_open_for(opened: BreakGlass, by: Identity) -> bool:
    """Whether this person may still see what was opened: nobody else ever, and only for minutes."""
    return opened.by_id == by.id and clock.now() < opened.at + OPEN_FOR


def is_broken(entry: RegisterEntry, by: Identity) -> bool:
    """Whether this person opened this household's choices within the last minutes."""
    lately = (BreakGlass.by_id == by.id, BreakGlass.at > clock.now() - OPEN_FOR)
    opened = select(BreakGlass.id).where(BreakGlass.entry_id == entry.id, *lately)
    return db.session.scalar(opened.limit(1)) is not None


def looks_at(household_id: int, since: datetime | None = None) -> Sequence[BreakGlass]:
    """Every time this household's choices were opened, the newest first.

    To the household of today only what was done `since` its owners came.
    """
    found = (
        select(BreakGlass)
        .join(RegisterEntry, RegisterEntry.id == BreakGlass.entry_id)
        .where(RegisterEntry.household_id == household_id)
        .options(joinedload(BreakGlass.by), joinedload(BreakGlass.entry))
        .order_by(BreakGlass.id.desc())
    )
    if since is not None:
        found = found.where(BreakGlass.at >= since)
    return db.session.scalars(found).all()
