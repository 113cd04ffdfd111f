"""Forms for writing, answering and removing comments."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.comments.actions import LONGEST
from app.core.forms import Form, canonical, cleaned
from app.projects.models import Section


def _text(label: Any, rows: int) -> TextAreaField:
    return TextAreaField(
        label,
        filters=[cleaned],
        validators=[
            DataRequired(_l("请写一点内容再发。")),
            Length(max=LONGEST, message=_l("最多写 %(max)d 个字，请写短一点。")),
        ],
        render_kw={"rows": rows},
    )


class CommentForm(Form):
    """A household's question or opinion on one part of the plan."""

    section = SelectField(_l("关于哪一部分"), coerce=Section)
    body = _text(_l("您的问题或意见"), rows=5)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.section.choices = [SelectChoice(section.value, section.label) for section in Section]


class ReplyForm(Form):
    """The office's answer and in whose name it is given."""

    body = _text(_l("回复"), rows=6)
    signed_as = StringField(
        _l("署名"),
        filters=[lambda text: canonical(text or "")],
        validators=[
            DataRequired(_l("请填写署名。")),
            Length(max=80, message=_l("最多写 %(max)d 个字，请写短一点。")),
        ],
    )


class RemovalForm(Form):
    """Why a comment is taken out of sight; residents read it."""

    reason = StringField(
        _l("移除的原因"),
        filters=[cleaned],
        validators=[
            DataRequired(_l("请写明移除的原因，居民会看到。")),
            Length(max=200, message=_l("最多写 %(max)d 个字，请写短一点。")),
        ],
    )
