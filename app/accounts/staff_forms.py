"""Forms of the people of the desk: signing in, proving again, inviting, a password of one's own."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, EqualTo, Length, Regexp

from app.accounts.passwords import PASSWORD_LENGTH
from app.core.forms import Form, tidied
from app.core.guards import Role
from app.roster.models import Area

# What everybody can type again, on any keyboard of the office.
_USERNAME = re.compile(r"[^\W_][\w.\-]*\Z")
# What is typed here is good for seconds only: no browser need keep it.
_OTP = {"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false"}


class LoginForm(Form):
    """User name, password and second factor, on one page."""

    username = StringField(
        _l("用户名"),
        [DataRequired(_l("请填用户名。")), Length(max=60)],
        filters=[tidied],
        render_kw={"autocomplete": "username", "autocapitalize": "off"},
    )
    password = PasswordField(
        _l("密码"),
        [DataRequired(_l("请填密码。")), Length(max=200)],
        render_kw={"autocomplete": "current-password"},
    )
    otp = StringField(_l("动态码或备用码"), [Length(max=40)], filters=[tidied], render_kw=_OTP)


class OtpForm(Form):
    """The second factor alone: to enrol it, and to prove again who one is."""

    otp = StringField(
        _l("动态码"),
        [DataRequired(_l("请填动态码。")), Length(max=40)],
        filters=[tidied],
        render_kw={**_OTP, "inputmode": "numeric"},
    )


class ProofForm(Form):
    """A code of the phone, or one of the paper."""

    otp = StringField(
        _l("动态码或备用码"),
        [DataRequired(_l("请填动态码。手机不在身边，填一个备用码。")), Length(max=40)],
        filters=[tidied],
        render_kw=_OTP,
    )


class NewPasswordForm(Form):
    """A password that one chooses oneself, typed twice."""

    password = PasswordField(
        _l("新密码"),
        [
            DataRequired(_l("请填新密码。")),
            Length(min=PASSWORD_LENGTH, max=200, message=_l("密码要 10 到 200 个字符。")),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("再填一遍新密码"),
        [EqualTo("password", _l("两遍密码不一样，请重新填。"))],
        render_kw={"autocomplete": "new-password"},
    )


class StandingForm(Form):
    """What somebody is and where."""

    role = SelectField(_l("身份"), choices=[])
    area = SelectField(_l("负责范围"), coerce=int)

    def __init__(self, areas: list[Area], roles: list[Role], *, whole: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.role.choices = [(role.value, role.label) for role in roles]
        everything = [(0, _l("全部"))] if whole else []
        self.area.choices = [*everything, *((area.id, area.full_name) for area in areas)]


class PersonForm(StandingForm):
    """Somebody who is to be invited; they choose their password themself."""

    name = StringField(
        _l("姓名"),
        [DataRequired(_l("请填姓名。")), Length(max=60, message=_l("姓名太长。"))],
        filters=[tidied],
    )
    username = StringField(
        _l("用户名"),
        [
            DataRequired(_l("请填用户名。")),
            Length(max=60, message=_l("用户名太长。")),
            Regexp(
                _USERNAME,
                message=_l("用户名只用字母、汉字、数字和 . - _，中间没有空格。"),
            ),
        ],
        filters=[tidied],
        render_kw={"autocomplete": "off", "autocapitalize": "off"},
    )
