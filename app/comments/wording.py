"""Which words of a comment somebody read: whoever decides about others has not read them."""

from datetime import UTC

from app.comments.models import Comment
from app.core.errors import Refused, msg


class OtherWords(Refused):
    """The words were changed since this person read them."""


def state_of(comment: Comment) -> str:
    """Tells one wording of a comment from the one before it."""
    moments = (comment.written_at, comment.edited_at, comment.masked_at)
    return max(moment for moment in moments if moment).astimezone(UTC).isoformat()


def check_read(comment: Comment, seen: str | None) -> None:
    """Refuse `OtherWords` unless `seen` is the `state_of` the words as they are now.

    Only under the lock of the comment: otherwise they may change right afterwards.
    """
    if seen != state_of(comment):
        raise OtherWords(msg("这一条刚刚改过，请看过现在的话再点。"))
