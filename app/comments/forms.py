"""Forms for writing, reporting, answering and moderating comments."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length

from app.accounts.models import Staff
from app.comments.actions import LONGEST, LONGEST_NOTE
from app.comments.models import Comment, Hold, Nature, Wrong
from app.comments.templates import LONGEST_TITLE
from app.comments.wording import state_of
from app.core.errors import Refused
from app.core.forms import Form, canonical, cleaned, tidied
from app.projects.models import PlanVersion, Section

_TOO_LONG = _l("最多写 %(max)d 个字，请写短一点。")


def _text(label: Any, rows: int) -> TextAreaField:
    return TextAreaField(
        label,
        filters=[cleaned],
        validators=[
            DataRequired(_l("请写一点内容再发。")),
            Length(max=LONGEST, message=_TOO_LONG),
        ],
        render_kw={"rows": rows},
    )


class CommentForm(Form):
    """A household's question or opinion on one part of the plan."""

    section = SelectField(_l("关于哪一部分"), coerce=Section)
    nature = RadioField(
        _l("这是"),
        [InputRequired(_l("请选是问题还是意见。"))],
        coerce=Nature,
        choices=[
            SelectChoice(Nature.QUESTION.value, _l("问题，想要社区答复")),
            SelectChoice(Nature.OPINION.value, _l("意见，说说我家的想法")),
        ],
        default=Nature.QUESTION.value,
    )
    body = _text(_l("您的问题或意见"), rows=5)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.section.choices = [SelectChoice(section.value, section.label) for section in Section]


class ChangeForm(Form):
    """The same comment in other words."""

    body = _text(_l("您的问题或意见"), rows=6)


class WithdrawalForm(Form):
    """Take back what one's household wrote; there is nothing to fill in."""


class ReportForm(Form):
    """What a household finds wrong with somebody's comment."""

    wrong = RadioField(
        _l("这一条哪里不好"),
        [InputRequired(_l("请选哪里不好。"))],
        coerce=Wrong,
        choices=[SelectChoice(wrong.value, wrong.label) for wrong in Wrong],
    )
    note = StringField(
        _l("补充说明（可以不写）"),
        filters=[cleaned],
        validators=[Length(max=LONGEST_NOTE, message=_TOO_LONG)],
    )


class SeenForm(Form):
    """A decision about somebody's words; `seen` tells which words this person read."""

    seen = HiddenField()

    def __init__(self, comment: Comment, **kwargs: Any) -> None:
        super().__init__(seen=state_of(comment), **kwargs)
        self._comment = comment

    def refuse(self, refusal: Refused) -> None:
        """Show the refusal; the page goes on with the words as they are now."""
        super().refuse(refusal)
        self.seen.data = state_of(self._comment)


class ManyForm(Form):
    """A decision that names what it is about itself; there is nothing to fill in."""


class ReplyForm(SeenForm):
    """An answer, in whose name it is given, and which version of the plan to look at besides.

    Those outside the office sign with their own name (`signed_as` is None).
    """

    body = _text(_l("回复"), rows=6)
    version = SelectField(_l("请居民看方案（可以不选）"), coerce=int, default=0)
    signed_as = StringField(
        _l("署名"),
        filters=[lambda text: canonical(text or "")],
        validators=[
            DataRequired(_l("请填写署名。")),
            Length(max=80, message=_TOO_LONG),
        ],
    )

    def __init__(
        self,
        comment: Comment,
        versions: Sequence[PlanVersion],
        signed_as: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(comment, signed_as=signed_as, **kwargs)
        self._versions = {version.id: version for version in versions}
        self.version.choices = [
            SelectChoice(0, gettext("不附")),
            *(SelectChoice(v.id, gettext("第 %(number)s 版", number=v.number)) for v in versions),
        ]
        if signed_as is None:
            del self.signed_as

    @property
    def signature(self) -> str:
        """In whose name, where that may be chosen."""
        return self.signed_as.data if "signed_as" in self else ""

    @property
    def chosen(self) -> PlanVersion | None:
        """The version to look at, if any."""
        return self._versions.get(self.version.data)


class AssignmentForm(SeenForm):
    """Who is to answer a comment."""

    staff = SelectField(_l("请谁答复"), [InputRequired(_l("请选一位。"))], coerce=int)

    def __init__(self, comment: Comment, able: Sequence[Staff], **kwargs: Any) -> None:
        super().__init__(comment, staff=comment.assigned_to_id or 0, **kwargs)
        self._able = {one.id: one for one in able}
        self.staff.choices = [
            SelectChoice(0, gettext("不指定")),
            *(SelectChoice(one.id, f"{one.role.label} {one.name}") for one in able),
        ]

    @property
    def chosen(self) -> Staff | None:
        """Who, or None for nobody in particular."""
        return self._able.get(self.staff.data)


class TemplateForm(Form):
    """Words to answer with again and again."""

    title = StringField(
        _l("名称"),
        filters=[tidied],
        validators=[
            DataRequired(_l("请写名称。")),
            Length(max=LONGEST_TITLE, message=_TOO_LONG),
        ],
    )
    body = _text(_l("内容"), rows=8)


class RemovalForm(SeenForm):
    """Why a comment is taken out of sight; residents read it."""

    reason = StringField(
        _l("移除的原因"),
        filters=[cleaned],
        validators=[
            DataRequired(_l("请写明移除的原因，居民会看到。")),
            Length(max=200, message=_TOO_LONG),
        ],
    )


class ReleaseForm(SeenForm):
    """Let everybody read a held comment."""

    numbers = RadioField(
        _l("里面的号码"),
        choices=[
            SelectChoice("hide", _l("把号码换成 **** 再公布")),
            SelectChoice("show", _l("原样公布，号码不是私人的")),
        ],
    )

    def __init__(self, comment: Comment, **kwargs: Any) -> None:
        super().__init__(comment, **kwargs)
        if comment.hold == Hold.PRIVATE:
            self.numbers.validators = [InputRequired(_l("请选号码怎么办。"))]
        else:
            del self.numbers

    @property
    def hides_numbers(self) -> bool:
        """Whether private numbers are to be replaced by stars."""
        return "numbers" in self and self.numbers.data == "hide"


class TakeUpForm(SeenForm):
    """Which version of the plan took a comment up."""

    version = SelectField(_l("写进了哪一版方案"), coerce=int)

    def __init__(self, comment: Comment, versions: Sequence[PlanVersion], **kwargs: Any) -> None:
        super().__init__(comment, version=comment.taken_up_in_id or 0, **kwargs)
        self._versions = {version.id: version for version in versions}
        chosen = [(v.id, gettext("第 %(number)s 版", number=v.number)) for v in versions]
        if comment.taken_up_in_id:
            chosen.append((0, gettext("还没有写进方案（原来点错了）")))
        self.version.choices = [SelectChoice(*choice) for choice in chosen]

    @property
    def chosen(self) -> PlanVersion | None:
        """The version, or None where none is to be named any more."""
        return self._versions.get(self.version.data)


class ScreeningForm(Form):
    """Switch reading beforehand on or off; says which, so that two taps do not undo each other."""

    wanted = HiddenField()
