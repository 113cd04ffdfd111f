"""The queue of cases: everything within a person's scope that wants settling, by its due day.

One statement finds the lines of a page and one counts them, however many cases there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select

from app.accounts.models import Staff
from app.accounts.queries import people_within
from app.cases.kinds import CaseKind
from app.cases.line import Case, Subject, Turn, Waiting, Wanted
from app.cases.models import CaseFile
from app.cases.sources import due_at, is_its_file, open_cases, owner_id
from app.core import clock
from app.core.db import db
from app.core.guards import OFFICE_ROLES, Identity
from app.core.paging import Stretch, paged
from app.roster.models import Area, Building, Compound, Entrance, Premises
from app.rounds.cases import Decision, DecisionKind
from app.rounds.models import Round
from app.rounds.pending import settled_by

# No engine takes any number of ids at once.
_AT_ONCE = 5000


def queue(by: Identity, wanted: Wanted, number: int | None) -> Stretch[Case]:
    """A page of the cases that `by` can reach, the most urgent first."""
    found = paged(_lines(by, wanted), number)
    return Stretch(_told(found.rows, by), found.number, found.total, found.size)


def whole_queue(by: Identity, wanted: Wanted) -> list[Case]:
    """All of them, for the office's own tables."""
    return _told(db.session.execute(_lines(by, wanted)).all(), by)


def case_of(subject: Subject, by: Identity) -> Case | None:
    """This case while it is open and within reach of `by`."""
    rows = _lines(by, Wanted(kind=subject.kind)).where(open_cases().c.subject_id == subject.id)
    found = _told(db.session.execute(rows).all(), by)
    return found[0] if found else None


def open_among(subjects: Iterable[Subject], by: Identity) -> list[Case]:
    """Those of the cases that are open and within reach of `by`."""
    wanted = set(subjects)
    ids: dict[CaseKind, list[int]] = {}
    for subject in wanted:
        ids.setdefault(subject.kind, []).append(subject.id)
    cases = open_cases()
    named = [
        and_(cases.c.kind == kind.value, cases.c.subject_id.in_(some)) for kind, some in ids.items()
    ]
    rows = _lines(by, Wanted()).where(or_(false(), *named))
    return _told(db.session.execute(rows).all(), by)


def waiting_cases(by: Identity) -> list[Waiting]:
    """How many cases of each kind wait within this person's scope: one statement, no empty kind."""
    lines = _lines(by, Wanted()).order_by(None).subquery()
    counted = select(
        lines.c.kind,
        func.count(),
        func.sum(case((lines.c.owner_id == by.id, 1), else_=0)),
        func.sum(case((lines.c.due < clock.now(), 1), else_=0)),
        func.sum(case((lines.c.decision_id.is_not(None), 1), else_=0)),
    ).group_by(lines.c.kind)
    found = {CaseKind(row[0]): row for row in db.session.execute(counted)}
    return [Waiting(kind, *map(int, found[kind][1:])) for kind in CaseKind if kind in found]


def compounds_waiting(by: Identity) -> list[tuple[int, str]]:
    """The compounds in which something waits, by name."""
    lines = _lines(by, Wanted()).order_by(None).subquery()
    found = select(lines.c.compound_id, lines.c.compound).distinct().order_by(lines.c.compound)
    return [(row[0], row[1]) for row in db.session.execute(found)]


def colleagues(by: Identity) -> list[Identity]:
    """Who else within this person's scope can look after cases."""
    people = [row[0].identity for row in db.session.execute(people_within(by))]
    return [one for one in people if one.role in OFFICE_ROLES and one.id != by.id]


def _lines(by: Identity, wanted: Wanted) -> Select[Any]:
    cases, due, owner = open_cases(), due_at(), owner_id()
    found = (
        select(
            cases.c.kind,
            cases.c.subject_id,
            cases.c.round_id,
            Round.number.label("round_number"),
            Compound.id.label("compound_id"),
            Compound.name.label("compound"),
            cases.c.place,
            cases.c.since,
            due.label("due"),
            owner.label("owner_id"),
            Staff.name.label("owner"),
            cases.c.decision_id,
        )
        .join(Round, Round.id == cases.c.round_id)
        .join(Compound, Compound.id == Round.compound_id)
        .join(Area, Area.id == Compound.area_id)
        .outerjoin(CaseFile, is_its_file())
        .outerjoin(Staff, Staff.id == owner)
        .where(
            Area.path.startswith(by.area_path),
            Round.archived_at.is_(None),
            Round.withdrawn_at.is_(None),
        )
    )
    return found.where(*_as_wanted(by, wanted)).order_by(due, cases.c.kind, cases.c.subject_id)


def _as_wanted(by: Identity, wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    cases = open_cases()
    if wanted.kind:
        yield cases.c.kind == wanted.kind.value
    if wanted.compound_id:
        yield Compound.id == wanted.compound_id
    if wanted.is_mine:
        yield owner_id() == by.id
    if wanted.is_overdue:
        yield due_at() < clock.now()
    if wanted.is_second:
        yield cases.c.decision_id.is_not(None)


def _told(rows: Sequence[Any], by: Identity) -> list[Case]:
    """The lines with what is said of each proposal, in one more statement."""
    now, proposals = clock.now(), _proposals([row.decision_id for row in rows], by)
    return [_case(row, proposals.get(row.decision_id), by, now) for row in rows]


def _case(row: Any, proposal: "_Proposal | None", by: Identity, now: datetime) -> Case:
    kind = CaseKind(row.kind)
    about = proposal.kind if proposal and kind == CaseKind.DECISION else None
    return Case(
        subject=Subject(kind, row.subject_id),
        round_id=row.round_id,
        round_number=row.round_number,
        compound=row.compound,
        place=row.place or (proposal.place if proposal else ""),
        since=row.since,
        due=row.due,
        owner=row.owner or "",
        owner_id=row.owner_id,
        decision_id=row.decision_id,
        about=about,
        turn=_turn(row.owner_id, proposal, by),
        is_overdue=row.due < now,
    )


def _turn(owner: int | None, proposal: "_Proposal | None", by: Identity) -> Turn:
    if proposal:
        return Turn.YOURS if proposal.is_yours else Turn.SECOND
    if owner is None:
        return Turn.NOBODY
    return Turn.OWN if owner == by.id else Turn.OWNER


@dataclass(frozen=True)
class _Proposal:
    """What the queue says of a waiting proposal."""

    kind: DecisionKind
    place: str
    is_yours: bool


def _proposals(ids: Sequence[int | None], by: Identity) -> dict[int | None, _Proposal]:
    found = (
        select(
            Decision.id,
            Decision.kind,
            Building.name.label("building"),
            Entrance.name.label("entrance"),
            Premises.room,
            case((settled_by(by), 1), else_=0).label("is_yours"),
        )
        .outerjoin(Premises, Premises.id == Decision.params["premises"].as_integer())
        .outerjoin(Entrance, Entrance.id == Premises.entrance_id)
        .outerjoin(Building, Building.id == Entrance.building_id)
    )
    wanted = [id_ for id_ in ids if id_ is not None]
    return {
        row.id: _Proposal(row.kind, _door(row), bool(row.is_yours))
        for start in range(0, len(wanted), _AT_ONCE)
        for row in db.session.execute(
            found.where(Decision.id.in_(wanted[start : start + _AT_ONCE]))
        )
    }


def _door(row: Any) -> str:
    return f"{row.building}{row.entrance}{row.room}" if row.building else ""
