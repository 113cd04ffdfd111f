"""Forms of the accounts: signing in and making people."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from app.accounts.actions import PASSWORD_LENGTH
from app.accounts.codes import read_code
from app.core.forms import Form, tidied
from app.core.guards import Role
from app.roster.models import Area


class LoginForm(Form):
    """User name and password of a member of staff."""

    username = StringField(
        _l("用户名"),
        [DataRequired(_l("请填用户名。")), Length(max=60)],
        filters=[tidied],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _l("密码"),
        [DataRequired(_l("请填密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )


class PersonForm(Form):
    """A new member of staff: role, scope, and a first password told in person."""

    username = StringField(
        _l("用户名"),
        [DataRequired(_l("请填用户名。")), Length(max=60, message=_l("用户名太长。"))],
        filters=[tidied],
    )
    name = StringField(
        _l("姓名"),
        [DataRequired(_l("请填姓名。")), Length(max=60, message=_l("姓名太长。"))],
        filters=[tidied],
    )
    role = SelectField(_l("身份"), choices=[])
    area = SelectField(_l("负责范围"), coerce=int)
    password = PasswordField(
        _l("初始密码"),
        [
            DataRequired(_l("请填初始密码。")),
            Length(min=PASSWORD_LENGTH, max=200, message=_l("密码至少要 10 个字符。")),
        ],
        render_kw={"autocomplete": "new-password"},
    )

    def __init__(self, areas: list[Area], roles: list[Role], *, whole: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.role.choices = [(role.value, role.label) for role in roles]
        everything = [(0, _l("全部"))] if whole else []
        self.area.choices = [*everything, *((area.id, area.full_name) for area in areas)]


class CodeForm(Form):
    """The 12 digits of a household's slip, however they are spaced."""

    code = StringField(
        _l("户码（12 位数字）"),
        [DataRequired(_l("请填户码。")), Length(max=60, message=_l("户码是 12 位数字。"))],
        # It is a secret of one home on a phone that may be shared: the browser must not keep it.
        render_kw={
            "inputmode": "numeric",
            "autocomplete": "off",
            "autocapitalize": "off",
            "spellcheck": "false",
        },
    )

    def validate_code(self, field: StringField) -> None:
        """Twelve digits, or what to look at again."""
        if read_code(field.data) is None:
            raise ValidationError(_l("户码是 12 位数字，请对着户码单再看一遍，数一数。"))
