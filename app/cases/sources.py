"""Where open cases come from: rows of the rounds that want settling, in one shape for all kinds.

Expressions only; `queries` asks the database.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    and_,
    case,
    func,
    literal,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy import cast as sql_cast

from app.cases.kinds import TERMS, CaseKind
from app.cases.models import CaseFile
from app.core.db import UtcDateTime, is_postgresql
from app.rounds.cases import AuditItem, Conflict, Decision, DecisionKind, Objection, Outcome
from app.rounds.models import RegisterEntry, Round, Voice, Vote
from app.rounds.pending import WITHOUT_SLIP

# A proposal of these is a step of the case that it is about, and no case of its own.
_STEPS = (DecisionKind.CONFLICT, DecisionKind.DISPUTE_END, DecisionKind.OBJECTION)
# What is or was an objection; who answers one that is open stands with it.
OF_OBJECTIONS = (CaseKind.REPORT, CaseKind.OBJECTION, CaseKind.SLIP)
TO_ANSWER = (CaseKind.REPORT, CaseKind.OBJECTION)


@cache
def open_cases() -> CTE:
    """Every open case: kind, row, round, door, since when, hours it may take, who handles it, and

    the proposal that waits about it.
    """
    objections = [_objections(kind) for kind in (CaseKind.REPORT, CaseKind.OBJECTION)]
    parts = (_conflicts(), _disputes(), *objections, _decisions(), _audit(), _slips())
    return union_all(*parts).cte("cases")


def is_its_file() -> ColumnElement[bool]:
    """Joins what the desk keeps about a case."""
    cases = open_cases()
    return and_(CaseFile.kind == cases.c.kind, CaseFile.subject_id == cases.c.subject_id)


def owner_id() -> ColumnElement[Any]:
    """Who looks after it: of an objection its handler; of others whoever took it since it began."""
    cases = open_cases()
    is_open = cases.c.kind.in_([kind.value for kind in TO_ANSWER])
    taken = case((CaseFile.taken_at >= cases.c.since, CaseFile.owner_id))
    # Whoever answered sees to the slip, unless somebody else took that over.
    return case((is_open, cases.c.handler_id), else_=func.coalesce(taken, cases.c.handler_id))


def due_at() -> ColumnElement[datetime]:
    """The day that somebody gave it since it began, or the one that its kind has."""
    cases = open_cases()
    moved = CaseFile.due_set_at >= cases.c.since
    later = _later(cases.c.since, cases.c.hours)
    return type_coerce(case((moved, CaseFile.due_at), else_=later), UtcDateTime())


def _later(since: Any, hours: Any) -> ColumnElement[Any]:
    if is_postgresql():
        return type_coerce(since + func.make_interval(0, 0, 0, 0, hours), UtcDateTime())
    # Whole hours leave minutes and all below them as they are kept.
    hour = func.strftime("%Y-%m-%d %H", since, func.printf("+%d hours", hours), type_=String)
    return type_coerce(hour.concat(func.substr(since, 14, type_=String)), UtcDateTime())


def _conflicts() -> Select[Any]:
    step = _waiting_about(DecisionKind.CONFLICT, Decision.params["conflict"].as_integer())
    place, since = RegisterEntry.label, Conflict.opened_at
    return (
        _part(CaseKind.CONFLICT, Conflict, place, since, decision=step.c.decision_id)
        .join(RegisterEntry, RegisterEntry.id == Conflict.entry_id)
        .outerjoin(step, step.c.about == Conflict.id)
        .where(Conflict.resolved_at.is_(None))
    )


def _disputes() -> Select[Any]:
    step = _waiting_about(DecisionKind.DISPUTE_END, Decision.entry_id)
    begun = (
        select(Decision.entry_id, func.max(Decision.settled_at).label("since"))
        .where(Decision.kind == DecisionKind.DISPUTE, Decision.outcome == Outcome.APPROVED)
        .group_by(Decision.entry_id)
        .subquery()
    )
    since = func.coalesce(begun.c.since, Round.opened_at, Round.closes_at)
    row, step_id = RegisterEntry, step.c.decision_id
    return (
        _part(CaseKind.DISPUTE, row, row.label, since, decision=step_id)
        .join(Round, Round.id == RegisterEntry.round_id)
        .outerjoin(begun, begun.c.entry_id == RegisterEntry.id)
        .outerjoin(step, step.c.about == RegisterEntry.id)
        .where(RegisterEntry.voice == Voice.DISPUTED)
    )


def _objections(kind: CaseKind) -> Select[Any]:
    """Those that name a vote are reports, the others are not."""
    step = _waiting_about(DecisionKind.OBJECTION, Decision.params["objection"].as_integer())
    row, step_id, names_vote = Objection, step.c.decision_id, Objection.vote_id.is_not(None)
    found = _part(kind, row, row.place, row.raised_at, decision=step_id, handler=row.handler_id)
    return found.outerjoin(step, step.c.about == Objection.id).where(
        Objection.closed_at.is_(None), names_vote if kind == CaseKind.REPORT else ~names_vote
    )


def _decisions() -> Select[Any]:
    row, place = Decision, func.coalesce(RegisterEntry.label, "")
    found = _part(CaseKind.DECISION, row, place, row.proposed_at, decision=row.id)
    return found.outerjoin(RegisterEntry, RegisterEntry.id == Decision.entry_id).where(
        Decision.outcome == Outcome.WAITING, Decision.kind.not_in(_STEPS)
    )


def _audit() -> Select[Any]:
    since = func.coalesce(Round.closed_at, Round.closes_at)
    return (
        _part(CaseKind.AUDIT, AuditItem, RegisterEntry.label, since)
        .join(Round, Round.id == AuditItem.round_id)
        .join(Vote, Vote.id == AuditItem.vote_id)
        .join(RegisterEntry, RegisterEntry.id == Vote.entry_id)
        .where(AuditItem.checked_at.is_(None))
    )


def _slips() -> Select[Any]:
    row = Objection
    found = _part(CaseKind.SLIP, row, row.place, row.closed_at, handler=row.handler_id)
    return found.where(*WITHOUT_SLIP)


def _part(
    kind: CaseKind, row: Any, place: Any, since: Any, *, decision: Any = None, handler: Any = None
) -> Select[Any]:
    """The open rows of one kind; what a kind does not have is none of its type."""
    nothing = sql_cast(null(), Integer)
    return select(
        literal(kind.value, String).label("kind"),
        sql_cast(row.id, BigInteger).label("subject_id"),
        row.round_id.label("round_id"),
        place.label("place"),
        type_coerce(since, UtcDateTime()).label("since"),
        literal(TERMS[kind] // timedelta(hours=1), Integer).label("hours"),
        (nothing if handler is None else handler).label("handler_id"),
        (nothing if decision is None else decision).label("decision_id"),
    ).select_from(row)


def _waiting_about(kind: DecisionKind, about: Any) -> Subquery:
    """What is decided about → the first proposal of this kind that waits for a second person."""
    waiting = select(about.label("about"), func.min(Decision.id).label("decision_id"))
    chosen = waiting.where(Decision.kind == kind, Decision.outcome == Outcome.WAITING)
    return chosen.group_by(about).subquery()
