"""Forms that ask a second person to change a frozen register."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from app.cases.forms import GroundsForm
from app.core.forms import canonical, cleaned

MOST_NAMES, NAME_LENGTH = 10, 80


class ChangeForm(GroundsForm):
    """Why the register should change, and the paper that says so: both are needed."""

    evidence = StringField(
        _l("依据（哪份材料，编号多少）"),
        [
            DataRequired(_l("请写明依据是哪份材料。")),
            Length(max=300, message=_l("太长了，最多 %(max)d 个字。")),
        ],
        filters=[cleaned],
        render_kw={"maxlength": 300},
    )


class TransferForm(ChangeForm):
    """Who owns the premises now."""

    names = TextAreaField(
        _l("新业主姓名"),
        [DataRequired(_l("请填新业主的姓名。"))],
        filters=[cleaned],
        render_kw={"rows": 2, "autocomplete": "off"},
    )

    def owners(self) -> list[str]:
        """The names, one a line."""
        names = (canonical(line) for line in (self.names.data or "").split("\n"))
        return list(dict.fromkeys(name for name in names if name))

    def validate_names(self, field: TextAreaField) -> None:
        """No more and no longer than the roster keeps."""
        if len(self.owners()) > MOST_NAMES:
            raise ValidationError(_l("最多写 10 个人。"))
        if any(len(name) > NAME_LENGTH for name in self.owners()):
            raise ValidationError(_l("姓名太长了。"))
