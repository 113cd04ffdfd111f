"""What the office fills in about a home: another phone, new owners, who lives there, a reason."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import DateField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length

from app.core.errors import Refused
from app.core.files import keep_alone, shrink_picture
from app.core.format import masked_phone
from app.core.forms import Form, canonical, cleaned, tidied
from app.core.i18n import translated
from app.core.sealing import seal
from app.households.actions import Evidence, PhoneChange
from app.roster.models import Contact, Occupancy
from app.rounds.break_glass import LEAST_REASON

_TOO_LONG = _l("太长了，最多 %(max)d 个字。")
MOST_NAMES, NAME_LENGTH = 10, 80


def _text(label: Any, needed: Any, most: int = 300) -> TextAreaField:
    return TextAreaField(
        label,
        [DataRequired(needed), Length(max=most, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"rows": 2, "maxlength": most},
    )


class EvidenceForm(Form):
    """Why something about a home changes, and which paper says so, perhaps with a picture of it."""

    reason = _text(_l("理由"), _l("请写明理由。"))
    paper = StringField(
        _l("依据（哪份材料，怎么核实的）"),
        [DataRequired(_l("请写明依据是哪份材料。")), Length(max=300, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"maxlength": 300},
    )
    photo = FileField(_l("材料照片（可以不传）"), render_kw={"accept": "image/jpeg,image/png"})
    picture: bytes | None = None

    def validate_photo(self, field: FileField) -> None:
        """Make the small picture of it, or say why not; it takes seconds, so hold no lock."""
        if not field.data:
            return
        try:
            self.picture = shrink_picture(field.data.read()).content
        except Refused as refusal:
            raise ValidationError(translated(refusal)) from None

    def evidence(self) -> Evidence:
        """As the actions take it; the picture is kept sealed."""
        photo = keep_alone(seal(self.picture)) if self.picture else None
        return Evidence(self.reason.data or "", self.paper.data or "", photo)


class PhoneForm(EvidenceForm):
    """A number to put on file, one to end, or the one in place of the other."""

    phone = StringField(
        _l("要登记的号码"),
        [Length(max=40, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"inputmode": "tel", "autocomplete": "off"},
    )
    name = StringField(
        _l("号码是谁的"),
        [Length(max=NAME_LENGTH, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"autocomplete": "off"},
    )
    ending = SelectField(_l("要停用的号码"))

    def __init__(self, contacts: Sequence[Contact], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        none = SelectChoice(value="", label=_("不停用"))
        self.ending.choices = [none] + [
            SelectChoice(value=str(contact.id), label=masked_phone(contact.phone))
            for contact in contacts
        ]

    def change(self) -> PhoneChange:
        """As the action takes it."""
        ending = int(self.ending.data) if self.ending.data else None
        return PhoneChange(self.phone.data or "", self.name.data or "", ending)


class OwnersForm(EvidenceForm):
    """Who owns a home now, and since which day."""

    names = TextAreaField(
        _l("新业主姓名"),
        [DataRequired(_l("请填新业主的姓名。"))],
        filters=[cleaned],
        render_kw={"rows": 2, "autocomplete": "off"},
    )
    since = DateField(_l("从哪天起"), [InputRequired(_l("请选过户的日期。"))])

    def owners(self) -> list[str]:
        """The names, one a line."""
        names = (canonical(line) for line in (self.names.data or "").split("\n"))
        return list(dict.fromkeys(name for name in names if name))

    def moment(self) -> datetime:
        """The beginning of that day on the office's clock."""
        day: date = self.since.data
        here = ZoneInfo(current_app.config["BABEL_DEFAULT_TIMEZONE"])
        return datetime.combine(day, time(), tzinfo=here)

    def validate_names(self, field: TextAreaField) -> None:
        """No more and no longer than the roster keeps."""
        if len(self.owners()) > MOST_NAMES:
            raise ValidationError(_("最多写 10 个人。"))
        if any(len(name) > NAME_LENGTH for name in self.owners()):
            raise ValidationError(_("姓名太长了。"))

    def validate_since(self, field: DateField) -> None:
        """A day of a calendar that offices keep."""
        if field.data and field.data.year < 1950:
            raise ValidationError(_("日期不对，请重新选。"))


class OccupancyForm(Form):
    """Who lives in a home now, and how one knows."""

    occupancy = SelectField(
        _l("居住情况"), choices=[SelectChoice(value=o.value, label=o.label) for o in Occupancy]
    )
    note = _text(_l("说明"), _l("请写明怎么知道的。"), most=200)


class LookForm(Form):
    """Why somebody has to see what one home chose."""

    reason = TextAreaField(
        _l("为什么要看"),
        [
            DataRequired(_l("请写明理由，这一户会看到。")),
            Length(
                min=LEAST_REASON,
                max=200,
                message=_l("理由写 %(min)d 到 %(max)d 个字，这一户会看到。"),
            ),
        ],
        filters=[cleaned],
        render_kw={"rows": 2, "maxlength": 200},
    )


class WhyForm(Form):
    """Why one says no, or takes a proposal back."""

    why = _text(_l("理由"), _l("请写明理由。"))


class PlainForm(Form):
    """Nothing to fill in: it only asks whether one is sure."""
