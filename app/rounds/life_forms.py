"""Forms of the life of a round: its terms, and why it is given up."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from app.core.forms import Form, SmallNumberField, WallClockField, cleaned, tidied
from app.rounds.actions import RoundTerms

REASON_LENGTH = 300


class RoundForm(Form):
    """What the office says of a round: title, times on the office's clock, phone, objections."""

    title = StringField(
        _l("标题"),
        [DataRequired(_l("请填标题。")), Length(max=120, message=_l("标题太长。"))],
        filters=[tidied],
    )
    opens_at = WallClockField(_l("开始时间"), [InputRequired(_l("请填开始时间。"))])
    closes_at = WallClockField(_l("截止时间"), [InputRequired(_l("请填截止时间。"))])
    phone = StringField(
        _l("社区电话"),
        [DataRequired(_l("请填社区电话。")), Length(max=40, message=_l("电话太长。"))],
        filters=[tidied],
    )
    objection_days = SmallNumberField(
        _l("异议期（天）"),
        [
            InputRequired(_l("请填异议期。")),
            NumberRange(min=1, max=60, message=_l("异议期填 1 到 60 天。")),
        ],
    )

    def terms(self) -> RoundTerms:
        """The values as the actions take them."""
        return RoundTerms(
            title=self.title.data,
            opens_at=self.opens_at.data,
            closes_at=self.closes_at.data,
            phone=self.phone.data,
            objection_days=self.objection_days.data,
        )

    def why_again(self) -> str:
        """Why the question is asked again; nothing where it is asked for the first time."""
        return ""


class NextRoundForm(RoundForm):
    """The terms of a round that asks again what an earlier one asked: residents read why."""

    reopening_reason = TextAreaField(
        _l("为什么再征询一轮"),
        [
            DataRequired(_l("请写明为什么再征询一轮，居民会看到。")),
            Length(max=REASON_LENGTH, message=_l("最多写 300 个字。")),
        ],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": REASON_LENGTH},
    )

    def why_again(self) -> str:
        """What was written for residents."""
        return str(self.reopening_reason.data)


class WithdrawalForm(Form):
    """Why a round is given up before it opened."""

    why = TextAreaField(
        _l("撤回的理由"),
        [
            DataRequired(_l("请写明撤回的理由。")),
            Length(max=REASON_LENGTH, message=_l("最多写 300 个字。")),
        ],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": REASON_LENGTH},
    )
