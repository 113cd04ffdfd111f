"""Reading comments: those of a compound for everybody, those of a scope for the office."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, union
from sqlalchemy.orm import joinedload, selectinload

from app.comments.models import (
    Agreement,
    Comment,
    EarlierText,
    Nature,
    Reply,
    Report,
    Screening,
    Status,
)
from app.comments.sight import (
    HAS_REPLY,
    HAS_STATUS,
    IS_GONE,
    IS_IN_SIGHT,
    IS_PUBLIC,
    IS_UNRELEASED,
    is_outside,
)
from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.projects.models import PlanVersion, Project, Section
from app.roster.models import Area, Building, Compound, Entrance, Household, Premises
from app.rounds.models import Round

PAGE_SIZE = 30
# How many answers the usual time is told from, and how many there must be for it to mean anything.
_LATEST, _FEWEST = 40, 5
# How long an answer is news on the page of the home that asked.
_NEWS = timedelta(days=14)
# The building a comment comes from, and no more than that, is ever shown of its household.
_FROM_BUILDING = (
    joinedload(Comment.household)
    .joinedload(Household.premises)
    .joinedload(Premises.entrance)
    .joinedload(Entrance.building)
)
AS_SHOWN = (
    _FROM_BUILDING,
    joinedload(Comment.taken_up_in),
    selectinload(Comment.replies).joinedload(Reply.version),
)
# What only the office sees.
BEHIND = (
    selectinload(Comment.earlier),
    selectinload(Comment.reports),
    joinedload(Comment.assigned_to),
    joinedload(Comment.proposed_by),
)


class Order(StrEnum):
    """What stands first on the page."""

    NEWEST = "newest"
    MOST = "most"

    @property
    def label(self) -> Any:
        return {"newest": _l("新的在前"), "most": _l("想法相同的户数多的在前")}[self.value]


@dataclass(frozen=True)
class Selection:
    """Which comments of a compound a reader wants to see; as they stand in the address."""

    section: Section | None = None
    status: Status | None = None
    order: Order = Order.NEWEST
    mine: bool = False
    number: int = 1

    @property
    def asks_for_all(self) -> bool:
        """Whether nothing is left out but what stands on other pages."""
        return self.section is None and self.status is None and not self.mine

    def args(self, **changes: Any) -> dict[str, Any]:
        """What the address of this selection carries, changed so; from the first page on."""
        wanted = replace(self, **{"number": 1, **changes})
        return {
            "section": wanted.section and wanted.section.value,
            "status": wanted.status and wanted.status.value,
            "order": wanted.order.value if wanted.order != Order.NEWEST else None,
            "mine": 1 if wanted.mine else None,
            "page": wanted.number if wanted.number > 1 else None,
        }


@dataclass(frozen=True)
class Overview:
    """What became of everything in sight in a compound.

    `usual` is the time within which three of four questions were answered lately; None while
    there are too few answers to tell.
    """

    questions: int
    answered: int
    taken_up: int
    opinions: int
    usual: timedelta | None

    @property
    def usual_days(self) -> int | None:
        """The same in days begun, at least one."""
        return None if self.usual is None else max(1, -(-self.usual // timedelta(days=1)))


@dataclass(frozen=True)
class Own:
    """What a household wrote and did among the comments of a page.

    `answered` counts those of its comments that have a reply.
    """

    written: int
    answered: int
    agreed_to: frozenset[int]
    reported: frozenset[int]


def lives_in(household_id: int, compound_id: int) -> bool:
    """Whether a household is one of this compound."""
    return (
        db.session.scalar(
            select(Household.id)
            .join(Premises, Premises.id == Household.premises_id)
            .join(Entrance, Entrance.id == Premises.entrance_id)
            .join(Building, Building.id == Entrance.building_id)
            .where(Household.id == household_id, Building.compound_id == compound_id)
        )
        is not None
    )


def is_screened(compound_id: int) -> bool:
    """Whether the office reads everything of this compound before it is public."""
    found = select(Screening.compound_id).where(Screening.compound_id == compound_id)
    return db.session.scalar(found) is not None


def office_phones(compound_id: int) -> set[str]:
    """The numbers of the office that stand on its pages anyway, and so may in a comment."""
    numbers = union(
        select(Compound.phone).where(Compound.id == compound_id),
        select(Project.phone).where(Project.compound_id == compound_id),
        select(Round.phone).where(Round.compound_id == compound_id),
    )
    return set(db.session.scalars(numbers))


def comments_on(
    compound_id: int, selection: Selection, reader_id: int | None = None
) -> tuple[list[Comment], bool]:
    """A page of a compound's comments for a reader, and whether there are more.

    `reader_id` is the reader's household, which sees its own held comments besides.
    """
    found = (
        select(Comment)
        .options(*AS_SHOWN)
        .where(Comment.compound_id == compound_id, _is_seen_by(reader_id))
        .order_by(*_in(selection.order))
    )
    if selection.section is not None:
        found = found.where(Comment.section == selection.section)
    if selection.status is not None:
        found = found.where(HAS_STATUS[selection.status])
    if selection.mine:
        found = found.where(Comment.household_id == reader_id)
    return page_of(found, selection.number)


def _is_seen_by(reader_id: int | None) -> ColumnElement[bool]:
    return IS_PUBLIC if reader_id is None else or_(IS_PUBLIC, Comment.household_id == reader_id)


def _in(order: Order) -> tuple[ColumnElement[Any], ...]:
    newest = Comment.id.desc()
    return (Comment.agreed.desc(), newest) if order == Order.MOST else (newest,)


def page_of(found: Select[Comment], number: int) -> tuple[list[Comment], bool]:
    """One page of what was found, and whether there is more."""
    part = found.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)
    comments = list(db.session.scalars(part))
    return comments[:PAGE_SIZE], len(comments) > PAGE_SIZE


def overview(compound_id: int) -> Overview:
    """How many questions there are in a compound, what became of them, and how fast."""
    is_question = Comment.nature == Nature.QUESTION
    is_taken_up = Comment.taken_up_in_id.is_not(None)
    columns = (
        count_of(is_question),
        count_of(and_(is_question, or_(HAS_REPLY, is_taken_up))),
        count_of(is_taken_up),
        count_of(Comment.nature == Nature.OPINION),
    )
    in_sight = (Comment.compound_id == compound_id, ~IS_UNRELEASED, ~IS_GONE)
    counts = db.session.execute(select(*columns).where(*in_sight)).one()
    waits = db.session.execute(
        select(Comment.written_at, func.min(Reply.written_at))
        .join(Reply, Reply.comment_id == Comment.id)
        .where(*in_sight, is_question)
        .group_by(Comment.id, Comment.written_at)
        .order_by(Comment.id.desc())
        .limit(_LATEST)
    )
    return Overview(*counts, usual=usual_time([last - first for first, last in waits]))


def count_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many comments there are for which `condition` holds."""
    return func.count(case((condition, Comment.id)))


