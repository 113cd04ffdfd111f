"""What is known of a comment, as conditions of a query; the twins of the words on its model.

And who sees no more of it than everybody does.
"""

from sqlalchemy import ColumnElement, and_, or_, select

from app.comments.models import Comment, Reply, Report, Status
from app.core.guards import Identity, Role

# They answer what they know best, and read what everybody reads.
OUTSIDE = (Role.DESIGNER, Role.BUILDER)

IS_GONE = or_(Comment.removed_at.is_not(None), Comment.withdrawn_at.is_not(None))
IS_UNRELEASED = and_(Comment.hold.is_not(None), Comment.released_at.is_(None))
IS_HELD = and_(IS_UNRELEASED, ~IS_GONE)
# A removed one is shown as a stub even if it was held: that something was removed is no secret.
IS_PUBLIC = or_(~IS_UNRELEASED, Comment.removed_at.is_not(None))
IS_IN_SIGHT = and_(~IS_UNRELEASED, ~IS_GONE)
HAS_REPLY = select(Reply.id).where(Reply.comment_id == Comment.id).exists()
IS_REPORTED = and_(
    ~IS_GONE,
    select(Report.comment_id)
    .where(Report.comment_id == Comment.id, Report.settled_at.is_(None))
    .exists(),
)
HAS_STATUS: dict[Status, ColumnElement[bool]] = {
    Status.OPEN: and_(~IS_GONE, Comment.taken_up_in_id.is_(None), ~HAS_REPLY),
    Status.ANSWERED: and_(~IS_GONE, Comment.taken_up_in_id.is_(None), HAS_REPLY),
    Status.TAKEN_UP: and_(~IS_GONE, Comment.taken_up_in_id.is_not(None)),
}


def is_outside(by: Identity) -> bool:
    """Whether somebody answers from outside the office."""
    return by.role in OUTSIDE
