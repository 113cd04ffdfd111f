"""What the office does with comments besides answering: release, remove, keep, link to the plan.

Every step stands in the journal, so that nobody can say afterwards that something vanished. Each
says which words were read: `seen` is their `state_of`, and `OtherWords` refuses when they were
changed since.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from app.comments import queries
from app.comments.actions import Unsaid, check_in_sight, check_there, keep_earlier, lock
from app.comments.models import Comment, Hold, Screening
from app.comments.privacy import masked
from app.comments.wording import check_read
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.forms import cleaned
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.projects.models import PlanVersion
from app.roster.models import Compound

# [J] Long enough to notice a slip of the hand, short enough that few saw the stub.
UNDOABLE = timedelta(minutes=10)


class IsPublic(Refused):
    """The comment waits for nobody."""


class TooLate(Refused):
    """Others may have acted on the removal, or somebody else decided it."""


class NotThatVersion(Refused):
    """Only what was published afterwards can have taken a comment up."""


def release_comment(
    comment: Comment, *, by: Identity, seen: str | None, hide_numbers: bool = False
) -> None:
    """Let everybody read a held comment, its private numbers replaced by stars when told so.

    Refuses `IsPublic`, `IsRemoved` and `OtherWords`.
    """
    lock(comment)
    check_there(comment)
    if not comment.is_held:
        raise IsPublic(msg("这一条已经公布了。"))
    check_read(comment, seen)
    did = "released"
    if hide_numbers and (hidden := without_numbers(comment)) != comment.body:
        keep_earlier(comment, by)
        comment.body, comment.masked_at = hidden, clock.now()
        did = "released masked"
    comment.released_at, comment.released_by_id = clock.now(), by.id
    _record(comment, did, by)


def without_numbers(comment: Comment) -> str:
    """What `comment` says with stars where private numbers stand."""
    return masked(comment.body, queries.office_phones(comment.compound_id))


def remove_comment(comment: Comment, reason: str, *, by: Identity, seen: str | None) -> None:
    """Take a comment out of sight; a stub with the reason stays for everybody to see.

    Refuses `IsRemoved` the second time, `OtherWords`, `Unsaid` without a reason.
    """
    lock(comment)
    check_there(comment)
    check_read(comment, seen)
    if not cleaned(reason):
        raise Unsaid(msg("请写明移除的原因，居民会看到。"))
    comment.removed_at, comment.removed_by_id = clock.now(), by.id
    comment.removal_reason = cleaned(reason)
    _settle_reports(comment)
    _record(comment, "removed", by)


def may_restore(comment: Comment, by: Identity) -> bool:
    """Whether this person removed it so lately that it can be undone."""
    return (
        comment.removed_at is not None
        and not comment.is_withdrawn
        and comment.removed_by_id == by.id
        and clock.now() - comment.removed_at <= UNDOABLE
    )


def restore_comment(comment: Comment, *, by: Identity) -> None:
    """Undo one's own removal within ten minutes, as if it had not been; the journal has both.

    Reports that the removal settled are open again. What was held is held. Refuses `TooLate`.
    """
    lock(comment)
    if not may_restore(comment, by):
        raise TooLate(msg("只能由移除的人在10分钟以内撤销。"))
    for report in comment.reports:
        if report.settled_at == comment.removed_at:
            report.settled_at = None
    comment.removed_at = comment.removed_by_id = None
    comment.removal_reason = ""
    _record(comment, "restored", by)


def as_released(comment: Comment) -> str:
    """What a held comment will say once it is released with others."""
    return without_numbers(comment) if comment.hold == Hold.PRIVATE else comment.body


def release_many(
    comments: Sequence[Comment], states: Mapping[int, str], *, by: Identity
) -> tuple[int, int]:
    """Let everybody read several held comments, private numbers always hidden.

    Each stands in the journal by itself. Returns how many came out, and how many did not because
    their words were changed (`states` has what was read of each) or somebody was faster.
    """
    released = 0
    for comment in comments:
        try:
            is_private = comment.hold == Hold.PRIVATE
            seen = states.get(comment.id)
            release_comment(comment, by=by, seen=seen, hide_numbers=is_private)
        except Refused:
            continue
        released += 1
    return released, len(states) - released


def keep_comment(comment: Comment, *, by: Identity, seen: str | None) -> None:
    """Leave a reported comment where it is; whoever reports it again opens the matter anew.

    Refuses `IsRemoved` and `OtherWords`; does nothing when no report is open.
    """
    lock(comment)
    check_there(comment)
    check_read(comment, seen)
    if comment.open_reports:
        _settle_reports(comment)
        _record(comment, "kept", by)


def take_up(
    comment: Comment, version: PlanVersion | None, *, by: Identity, seen: str | None
) -> None:
    """Say which published version of the plan took a comment up; None when it was a mistake.

    Refuses `IsRemoved`, `IsHeld`, `OtherWords`, and `NotThatVersion` unless the version is one of
    this compound's plan, published after the comment was written.
    """
    lock(comment)
    check_in_sight(comment)
    check_read(comment, seen)
    if version is not None and version.id not in {v.id for v in queries.versions_after(comment)}:
        raise NotThatVersion(msg("请选这条意见写下以后公布的方案版本。"))
    comment.taken_up_in_id = version.id if version else None
    comment.taken_up_at = clock.now() if version else None
    comment.taken_up_by_id = by.id if version else None
    number = version.number if version else 0
    _record(comment, "taken up" if version else "not taken up", by, version=number)


def set_screening(compound: Compound, is_on: bool, *, by: Identity) -> None:
    """Read everything new of a compound before it is public, or no longer; does nothing twice.

    What is held already stays so until it is released one by one.
    """
    # Two people at once: the second waits here and finds it done.
    db.session.execute(select(Compound.id).where(Compound.id == compound.id).with_for_update())
    screening = db.session.get(Screening, compound.id, populate_existing=True)
    if is_on == (screening is not None):
        return
    if screening is None:
        db.session.add(Screening(compound_id=compound.id, since=clock.now(), set_by_id=by.id))
    else:
        db.session.delete(screening)
    db.session.flush()
    facts = {"compound": compound.id, "did": "screening on" if is_on else "screening off"}
    record(OFFICE, Kind.MODERATION, facts, actor=by.commitment)


def _settle_reports(comment: Comment) -> None:
    moment = comment.removed_at or clock.now()
    for report in comment.reports:
        report.settled_at = report.settled_at or moment


def _record(comment: Comment, did: str, by: Identity, **facts: int) -> None:
    known = {"comment": comment.id, "compound": comment.compound_id, "did": did, **facts}
    record(OFFICE, Kind.MODERATION, known, actor=by.commitment)
