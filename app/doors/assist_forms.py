"""What is filled in when a home is helped: why, and then what it says."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from app.accounts.codes import read_code
from app.core.forms import Form, cleaned
from app.core.tokens import random_token
from app.rounds.assisting import HelpReason, Reason, Speaker
from app.rounds.choosing import ChoicesForm

_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z")


class HelpForm(Form):
    """Who speaks and why the home is helped; whether it wants to replace what it said before."""

    who = RadioField(_l("谁在表态"), [InputRequired(_l("这一项还没有选。"))])
    reason = RadioField(_l("为什么要协助"), [InputRequired(_l("这一项还没有选。"))])
    words = StringField(
        _l("其他原因是什么"),
        [Length(max=200, message=_l("太长了，最多 %(max)d 个字。"))],
        filters=[cleaned],
        render_kw={"maxlength": 200},
    )
    replaces = BooleanField(_l("住户要替换原来的表态"))
    # The secret of a home on a phone that is not its own: the browser must not keep it.
    code = StringField(
        _l("户码（12 位数字，请住户自己输）"),
        [Length(max=60, message=_l("户码是 12 位数字。"))],
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "off",
            "autocapitalize": "off",
            "spellcheck": "false",
        },
    )

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.who.choices = [SelectChoice(one.value, one.label) for one in Speaker]
        self.reason.choices = [SelectChoice(one.value, one.label) for one in HelpReason]

    def validate_code(self, field: StringField) -> None:
        """Twelve digits, where a code is typed at all."""
        if field.data and read_code(field.data) is None:
            raise ValidationError(_l("户码是 12 位数字，请对着户码单再看一遍，数一数。"))

    def why(self) -> Reason:
        """As the action takes it."""
        return Reason(
            HelpReason(self.reason.data),
            self.words.data or "",
            self.replaces.data,
            Speaker(self.who.data),
            read_code(self.code.data or ""),
        )


class HelpedForm(ChoicesForm):
    """What the home says, on the version of the plan that was read to it."""

    request_id = HiddenField(validators=[Length(min=8, max=64)])
    plan = HiddenField(validators=[Regexp(_NUMBER, message=_l("请刷新。"))])

    def begin(self, plan_number: int) -> None:
        """Nothing is chosen yet."""
        self.request_id.data, self.plan.data = random_token(24), str(plan_number)

    def kept(self) -> dict[str, Any]:
        """Everything that was filled in, to be read aloud before it is sent."""
        own = (name for name in self._fields if name != "csrf_token")
        return {name: self[name].data for name in own}

    def fill_in(self, kept: dict[str, Any]) -> None:
        """Put back what was filled in."""
        for name, value in kept.items():
            if name in self._fields:
                self[name].data = value

    @property
    def plan_number(self) -> int:
        """The version that was read; one that nobody knows is refused when it is cast."""
        return int(self.plan.data) if _NUMBER.match(str(self.plan.data)) else 0
