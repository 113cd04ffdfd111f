"""Writing, answering and removing comments; each leaves its mark in the journal.

The journal holds no word of a comment: only whose it is, by commitment, and what was done.
"""

import re
import unicodedata
from datetime import timedelta

from sqlalchemy import select

from app.comments import queries
from app.comments.models import Comment, Reply
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.forms import cleaned
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.projects.models import Section
from app.roster.models import Compound, Household

LONGEST = 1000
MOST, WINDOW = 5, timedelta(minutes=10)

# A mobile number, however it is grouped; and an 18-digit identity number by its date of birth.
_PHONE = re.compile(r"(?<!\d)(?:(?:00)?86[ -]?)?1[3-9]\d[ -]{0,2}\d{4}[ -]{0,2}\d{4}(?!\d)")
_IDENTITY = re.compile(
    r"(?<!\d)[1-9]\d{5}[ -]?(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
    r"[ -]?\d{3}[\dXx](?!\d)"
)


class NotOfThisCompound(Refused):
    """Households comment on the plan of their own compound."""


class Unsaid(Refused):
    """There is nothing to read, or too much."""


class TooMany(Refused):
    """The household wrote much in a short time; waiting helps."""


class TooPrivate(Refused):
    """A phone or identity number would stand in public for anybody to misuse."""


class IsRemoved(Refused):
    """The comment was taken out of sight before."""


def write_comment(household_id: int, compound: Compound, section: Section, body: str) -> Comment:
    """Publish a household's question or opinion on a part of the plan (THREATS.md T26).

    Refuses `Unsaid` when empty or longer than 1,000 characters, `TooPrivate` with a phone or
    identity number, `TooMany` after five in ten minutes, `NotOfThisCompound` elsewhere.
    """
    body = cleaned(body)
    _check_body(body)
    if has_private_number(body):
        raise TooPrivate(
            msg("这里谁都看得到，请把手机号、身份证号去掉再发。要我们打电话给您，请打社区电话。")
        )
    household = _locked(household_id)
    if not queries.lives_in(household_id, compound.id):
        raise NotOfThisCompound(msg("这不是您家所在的小区，请扫自家单元门口的二维码。"))
    if queries.written_since(household_id, clock.now() - WINDOW) >= MOST:
        raise TooMany(msg("您家刚才写了好几条，请过十分钟再写。"))
    comment = Comment(
        compound=compound,
        household=household,
        section=section,
        body=body,
        written_at=clock.now(),
    )
    db.session.add(comment)
    db.session.flush()
    facts = {"comment": comment.id, "compound": compound.id, "section": section.value}
    record(OFFICE, Kind.COMMENT, facts, actor=household.commitment)
    return comment


def reply(comment: Comment, signed_as: str, body: str, *, by: Identity) -> Reply:
    """Answer a comment in the name of the body that answers.

    Refuses `IsRemoved`, and `Unsaid` when empty or too long.
    """
    _check_in_sight(comment)
    body = cleaned(body)
    _check_body(body)
    answer = Reply(
        comment_id=comment.id,
        staff_id=by.id,
        signed_as=signed_as,
        body=body,
        written_at=clock.now(),
    )
    comment.replies.append(answer)
    db.session.flush()
    facts = {"comment": comment.id, "compound": comment.compound_id, "reply": answer.id}
    record(OFFICE, Kind.COMMENT, facts, actor=by.commitment)
    return answer


def remove_comment(comment: Comment, reason: str, *, by: Identity) -> None:
    """Take a comment out of sight; a stub with the reason stays for everybody to see.

    Refuses `IsRemoved` the second time, `Unsaid` without a reason.
    """
    _check_in_sight(comment)
    if not cleaned(reason):
        raise Unsaid(msg("请写明移除的原因，居民会看到。"))
    comment.removed_at, comment.removed_by_id = clock.now(), by.id
    comment.removal_reason = cleaned(reason)
    facts = {"comment": comment.id, "compound": comment.compound_id}
    record(OFFICE, Kind.MODERATION, facts, actor=by.commitment)


def has_private_number(text: str) -> bool:
    """Whether a mobile phone or identity number stands in `text`, full-width digits included."""
    plain = unicodedata.normalize("NFKC", text)
    return bool(_PHONE.search(plain) or _IDENTITY.search(plain))


def _check_body(body: str) -> None:
    if not body:
        raise Unsaid(msg("请写一点内容再发。"))
    if len(body) > LONGEST:
        raise Unsaid(msg("最多写 %(most)s 个字，请写短一点。"), most=LONGEST)


def _check_in_sight(comment: Comment) -> None:
    if comment.is_removed:
        raise IsRemoved(msg("这条意见已经移除，不能再处理。"))


def _locked(household_id: int) -> Household:
    """The household under a lock, so that two browsers of it are counted one after the other."""
    return db.session.execute(
        select(Household).where(Household.id == household_id).with_for_update()
    ).scalar_one()
