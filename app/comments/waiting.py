"""What waits for the office: its queue in parts, and where it reads everything beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import contains_eager

from app.comments.models import Comment, Hold, Nature, Reply, Report, Screening, Status
from app.comments.queries import AS_SHOWN, BEHIND, PAGE_SIZE, count_of, within
from app.comments.sight import (
    HAS_STATUS,
    IS_GONE,
    IS_HELD,
    IS_IN_SIGHT,
    IS_REPORTED,
    is_outside,
)
from app.comments.speed import Speed, Wait, speed_of
from app.core import clock
from app.core.db import db
from app.core.guards import Identity, Role
from app.core.paging import Stretch, paged
from app.projects.models import Section
from app.roster.models import Area, Compound

# [J] What the office promises is a working day; after three days somebody waits in vain.
OLD = timedelta(days=3)
# The figures tell how it is now.
_PERIOD = timedelta(days=90)


class Waiting(StrEnum):
    """The parts of the office's queue."""

    TODO = "todo"
    HELD = "held"
    REPORTED = "reported"
    ALL = "all"

    @property
    def label(self) -> Any:
        return _WAITING_LABELS[self.value]


_WAITING_LABELS = {
    "todo": _l("等处理"),
    "held": _l("等公布"),
    "reported": _l("被举报"),
    "all": _l("全部"),
}
_WAITS: dict[Waiting, ColumnElement[bool]] = {
    Waiting.TODO: or_(HAS_STATUS[Status.OPEN], IS_HELD, IS_REPORTED),
    Waiting.HELD: IS_HELD,
    Waiting.REPORTED: IS_REPORTED,
}


@dataclass(frozen=True)
class Choice:
    """Which comments somebody of the office wants to see; as it stands in the address.

    `is_old` leaves out what is younger than three days, `is_mine` what is not this person's to
    answer.
    """

    part: Waiting = Waiting.TODO
    compound: int | None = None
    section: Section | None = None
    is_old: bool = False
    is_mine: bool = False

    @property
    def asks_for_all(self) -> bool:
        """Whether nothing of the part is left out."""
        return not (self.compound or self.section or self.is_old or self.is_mine)

    def args(self, **changes: Any) -> dict[str, Any]:
        """What the address of this choice carries, changed so."""
        wanted = replace(self, **changes)
        return {
            "show": wanted.part.value if wanted.part != Waiting.TODO else None,
            "compound": wanted.compound,
            "section": wanted.section and wanted.section.value,
            "old": 1 if wanted.is_old else None,
            "mine": 1 if wanted.is_mine else None,
        }


def queue(by: Identity, choice: Choice, number: int | None = 1) -> Stretch[Any]:
    """A page of the comments in a person's scope.

    Reported ones stand first, those that most households reported before the others; then held
    ones, then the oldest first. Of all of them, the newest come first.
    """
    return paged(_chosen(by, choice).options(*AS_SHOWN, *BEHIND), number, size=PAGE_SIZE)


def chosen(by: Identity, choice: Choice) -> Sequence[Comment]:
    """All of them at once, in the same order, for a workbook."""
    return db.session.scalars(_chosen(by, choice).options(*AS_SHOWN)).all()


def _chosen(by: Identity, choice: Choice) -> Select[Comment]:
    found = within(by).where(*_conditions(by, choice))
    found = found.options(contains_eager(Comment.compound).contains_eager(Compound.area))
    if choice.part == Waiting.ALL:
        return found.order_by(_open_reports().desc(), Comment.id.desc())
    is_later = case((IS_HELD, 0), else_=1)
    return found.order_by(_open_reports().desc(), is_later, Comment.id)


def _conditions(by: Identity, choice: Choice) -> list[ColumnElement[bool]]:
    conditions = [_WAITS[choice.part]] if choice.part in _WAITS else []
    if choice.compound is not None:
        conditions.append(Comment.compound_id == choice.compound)
    if choice.section is not None:
        conditions.append(Comment.section == choice.section)
    if choice.is_old:
        conditions.append(Comment.written_at < clock.now() - OLD)
    if choice.is_mine:
        conditions.append(Comment.assigned_to_id == by.id)
    return conditions


