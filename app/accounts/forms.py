"""Forms of the doors of households."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from app.accounts.codes import read_code
from app.accounts.guessing import Door
from app.accounts.phone_codes import read_mobile, read_phone_code
from app.accounts.queries import OwnHome
from app.core.forms import Form, canonical
from app.roster import cells
from app.roster.models import Building


def as_room(typed: str) -> str:
    """A room as the roster writes it (`０５０１室` is `501`); '' when it cannot be one."""
    try:
        room = cells.room(canonical(typed))
    except cells.Unclear:
        return ""
    return room if len(room) <= cells.ROOM_LENGTH else ""


class DoorForm(Form):
    """A form that asks for the door of a home: its entrance, where there are several, and room."""

    entrance: SelectField
    room: StringField

    def __init__(self, building: Building, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = [entrance.name for entrance in building.entrances]
        self.entrance.choices = [("", _l("请选单元")), *((name, name) for name in names)]
        self.has_entrances = len(names) > 1
        if not self.has_entrances:
            self.entrance.data = "".join(names)
        else:
            # As a person may write it: `2` is `2单元`.
            self.entrance.data = _known(self.entrance.data or "", names)

    @property
    def door(self) -> Door | None:
        """The door that was typed, if one was."""
        room = as_room(self.room.data or "")
        return Door(self.entrance.data or "", room) if room else None

    def _check_entrance(self) -> None:
        if self.has_entrances and not self.entrance.data:
            raise ValidationError(_l("请选单元。"))

    def _check_room(self) -> None:
        if not as_room(self.room.data or ""):
            raise ValidationError(_l("请照门牌写房号，例如 501。"))


def _known(typed: str, names: list[str]) -> str:
    try:
        written = cells.entrance(canonical(typed))
    except cells.Unclear:
        return ""
    return next((name for name in (typed, written) if name in names), "")


class CodeForm(DoorForm):
    """The 12 digits of a household's slip, however they are spaced.

    Entrance and room come with them where the digits alone are not enough at the moment.
    """

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
    entrance = SelectField(_l("单元"), id="home-entrance", validate_choice=False)
    room = StringField(
        _l("房号"), id="home-room", render_kw={"inputmode": "text", "autocomplete": "off"}
    )
    # Whether entrance and room are asked for; so they are once somebody typed them.
    wants_door = False

    def __init__(self, building: Building, *, wants_door: bool = False, **kwargs: Any) -> None:
        super().__init__(building, **kwargs)
        self.wants_door = wants_door or bool(self.room.raw_data)

    def validate_code(self, field: StringField) -> None:
        """Twelve digits, or what to look at again."""
        if read_code(field.data) is None:
            raise ValidationError(_l("户码是 12 位数字，请对着户码单再看一遍，数一数。"))

    def validate_entrance(self, _field: SelectField) -> None:
        """One of this building, where the door is asked for."""
        if self.wants_door:
            self._check_entrance()

    def validate_room(self, _field: StringField) -> None:
        """Something that can be a room, where the door is asked for."""
        if self.wants_door:
            self._check_room()


class PhoneForm(DoorForm):
    """A home and the phone that the office has on file for it."""

    entrance = SelectField(_l("单元"), validate_choice=False)
    room = StringField(
        _l("房号"),
        [DataRequired(_l("请照门牌写房号，例如 501。")), Length(max=40)],
        render_kw={"inputmode": "text", "autocomplete": "off"},
    )
    phone = StringField(
        _l("登记的手机号"),
        [DataRequired(_l("请填手机号。")), Length(max=40)],
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "tel"},
    )

    def validate_entrance(self, _field: SelectField) -> None:
        """One of this building."""
        self._check_entrance()

    def validate_room(self, _field: StringField) -> None:
        """Something that can be a room; whether it is one, nobody is told."""
        self._check_room()

    def validate_phone(self, field: StringField) -> None:
        """A mainland mobile number, for only those are sent a code."""
        if read_mobile(field.data or "") is None:
            raise ValidationError(_l("请填 11 位的手机号，座机收不到验证码。"))


class PhoneCodeForm(Form):
    """The six digits of the message."""

    otp = StringField(
        _l("验证码（6 位数字）"),
        [DataRequired(_l("请填验证码。")), Length(max=40, message=_l("验证码是 6 位数字。"))],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )

    def validate_otp(self, field: StringField) -> None:
        """Six digits, however they are spaced."""
        if read_phone_code(field.data or "") is None:
            raise ValidationError(_l("验证码是 6 位数字，请对着短信再看一遍。"))


class HomeForm(Form):
    """One of the homes that a phone is on file for."""

    household = RadioField(_l("您要办哪一户？"), coerce=int)

    def __init__(self, homes: list[OwnHome], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.household.choices = [(home.household_id, home.address) for home in homes]
