"""What a household does: write, change, take back, think so too, report. And the office's answer.

The journal holds no word of a comment: only whose it is, by commitment, and what was done.
"""

from datetime import timedelta
from typing import TypeVar

from sqlalchemy import select

from app.comments import queries
from app.comments.models import (
    Agreement,
    Comment,
    EarlierText,
    Hold,
    Nature,
    Reply,
    Report,
    Wrong,
)
from app.comments.privacy import has_private_number
from app.comments.sight import is_outside
from app.comments.wording import check_read
from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.forms import cleaned
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.projects.models import PlanVersion, Section
from app.roster.models import Compound, Household

LONGEST, LONGEST_NOTE = 1000, 200
MOST, WINDOW = 5, timedelta(minutes=10)
# [J] Long enough to read one's words again and mend a slip of the finger, short enough that an
# answer rarely comes to words that are no longer there.
EDITABLE = timedelta(minutes=15)

_Mark = TypeVar("_Mark", Agreement, Report)


class NotOfThisCompound(Refused):
    """Households comment on the plan of their own compound."""


class Unsaid(Refused):
    """There is nothing to read, or too much."""


class TooMany(Refused):
    """The household wrote much in a short time; waiting helps."""


class IsRemoved(Refused):
    """The comment was taken out of sight before, by the office or by its household."""


class IsHeld(Refused):
    """Others cannot read the comment yet."""


class IsSettled(Refused):
    """Others answered the words or made them their own, or the time to mend them is over."""


class NotThisPlan(Refused):
    """The version of the plan is not public, or of another compound."""


class OwnWords(Refused):
    """A household needs no mark on what it wrote itself."""


class NotOwnWords(Refused):
    """Only the household that wrote may change or take back."""


def write_comment(
    household_id: int,
    compound: Compound,
    section: Section,
    body: str,
    nature: Nature = Nature.QUESTION,
) -> Comment:
    """Publish a household's question or opinion on a part of the plan (THREATS.md T26).

    With a private number in it, or where the office reads everything first, it is held. The same
    words of the same household within ten minutes are the first ones once more: whoever sends a
    form again over a bad line has written once.

    Refuses `Unsaid` when empty or longer than 1,000 characters, `TooMany` after five in ten
    minutes, `NotOfThisCompound` elsewhere.
    """
    body = _checked(body)
    household = _locked(household_id)
    _check_home(household_id, compound.id)
    if (same := queries.same_words(household_id, body, clock.now() - WINDOW)) is not None:
        return same
    _check_pace(household_id)
    comment = Comment(
        compound=compound,
        household=household,
        section=section,
        nature=nature,
        body=body,
        written_at=clock.now(),
        hold=_hold_of(body, compound),
    )
    db.session.add(comment)
    db.session.flush()
    _record(comment, "written", household, section=section.value)
    return comment


def change_comment(household_id: int, comment: Comment, body: str) -> None:
    """Say it in other words: within 15 minutes, while nobody answered or thinks so too.

    What nobody else has read yet may be changed as long as it is held. The earlier words are kept
    for the office. Refuses `IsSettled`, `IsRemoved`, `NotOwnWords`, `Unsaid` and `TooMany`.
    """
    body = _checked(body)
    household = _locked_writer(household_id, comment)
    _check_changeable(comment)
    if body == comment.body:
        return
    _check_pace(household_id)
    earlier = keep_earlier(comment)
    comment.body, comment.edited_at = body, clock.now()
    comment.hold, comment.released_at = _hold_of(body, comment.compound), None
    comment.released_by_id = comment.masked_at = None
    _record(comment, "changed", household, earlier=earlier.commitment)


def withdraw_comment(household_id: int, comment: Comment) -> None:
    """Take the household's own words back; a stub stays where others had read them.

    Refuses `IsRemoved` when they are gone already, `NotOwnWords` to all others.
    """
    household = _locked_writer(household_id, comment)
    comment.withdrawn_at = clock.now()
    _record(comment, "withdrawn", household)


def agree_with(household_id: int, comment: Comment, seen: str | None) -> None:
    """Count the household among those that think so too, once however often it says so.

    `seen` is the `state_of` the words it read. Refuses `OtherWords` when they were changed since,
    `OwnWords`, `IsRemoved`, `IsHeld` and `NotOfThisCompound`.
    """
    lock(comment)
    _check_neighbour(household_id, comment)
    check_read(comment, seen)
    if _mark_of(Agreement, household_id, comment) is None:
        mark = Agreement(comment_id=comment.id, household_id=household_id, agreed_at=clock.now())
        with once(IsSettled(msg("您家已经点过了。"))):
            db.session.add(mark)
        db.session.expire(comment, ["agreed"])


def take_agreement_back(household_id: int, comment: Comment) -> None:
    """Count the household no longer; does nothing where it was not counted."""
    lock(comment)
    if (mark := _mark_of(Agreement, household_id, comment)) is not None:
        db.session.delete(mark)
        db.session.flush()
        db.session.expire(comment, ["agreed"])


def report_comment(household_id: int, comment: Comment, wrong: Wrong, note: str = "") -> None:
    """Ask the office to look at somebody else's comment, once per household; nothing else happens.

    Refuses `IsSettled` the second time, `OwnWords`, `IsRemoved`, `IsHeld`, `NotOfThisCompound`.
    """
    lock(comment)
    _check_neighbour(household_id, comment)
    again = IsSettled(msg("您家已经举报过这一条，社区会看。"))
    if _mark_of(Report, household_id, comment) is not None:
        raise again
    mark = Report(
        comment_id=comment.id,
        household_id=household_id,
        wrong=wrong,
        note=cleaned(note)[:LONGEST_NOTE],
        reported_at=clock.now(),
    )
    with once(again):
        db.session.add(mark)


