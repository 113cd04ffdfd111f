"""What waits for the office: decisions, conflicts, disputes, objections, forms of the audit, and

new slips for homes whose code was ended with a vote that was not their own.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, func, or_, select, true

from app.accounts.models import HouseholdCode
from app.accounts.queries import near_to
from app.core.db import db
from app.core.guards import Identity, Role
from app.roster.models import Area, Compound
from app.rounds.cases import (
    AuditItem,
    Conflict,
    Decision,
    DecisionKind,
    Effect,
    Objection,
    Outcome,
)
from app.rounds.decisions import ABOUT_VOTES
from app.rounds.models import RegisterEntry, Round, Voice, Vote


@dataclass(frozen=True)
class CaseCounts:
    """How much of each kind waits in one round.

    What somebody has proposed an end of is a decision, and counted there alone.
    """

    decisions: int = 0
    conflicts: int = 0
    disputes: int = 0
    objections: int = 0
    audit: int = 0
    slips: int = 0

    @property
    def total(self) -> int:
        """Everything that waits."""
        return sum(vars(self).values())


@dataclass(frozen=True)
class Pending:
    """A round in which something waits; `yours` are decisions this very person may take."""

    round_id: int
    compound_id: int
    compound: str
    number: int
    counts: CaseCounts
    yours: int


def case_counts(round_id: int) -> CaseCounts:
    """What waits in a round, in one statement."""
    return CaseCounts(*db.session.execute(_counted(Round.id == round_id)).one()[4:10])


def counts_of(rounds: Select[int]) -> dict[int, CaseCounts]:
    """What waits in each of these rounds (a selection of ids), in one statement."""
    rows = db.session.execute(_counted(Round.id.in_(rounds)))
    return {row[0]: CaseCounts(*row[4:10]) for row in rows}


def pending_within(by: Identity) -> list[Pending]:
    """The rounds within this person's scope in which something waits, most to decide first."""
    on_the_way = (Round.archived_at.is_(None), Round.withdrawn_at.is_(None))
    rows = db.session.execute(
        _counted(Area.path.startswith(by.area_path), *on_the_way).add_columns(_yours(by))
    )
    found = [
        Pending(row[0], row[1], row[2], row[3], CaseCounts(*row[4:10]), row[10]) for row in rows
    ]
    waiting = [one for one in found if one.counts.total]
    return sorted(waiting, key=lambda one: (-one.yours, -one.counts.total, one.round_id))


# Struck out as not their own, and nothing since by which they could come in.
WITHOUT_SLIP = (
    Objection.vote_id.is_not(None),
    Objection.effect == Effect.STRIKE_OUT,
    ~exists().where(
        HouseholdCode.household_id == Objection.household_id, HouseholdCode.revoked_at.is_(None)
    ),
)


_END_OF_CONFLICT = (
    Decision.kind == DecisionKind.CONFLICT,
    Decision.params["conflict"].as_integer() == Conflict.id,
)
_END_OF_DISPUTE = (
    Decision.kind == DecisionKind.DISPUTE_END,
    Decision.entry_id == RegisterEntry.id,
)
_ANSWER = (
    Decision.kind == DecisionKind.OBJECTION,
    Decision.params["objection"].as_integer() == Objection.id,
)


def without_slip(round_id: int) -> set[int]:
    """The objections of a round whose home waits for a new slip."""
    found = select(Objection.id).where(Objection.round_id == round_id, *WITHOUT_SLIP)
    return set(db.session.scalars(found))


def _counted(*which: Any) -> Any:
    return (
        select(
            Round.id,
            Round.compound_id,
            Compound.name,
            Round.number,
            _number(Decision, Decision.outcome == Outcome.WAITING),
            _number(Conflict, Conflict.resolved_at.is_(None), _unproposed(*_END_OF_CONFLICT)),
            _number(
                RegisterEntry,
                RegisterEntry.voice == Voice.DISPUTED,
                _unproposed(*_END_OF_DISPUTE),
            ),
            _number(Objection, Objection.closed_at.is_(None), _unproposed(*_ANSWER)),
            _number(AuditItem, AuditItem.checked_at.is_(None)),
            _number(Objection, *WITHOUT_SLIP),
        )
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .where(*which)
    )


def _unproposed(*about: ColumnElement[bool]) -> ColumnElement[bool]:
    return ~exists().where(Decision.outcome == Outcome.WAITING, *about)


def _number(table: Any, *which: Any) -> ScalarSelect[int]:
    rows = select(func.count()).select_from(table).where(table.round_id == Round.id, *which)
    return rows.correlate(Round).scalar_subquery()


def _yours(by: Identity) -> ScalarSelect[int]:
    return _number(Decision, Decision.outcome == Outcome.WAITING, settled_by(by))


def settled_by(by: Identity) -> ColumnElement[bool]:
    """Which proposals `by` may agree to as the second person: as `decisions.approve` says."""
    if by.role == Role.WORKER:
        return ~true()
    near = near_to(by)
    return and_(Decision.proposed_by_id.not_in(near), ~_keyed_by(near))


def _keyed_by(near: Select[int]) -> ColumnElement[bool]:
    """Whether a vote of the home was keyed by one of these: as `decisions.may_judge` says."""
    by_them = or_(Vote.keyed_by_id.in_(near), Vote.checked_by_id.in_(near))
    keyed = exists().where(Vote.entry_id == Decision.entry_id, by_them)
    return and_(Decision.kind.in_(ABOUT_VOTES), keyed)
