"""Words that an office answers with again and again, with gaps that a compound fills."""

import hashlib
import re
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Staff
from app.comments.actions import LONGEST, Unsaid
from app.comments.models import Comment, ReplyTemplate
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.forms import canonical, cleaned
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.roster.models import Area

LONGEST_TITLE = 40
GAPS = ("小区", "社区", "电话", "部分")
_GAP = re.compile(r"\{(\w{1,10})\}")


class UnknownGap(Refused):
    """Nothing fills what stands in these braces."""


def filled(body: str, comment: Comment, phone: str) -> str:
    """The words of a template with what belongs to a comment put into their gaps.

    A gap that nothing fills stays as it is, so that whoever answers sees it.
    """
    values = {
        "小区": comment.compound.name,
        "社区": comment.compound.area.name,
        "电话": phone,
        "部分": str(comment.section.label),
    }
    return _GAP.sub(lambda gap: values.get(gap[1]) or gap[0], body)


def templates_of(by: Identity) -> Sequence[ReplyTemplate]:
    """What somebody may answer with: the templates of the own area, of those above and below."""
    above = [int(number) for number in by.area_path.split("/") if number]
    return db.session.scalars(
        select(ReplyTemplate)
        .outerjoin(ReplyTemplate.area)
        .options(joinedload(ReplyTemplate.area))
        .where(
            or_(
                ReplyTemplate.area_id.is_(None),
                ReplyTemplate.area_id.in_(above),
                Area.path.startswith(by.area_path),
            )
        )
        .order_by(ReplyTemplate.title, ReplyTemplate.id)
    ).all()


def may_write(template: ReplyTemplate, by: Identity) -> bool:
    """Whether a template is within somebody's scope; those of an area above are only used."""
    return by.reaches(template.area.path if template.area else "/")


def add_template(title: str, body: str, *, by: Identity) -> ReplyTemplate:
    """Keep words to answer with, for the writer's area. Refuses `Unsaid` and `UnknownGap`."""
    title, body = _checked(title, body)
    area_id = db.session.scalar(select(Staff.area_id).where(Staff.id == by.id))
    template = ReplyTemplate(
        area_id=area_id, title=title, body=body, written_at=clock.now(), written_by_id=by.id
    )
    db.session.add(template)
    db.session.flush()
    _record(template, "added", by)
    return template


def change_template(template: ReplyTemplate, title: str, body: str, *, by: Identity) -> None:
    """Put it in other words; what was answered with it stays. Refuses `Unsaid`, `UnknownGap`."""
    title, body = _checked(title, body)
    if (title, body) == (template.title, template.body):
        return
    template.title, template.body = title, body
    template.written_at, template.written_by_id = clock.now(), by.id
    _record(template, "changed", by)


def delete_template(template: ReplyTemplate, *, by: Identity) -> None:
    """Do away with it; what was answered with it stays."""
    _record(template, "deleted", by)
    db.session.delete(template)
    db.session.flush()


def _checked(title: str, body: str) -> tuple[str, str]:
    title, body = canonical(title), cleaned(body)
    if not title or not body:
        raise Unsaid(msg("请写名称和内容。"))
    if len(title) > LONGEST_TITLE or len(body) > LONGEST:
        raise Unsaid(msg("最多写 %(most)s 个字，请写短一点。"), most=LONGEST)
    for gap in _GAP.findall(body):
        if gap not in GAPS:
            words = msg("没有 {%(gap)s} 这一项，能用的是：{小区}、{社区}、{电话}、{部分}。")
            raise UnknownGap(words, gap=gap)
    return title, body


def _record(template: ReplyTemplate, did: str, by: Identity) -> None:
    digest = hashlib.sha256(f"{template.title}\n{template.body}".encode()).hexdigest()
    facts = {"template": template.id, "did": did, "digest": digest}
    record(OFFICE, Kind.REPLY_TEMPLATE, facts, actor=by.commitment)
