"""Reading comments: those of a compound for everybody, those of a scope for the office."""

from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.comments.models import Comment, Reply
from app.core.db import db
from app.core.guards import Identity
from app.projects.models import Section
from app.roster.models import Area, Building, Compound, Entrance, Household, Premises

PAGE_SIZE = 30
# The building a comment comes from, and no more than that, is ever shown of its household.
_FROM_BUILDING = (
    joinedload(Comment.household)
    .joinedload(Household.premises)
    .joinedload(Premises.entrance)
    .joinedload(Entrance.building)
)


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


def comments_on(
    compound_id: int, section: Section | None = None, number: int = 1
) -> tuple[list[Comment], bool]:
    """A page of a compound's comments, newest first, and whether there are older ones."""
    found = (
        select(Comment)
        .options(_FROM_BUILDING, selectinload(Comment.replies))
        .where(Comment.compound_id == compound_id)
        .order_by(Comment.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    if section is not None:
        found = found.where(Comment.section == section)
    comments = list(db.session.scalars(found))
    return comments[:PAGE_SIZE], len(comments) > PAGE_SIZE


def written_since(household_id: int, moment: datetime) -> int:
    """How many comments a household wrote after `moment`, removed ones included."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Comment)
            .where(Comment.household_id == household_id, Comment.written_at > moment)
        )
        or 0
    )


def comment_within(comment_id: int) -> Comment | None:
    """One comment with its compound, area and building."""
    return db.session.scalar(
        select(Comment)
        .options(
            joinedload(Comment.compound).joinedload(Compound.area).joinedload(Area.parent),
            _FROM_BUILDING,
            selectinload(Comment.replies),
        )
        .where(Comment.id == comment_id)
    )


def queue(by: Identity, *, everything: bool, number: int = 1) -> tuple[list[Comment], bool]:
    """A page of the comments in a person's scope: the unanswered, oldest first; or all, newest

    first. The second value says whether there are more.
    """
    found = (
        _within(by)
        .options(
            contains_eager(Comment.compound).contains_eager(Compound.area),
            _FROM_BUILDING,
            selectinload(Comment.replies),
        )
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    if everything:
        found = found.order_by(Comment.id.desc())
    else:
        found = _unanswered(found).order_by(Comment.id)
    comments = list(db.session.scalars(found))
    return comments[:PAGE_SIZE], len(comments) > PAGE_SIZE


def unanswered_count(by: Identity) -> int:
    """How many comments in a person's scope wait for an answer."""
    return (
        db.session.scalar(_unanswered(_within(by)).with_only_columns(func.count(Comment.id))) or 0
    )


def _within(by: Identity) -> Select[Comment]:
    return (
        select(Comment)
        .join(Comment.compound)
        .join(Compound.area)
        .where(Area.path.startswith(by.area_path))
    )


def _unanswered(comments: Select[Comment]) -> Select[Comment]:
    answered = select(Reply.id).where(Reply.comment_id == Comment.id).exists()
    return comments.where(Comment.removed_at.is_(None), ~answered)