def reply(
    comment: Comment,
    signed_as: str,
    body: str,
    *,
    by: Identity,
    seen: str | None,
    version: PlanVersion | None = None,
) -> Reply:
    """Answer a comment in the name of the body that answers, and tell its household's phones.

    Designers and builders sign with their own name, whatever `signed_as` says: they do not speak
    for the office. `version` is one of this plan to look at besides. `seen` is the `state_of` the
    words this person read. Refuses `OtherWords`, `IsRemoved`, `IsHeld` while others cannot read
    what is answered, `NotThisPlan`, and `Unsaid` when empty or too long.
    """
    lock(comment)
    check_in_sight(comment)
    check_read(comment, seen)
    body = _checked(body)
    _check_version(comment, version)
    answer = Reply(
        comment_id=comment.id,
        staff_id=by.id,
        role=by.role,
        signed_as=by.name if is_outside(by) else signed_as,
        body=body,
        written_at=clock.now(),
        version=version,
    )
    comment.replies.append(answer)
    db.session.flush()
    facts = {"comment": comment.id, "compound": comment.compound_id, "reply": answer.id}
    record(OFFICE, Kind.COMMENT, facts, actor=by.commitment)
    tell([comment.household_id], MessageKind.REPLIED, cause=f"reply:{answer.id}")
    return answer


def _check_version(comment: Comment, version: PlanVersion | None) -> None:
    if version is not None and version not in queries.versions_of(comment.compound_id):
        raise NotThisPlan(msg("请选这个小区公布过的方案版本。"))


def may_change(comment: Comment) -> bool:
    """Whether its household may still put it into other words."""
    try:
        _check_changeable(comment)
    except Refused:
        return False
    return True


def check_in_sight(comment: Comment) -> None:
    """Refuse `IsRemoved` or `IsHeld` unless everybody reads the words of `comment`."""
    check_there(comment)
    if comment.is_held:
        raise IsHeld(msg("这一条还没有公布，请先公布或移除。"))


def check_there(comment: Comment) -> None:
    """Refuse `IsRemoved` when its words are gone."""
    if comment.is_withdrawn:
        raise IsRemoved(msg("这一条本户已经撤回，不能再处理。"))
    if comment.is_removed:
        raise IsRemoved(msg("这条意见已经移除，不能再处理。"))


def keep_earlier(comment: Comment, by: Identity | None = None) -> EarlierText:
    """Keep what `comment` says now for the office, before it says something else."""
    earlier = EarlierText(
        comment_id=comment.id,
        body=comment.body,
        replaced_at=clock.now(),
        replaced_by_id=by.id if by else None,
    )
    comment.earlier.append(earlier)
    db.session.flush()
    return earlier


def lock(comment: Comment) -> None:
    """Let whatever changes this comment come one after the other, each seeing the one before."""
    db.session.execute(select(Comment.id).where(Comment.id == comment.id).with_for_update())
    db.session.refresh(comment)


def _record(comment: Comment, did: str, household: Household, **facts: str) -> None:
    facts_ = {"comment": comment.id, "compound": comment.compound_id, "did": did, **facts}
    if comment.is_held:
        facts_["held"] = str(comment.hold)
    record(OFFICE, Kind.COMMENT, facts_, actor=household.commitment)


def _hold_of(body: str, compound: Compound) -> Hold | None:
    """Why these words wait for the office; the office's own phones may stand anywhere."""
    if has_private_number(body, queries.office_phones(compound.id)):
        return Hold.PRIVATE
    return Hold.SCREENING if queries.is_screened(compound.id) else None


def _checked(body: str) -> str:
    body = cleaned(body)
    if not body:
        raise Unsaid(msg("请写一点内容再发。"))
    if len(body) > LONGEST:
        raise Unsaid(msg("最多写 %(most)s 个字，请写短一点。"), most=LONGEST)
    return body


def _check_home(household_id: int, compound_id: int) -> None:
    if not queries.lives_in(household_id, compound_id):
        raise NotOfThisCompound(msg("这不是您家所在的小区，请扫自家单元门口的二维码。"))


def _check_pace(household_id: int) -> None:
    if queries.written_since(household_id, clock.now() - WINDOW) >= MOST:
        raise TooMany(msg("您家刚才写了好几条，请过十分钟再写。"))


def _check_changeable(comment: Comment) -> None:
    check_there(comment)
    if comment.is_held:
        return
    if comment.replies or comment.taken_up_in_id:
        raise IsSettled(msg("社区已经答复，原来的话不能再改；可以另外再写一条。"))
    if comment.agreed:
        raise IsSettled(msg("已经有别家也这么想，原来的话不能再改；可以另外再写一条。"))
    if clock.now() - comment.written_at > EDITABLE:
        raise IsSettled(msg("过了15分钟，不能再改；可以另外再写一条。"))


def _check_neighbour(household_id: int, comment: Comment) -> None:
    check_in_sight(comment)
    if comment.household_id == household_id:
        raise OwnWords(msg("这是您家自己写的，不用再点。"))
    _check_home(household_id, comment.compound_id)


def _mark_of(marks: type[_Mark], household_id: int, comment: Comment) -> _Mark | None:
    return db.session.get(marks, (comment.id, household_id), populate_existing=True)


def _locked_writer(household_id: int, comment: Comment) -> Household:
    """The household that wrote `comment`, both under their locks, while there are words."""
    lock(comment)
    if comment.household_id != household_id:
        raise NotOwnWords(msg("这一条不是您家写的。"))
    check_there(comment)
    return _locked(household_id)


def _locked(household_id: int) -> Household:
    """The household under a lock, so that two browsers of it are counted one after the other."""
    return db.session.execute(
        select(Household).where(Household.id == household_id).with_for_update()
    ).scalar_one()