def usual_time(waits: Iterable[timedelta]) -> timedelta | None:
    """The time within which three of four were answered; None of too few."""
    ordered = sorted(waits)
    return ordered[-(-len(ordered) * 3 // 4) - 1] if len(ordered) >= _FEWEST else None


def own(household_id: int, compound_id: int, comments: Sequence[Comment]) -> Own:
    """What a household did in this compound, for marks on the page that shows `comments`."""
    shown = [comment.id for comment in comments]
    written, answered = db.session.execute(
        select(func.count(), count_of(and_(~IS_GONE, HAS_REPLY))).where(
            Comment.household_id == household_id, Comment.compound_id == compound_id
        )
    ).one()
    return Own(
        written=written,
        answered=answered,
        agreed_to=_marked(Agreement, household_id, shown),
        reported=_marked(Report, household_id, shown),
    )


def _marked(
    marks: type[Agreement] | type[Report], household_id: int, comments: Sequence[int]
) -> frozenset[int]:
    found = select(marks.comment_id).where(
        marks.household_id == household_id, marks.comment_id.in_(comments)
    )
    return frozenset(db.session.scalars(found))


def comment_for(comment_id: int, compound_id: int, reader_id: int) -> Comment | None:
    """One comment of a compound, if this household may know of it."""
    return db.session.scalar(
        select(Comment)
        .options(*AS_SHOWN)
        .where(
            Comment.id == comment_id,
            Comment.compound_id == compound_id,
            _is_seen_by(reader_id),
        )
    )


def answered_lately(household_id: int) -> int:
    """How many comments of a household were answered within the last days."""
    lately = select(Reply.id).where(
        Reply.comment_id == Comment.id, Reply.written_at > clock.now() - _NEWS
    )
    mine = (Comment.household_id == household_id, ~IS_GONE, lately.exists())
    return db.session.scalar(select(func.count()).select_from(Comment).where(*mine)) or 0


def same_words(household_id: int, body: str, since: datetime) -> Comment | None:
    """What a household wrote after `since` in these words, unless its words are gone."""
    found = select(Comment).where(
        Comment.household_id == household_id,
        Comment.body == body,
        Comment.written_at > since,
        ~IS_GONE,
    )
    return db.session.scalars(found.order_by(Comment.id).limit(1)).first()


def written_since(household_id: int, moment: datetime) -> int:
    """How often a household wrote or changed something after `moment`, whatever became of it."""
    written = select(func.count()).where(
        Comment.household_id == household_id, Comment.written_at > moment
    )
    changed = (
        select(func.count())
        .select_from(EarlierText)
        .join(Comment, Comment.id == EarlierText.comment_id)
        .where(
            Comment.household_id == household_id,
            EarlierText.replaced_at > moment,
            EarlierText.replaced_by_id.is_(None),
        )
    )
    total = select(written.scalar_subquery() + changed.scalar_subquery())
    return db.session.scalar(total) or 0


def comment_within(comment_id: int) -> Comment | None:
    """One comment with its compound, area and building, and what only the office sees of it."""
    return db.session.scalar(
        select(Comment)
        .options(
            joinedload(Comment.compound).joinedload(Compound.area).joinedload(Area.parent),
            *AS_SHOWN,
            *BEHIND,
        )
        .where(Comment.id == comment_id)
    )


def within(by: Identity) -> Select[Comment]:
    """All comments in a person's scope; for those outside the office only what everybody reads."""
    found = (
        select(Comment)
        .join(Comment.compound)
        .join(Compound.area)
        .where(Area.path.startswith(by.area_path))
    )
    return found.where(IS_IN_SIGHT) if is_outside(by) else found


def versions_of(compound_id: int) -> Sequence[PlanVersion]:
    """Every published version of a compound's plan, newest first."""
    return db.session.scalars(
        select(PlanVersion)
        .join(Project, Project.id == PlanVersion.project_id)
        .where(Project.compound_id == compound_id, PlanVersion.published_at.is_not(None))
        .order_by(PlanVersion.number.desc())
    ).all()


def versions_after(comment: Comment) -> Sequence[PlanVersion]:
    """The plan versions that may have taken a comment up: published after it, newest first."""
    return db.session.scalars(
        select(PlanVersion)
        .join(Project, Project.id == PlanVersion.project_id)
        .where(
            Project.compound_id == comment.compound_id,
            PlanVersion.published_at >= comment.written_at,
        )
        .order_by(PlanVersion.number.desc())
    ).all()
