"""Handing a comment to whoever knows the answer, and what those outside the office propose."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import Staff
from app.comments.actions import IsSettled, check_in_sight, check_there, lock
from app.comments.models import Comment
from app.comments.sight import OUTSIDE
from app.comments.wording import check_read
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import OFFICE_ROLES, Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind


class NotInReach(Refused):
    """This person does not answer in this compound."""


def answerers(comment: Comment) -> Sequence[Staff]:
    """Who may be asked to answer: open accounts whose scope holds the compound, by role and name.

    Those outside the office only once everybody reads the words.
    """
    roles = (*OUTSIDE, *OFFICE_ROLES) if comment.is_in_sight else OFFICE_ROLES
    found = (
        select(Staff)
        .options(joinedload(Staff.area))
        .where(Staff.closed_at.is_(None), Staff.role.in_(roles))
    )
    path = comment.compound.area.path
    able = [one for one in db.session.scalars(found) if one.identity.reaches(path)]
    return sorted(able, key=lambda one: (roles.index(one.role), one.name, one.id))


def assign_comment(
    comment: Comment, staff: Staff | None, *, by: Identity, seen: str | None
) -> None:
    """Say who is to answer a comment, or that nobody in particular is; does nothing twice.

    Refuses `IsRemoved`, `OtherWords`, and `NotInReach` unless `staff` is one of its `answerers`.
    """
    lock(comment)
    check_there(comment)
    check_read(comment, seen)
    if staff is not None and staff not in answerers(comment):
        raise NotInReach(msg("请选管这个小区的人。"))
    if comment.assigned_to_id == (staff.id if staff else None):
        return
    comment.assigned_to = staff
    comment.assigned_at = clock.now() if staff else None
    _record(comment, "assigned" if staff else "not assigned", by, **_whom(staff))


def propose_take_up(comment: Comment, *, by: Identity, seen: str | None) -> None:
    """Tell the office that the plan should take a comment up; the office decides.

    Refuses `IsRemoved`, `IsHeld`, `OtherWords`, and `IsSettled` when it was proposed or taken up.
    """
    lock(comment)
    check_in_sight(comment)
    check_read(comment, seen)
    if comment.taken_up_in_id is not None or comment.proposed_at is not None:
        raise IsSettled(msg("这一条已经有人建议，或者已经写进方案。"))
    comment.proposed_at, comment.proposed_by_id = clock.now(), by.id
    _record(comment, "proposed for the plan", by)


def _whom(staff: Staff | None) -> dict[str, str]:
    return {"to": staff.identity.commitment} if staff else {}


def _record(comment: Comment, did: str, by: Identity, **facts: str) -> None:
    known = {"comment": comment.id, "compound": comment.compound_id, "did": did, **facts}
    record(OFFICE, Kind.COMMENT, known, actor=by.commitment)
