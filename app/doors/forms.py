"""What is filled in about doors: what came of a knock, another contact, who walks where."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.accounts.models import Staff
from app.core import clock
from app.core.forms import Form, ManyField, WallClockField, cleaned, tidied
from app.core.tokens import random_token
from app.doors.actions import LATEST, Attempt
from app.doors.models import AT_THE_DOOR, POSSIBLE, Outcome, Way

_TOO_LONG = _l("太长了，最多 %(max)d 个字。")
_CHOOSE = _l("这一项还没有选。")


class VisitForm(Form):
    """What came of a knock, by one button; `ago` are the seconds since, of a phone without a line.

    `back` says which page it was pressed on.
    """

    request_id = HiddenField(validators=[Length(min=8, max=64)])
    ago = HiddenField(validators=[Optional()])
    back = HiddenField()
    outcome = HiddenField(_l("结果"), [InputRequired(_l("请按一个结果。"))])
    note = StringField(
        _l("备注"),
        [Length(max=200, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"maxlength": 200},
    )
    next_on = DateField(_l("下次哪天去"), [Optional()])

    @staticmethod
    def new_request_id() -> str:
        """The name of what is recorded next, so that it is recorded once."""
        return random_token(24)

    def begin(self) -> "VisitForm":
        """Give what is recorded next a name of its own."""
        self.request_id.data = self.new_request_id()
        return self

    def validate_outcome(self, field: Field) -> None:
        """Only the buttons that there are."""
        if field.data not in {outcome.value for outcome in AT_THE_DOOR}:
            raise ValidationError(gettext("没有这样的结果，请刷新后重新选。"))

    def validate_ago(self, field: Field) -> None:
        """Seconds, and not more than the ledger takes."""
        seconds = field.data if field.data.isdecimal() and len(field.data) < 8 else ""
        if not seconds or int(seconds) > LATEST.total_seconds():
            raise ValidationError(gettext("这次上门是七天以前的，太久了，不能再补记。"))

    def attempt(self) -> Attempt:
        """As the action takes it; a call is a call, whatever page it was noted on."""
        outcome = Outcome(self.outcome.data)
        way = Way.CALL if outcome == Outcome.CALLED else Way.VISIT
        made_at = clock.now() - timedelta(seconds=int(self.ago.data)) if self.ago.data else None
        return Attempt(
            outcome,
            self.request_id.data,
            way,
            self.note.data or "",
            next_on=self.next_on.data,
            made_at=made_at,
        )


class ContactForm(Form):
    """Any attempt to reach a home, with the fields of the office's ledger (RULES.md §7 D8)."""

    request_id = HiddenField(validators=[Length(min=8, max=64)])
    way = RadioField(_l("方式"), [InputRequired(_CHOOSE)])
    outcome = SelectField(_l("结果"), [InputRequired(_CHOOSE)])
    made_at = WallClockField(_l("时间"), [Optional()])
    proof = StringField(
        _l("回执或照片"),
        [Length(max=120, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"maxlength": 120},
    )
    note = StringField(
        _l("备注"),
        [Length(max=200, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"maxlength": 200},
    )
    next_on = DateField(_l("下次哪天去"), [Optional()])

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.way.choices = [SelectChoice(way.value, way.label) for way in Way]
        choices = [SelectChoice(one.value, one.label) for one in Outcome]
        self.outcome.choices = [SelectChoice("", gettext("请选")), *choices]
        self.request_id.data = self.request_id.data or random_token(24)

    def validate_outcome(self, field: Field) -> None:
        """Some outcomes belong to some ways only."""
        way, outcome = self.way.data, field.data
        # What is on neither list its own field refuses.
        if way in list(Way) and outcome in list(Outcome) and outcome not in POSSIBLE[Way(way)]:
            raise ValidationError(gettext("这种方式没有这样的结果，请重新选。"))

    def attempt(self) -> Attempt:
        """As the action takes it."""
        return Attempt(
            Outcome(self.outcome.data),
            self.request_id.data,
            Way(self.way.data),
            self.note.data or "",
            self.proof.data or "",
            self.next_on.data,
            self.made_at.data,
        )


class ShareForm(Form):
    """Which doors go to whom: those that are ticked, or all that the list was narrowed to."""

    which = RadioField(_l("哪些户"), default="ticked")
    doors = ManyField(_l("户"))
    worker = SelectField(_l("分给谁"), [InputRequired(_l("请选分给谁。"))])

    def __init__(self, walkers: Sequence[Staff], found: Sequence[int], **values: Any) -> None:
        super().__init__(**values)
        self._found = found
        self.walkers = walkers
        self.which.choices = [
            SelectChoice("ticked", gettext("勾选的")),
            SelectChoice("all", gettext("筛选出来的全部")),
        ]
        self.doors.choices = [SelectChoice(str(id_), str(id_)) for id_ in found]
        names = [SelectChoice(str(one.id), one.name) for one in walkers]
        nobody = SelectChoice("0", gettext("谁也不分（取消分工）"))
        self.worker.choices = [SelectChoice("", gettext("请选")), *names, nobody]

    def validate_doors(self, field: Field) -> None:
        """At least one, where they are ticked one by one."""
        if self.which.data == "ticked" and not field.data:
            raise ValidationError(gettext("请先勾选要分的户。"))

    def chosen(self) -> list[int]:
        """The register entries that change hands."""
        if self.which.data == "all":
            return list(self._found)
        return [int(id_) for id_ in self.doors.data or ()]

    @property
    def worker_id(self) -> int | None:
        """Whose they will be; None for nobody's."""
        return int(self.worker.data) or None
