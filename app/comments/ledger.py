"""The office's workbook of comments: one row each, of a home no more than its building."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _

from app.comments.models import Comment, Reply
from app.core.format import local
from app.core.sheets import Cell, Column, Table


def table_of(comments: Sequence[Comment]) -> Table:
    """The first answer stands in the row, its time in hours to the tenth."""
    columns = [
        Column(_("编号"), 8),
        Column(_("时间"), 18),
        Column(_("小区"), 18),
        Column(_("楼栋"), 10),
        Column(_("部分"), 14),
        Column(_("内容"), 50),
        Column(_("状态"), 14),
        Column(_("答复"), 50),
        Column(_("答复人"), 18),
        Column(_("答复时间"), 18),
        Column(_("用时（小时）"), 12),
    ]
    return Table(_("居民意见"), columns, [_row(comment) for comment in comments])


def _row(comment: Comment) -> list[Cell]:
    return [
        comment.id,
        _moment(comment.written_at),
        comment.compound.name,
        comment.household.premises.entrance.building.name,
        str(comment.section.label),
        "" if comment.is_gone else comment.body,
        str(_state_of(comment)),
        *_answer(comment, comment.replies[0] if comment.replies else None),
    ]


def _answer(comment: Comment, reply: Reply | None) -> list[Cell]:
    if reply is None:
        return ["", "", None, None]
    hours = round((reply.written_at - comment.written_at).total_seconds() / 3600, 1)
    return [reply.body, reply.signed_as, _moment(reply.written_at), hours]


def _state_of(comment: Comment) -> object:
    if comment.is_removed:
        return _("已移除")
    if comment.is_withdrawn:
        return _("本户已撤回")
    return _("等公布") if comment.is_held else comment.status and comment.status.label


def _moment(moment: datetime) -> datetime:
    """As the office's clock shows it; a workbook knows no time zones."""
    return local(moment).replace(tzinfo=None)