def held_among(by: Identity, ids: Sequence[int]) -> Sequence[Comment]:
    """Those of these comments that wait to be let out, in a person's scope; the oldest first."""
    found = within(by).where(Comment.id.in_(ids), IS_HELD).order_by(Comment.id)
    eager = contains_eager(Comment.compound).contains_eager(Compound.area)
    return db.session.scalars(found.options(eager, *AS_SHOWN, *BEHIND)).all()


def commented_compounds(by: Identity) -> list[tuple[int, str]]:
    """The compounds in a person's scope that have comments, by name."""
    found = within(by).with_only_columns(Compound.id, Compound.name).distinct()
    rows: Any = db.session.execute(found.order_by(Compound.name))
    return [(id_, name) for id_, name in rows]


@dataclass(frozen=True)
class Speeds:
    """How fast questions of a scope were answered, and the same by compound and by role."""

    whole: Speed
    compounds: list[tuple[str, Speed]]
    roles: list[tuple[Role, Speed]]


@dataclass(frozen=True)
class ToDo:
    """How much waits for what in a person's scope; one comment may wait for several things."""

    unanswered: int
    held: int
    reported: int


def to_do(by: Identity) -> ToDo:
    """What waits for an answer, for being let out, and for a look after a report."""
    conditions = (and_(HAS_STATUS[Status.OPEN], ~IS_HELD), IS_HELD, IS_REPORTED)
    counts = within(by).with_only_columns(*(count_of(condition) for condition in conditions))
    row: Any = db.session.execute(counts).one()
    return ToDo(*row)


def queue_counts(by: Identity) -> dict[Waiting, int]:
    """How many comments in a person's scope each part of the queue holds that wait.

    Of what is held and reported those outside the office learn nothing.
    """
    parts = [Waiting.TODO] if is_outside(by) else list(_WAITS)
    columns = [count_of(_WAITS[part]) for part in parts]
    counts = db.session.execute(within(by).with_only_columns(*columns)).one()
    return dict(zip(parts, counts, strict=True))


def speeds(by: Identity) -> Speeds:
    """How fast the questions of the last 90 days in a person's scope were answered.

    Of all of them, of each compound, and of the answers that each role gave first.
    """
    first = (
        select(Reply.comment_id, func.min(Reply.id).label("id")).group_by(Reply.comment_id)
    ).subquery()
    now = clock.now()
    rows = db.session.execute(
        within(by)
        .with_only_columns(
            Compound.id,
            Compound.name,
            Comment.written_at,
            func.coalesce(Reply.written_at, Comment.taken_up_at),
            Reply.role,
        )
        .outerjoin(first, first.c.comment_id == Comment.id)
        .outerjoin(Reply, Reply.id == first.c.id)
        .where(Comment.nature == Nature.QUESTION, IS_IN_SIGHT, Comment.written_at > now - _PERIOD)
    ).all()
    compounds: dict[tuple[int, str], list[Wait]] = {}
    roles: dict[Role, list[Wait]] = {}
    for compound_id, name, asked, answered, role in rows:
        compounds.setdefault((compound_id, name), []).append((asked, answered))
        if role is not None:
            roles.setdefault(role, []).append((asked, answered))
    whole = [wait for waits in compounds.values() for wait in waits]
    return Speeds(
        speed_of(whole, now),
        [(name, speed_of(compounds[id_, name], now)) for id_, name in sorted(compounds)],
        [(role, speed_of(roles[role], now)) for role in Role if role in roles],
    )


def _open_reports() -> ColumnElement[int]:
    counted = select(func.count()).where(
        Report.comment_id == Comment.id, Report.settled_at.is_(None), ~IS_GONE
    )
    return counted.correlate(Comment).scalar_subquery()


def compounds_with_screening(by: Identity) -> list[tuple[Compound, Screening | None, int]]:
    """The compounds in a person's scope, whether each is reviewed, and how many comments wait."""
    held = (
        select(func.count())
        .where(Comment.compound_id == Compound.id, IS_HELD, Comment.hold == Hold.SCREENING)
        .correlate(Compound)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Compound, Screening, held)
        .join(Compound.area)
        .outerjoin(Screening, Screening.compound_id == Compound.id)
        .options(contains_eager(Compound.area))
        .where(Area.path.startswith(by.area_path))
        .order_by(Compound.area_id, Compound.id)
    )
    return [(compound, screening, count) for compound, screening, count in rows]
