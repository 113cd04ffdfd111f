"""What waits for the office: its queue in parts, and where it reads everything beforehand."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import contains_eager

from app.comments.models import Comment, Hold, Report, Screening, Status
from app.comments.queries import AS_SHOWN, BEHIND, count_of, page_of, within
from app.comments.sight import HAS_STATUS, IS_GONE, IS_HELD, IS_REPORTED
from app.core.db import db
from app.core.guards import Identity
from app.roster.models import Area, Compound


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


def queue(by: Identity, part: Waiting, number: int = 1) -> tuple[list[Comment], bool]:
    """A page of the comments in a person's scope, and whether there are more.

    Reported ones stand first, those that most households reported before the others; then held
    ones, then the oldest first. Of all of them, the newest come first.
    """
    found = within(by).options(
        contains_eager(Comment.compound).contains_eager(Compound.area), *AS_SHOWN, *BEHIND
    )
    if part == Waiting.ALL:
        found = found.order_by(_open_reports().desc(), Comment.id.desc())
    else:
        is_later = case((IS_HELD, 0), else_=1)
        found = found.where(_WAITS[part])
        found = found.order_by(_open_reports().desc(), is_later, Comment.id)
    return page_of(found, number)


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
    """How many comments in a person's scope each part of the queue holds that wait."""
    columns = [count_of(condition) for condition in _WAITS.values()]
    counts = db.session.execute(within(by).with_only_columns(*columns)).one()
    return dict(zip(_WAITS, counts, strict=True))


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
