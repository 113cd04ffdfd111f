"""What the office fills in about forms: where to print, a number, a photograph, what it says."""

from collections import Counter
from datetime import date
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.core import clock
from app.core.errors import Refused
from app.core.format import as_count, local
from app.core.forms import Form, ManyField, cleaned, tidied
from app.core.i18n import translated
from app.paper.keying import Said, needs_reason
from app.paper.models import Flaw, Handing, PaperForm, VoidReason
from app.paper.photos import Photo, develop
from app.paper.serials import Serial, read_serial
from app.roster.models import Compound
from app.rounds.choosing import ChoicesForm, choices_form
from app.rounds.models import RegisterEntry

_MOST_WORDS = 500
_TOO_LONG = _l("太长了，最多 %(max)d 个字。")
# What a person may say of a form; the rest follows from what was keyed, or from a reprint.
_BY_HAND = (VoidReason.LOST, VoidReason.SPOILED, VoidReason.AGAINST_RULES)


def _choices(members: Any) -> list[SelectChoice]:
    return [SelectChoice(value=member.value, label=member.label) for member in members]


def _place(value: str, name: str, homes: int) -> SelectChoice:
    label = gettext("%(place)s（%(count)s 户）", place=name, count=as_count(homes))
    return SelectChoice(value, label)


def _handing() -> RadioField:
    return RadioField(
        _l("怎么发的"), [InputRequired(_l("请选怎么发的。"))], choices=_choices(Handing)
    )


def _words(label: Any, *needed: Any) -> TextAreaField:
    return TextAreaField(
        label,
        [*needed, Length(max=_MOST_WORDS, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"rows": 2, "maxlength": _MOST_WORDS},
    )


class OrderForm(Form):
    """For which part of the compound forms are printed."""

    place = SelectField(_l("印哪里的"))

    @classmethod
    def of(cls, compound: Compound, fresh: list[RegisterEntry]) -> "OrderForm":
        """With every building and entrance of the compound, and how many of `fresh` are there."""
        form = cls()
        at = Counter(f"b{entry.building_id}" for entry in fresh)
        at.update(f"e{entry.entrance_id}" for entry in fresh)
        form.place.choices = [_place("", gettext("全小区"), len(fresh))]
        for building in compound.buildings:
            places = [(f"b{building.id}", building.name)]
            if len(building.entrances) > 1:
                places += [(f"e{e.id}", f"{building.name}{e.name}") for e in building.entrances]
            form.place.choices += [_place(value, name, at[value]) for value, name in places]
        return form

    def chosen(self) -> tuple[str, int]:
        """`b` or `e` and the id of the building or entrance; empty for all."""
        told = self.place.data or ""
        return (told[0], int(told[1:])) if told else ("", 0)


class ConfirmForm(Form):
    """A question that is answered by a button."""


class SerialForm(Form):
    """The number of one form: typed, or from a scanner that types."""

    serial = StringField(
        _l("表的编号"),
        [DataRequired(_l("请输入表右上角的编号。")), Length(max=200, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "autofocus": True},
    )

    def read(self, round_id: int) -> Serial:
        """The number as it is printed; refuses `Misread`."""
        return read_serial(self.serial.data or "", round_id)


class GivenForm(SerialForm):
    """One form that was given out, and how."""

    handing = _handing()


class ManyGivenForm(Form):
    """Forms of an entrance that were given out, and how."""

    forms = ManyField(_l("哪几张"), coerce=int)
    # Two of one name on a page would be one to a screen reader.
    way = _handing()


class ManyReturnedForm(Form):
    """Forms of an entrance that came back."""

    forms = ManyField(_l("哪几张"), coerce=int)


def offer(form: ManyGivenForm | ManyReturnedForm, papers: list[PaperForm]) -> None:
    """Let these forms be ticked."""
    form.forms.choices = [SelectChoice(paper.id, paper.entry.label) for paper in papers]


class VoidForm(Form):
    """Why a form is worth nothing."""

    reason = RadioField(
        _l("为什么作废"), [InputRequired(_l("请选为什么作废。"))], choices=_choices(_BY_HAND)
    )
    note = _words(_l("说明"), DataRequired(_l("请写明是怎么回事。")))


class JudgeForm(Form):
    """Whether a second person agrees that a form which came back is worth nothing."""

    verdict = RadioField(
        _l("您的意见"),
        [InputRequired(_l("请选同意作废还是不作废。"))],
        choices=[SelectChoice("agree", _l("同意作废")), SelectChoice("keep", _l("不作废"))],
    )


class EnterForm(Form):
    """The photograph of a signed form; its number is read from it, or typed."""

    file = FileField(
        _l("表的照片"),
        validators=[FileRequired(_l("请先拍照，或者选一张照片。"))],
        render_kw={"accept": "image/*"},
    )
    serial = StringField(
        _l("表的编号"),
        [Optional(), Length(max=200, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"autocomplete": "off", "autocapitalize": "characters"},
    )
    photo: Photo

    def validate_file(self, field: FileField) -> None:
        """Make our own picture of it, or say why not. It takes a second: hold no lock."""
        try:
            self.photo = develop(field.data.read())
        except Refused as refusal:
            raise ValidationError(translated(refusal)) from None

    def read(self, round_id: int) -> Serial:
        """The number that was typed, else the one on the photograph; refuses `Misread`."""
        if self.serial.data or self.photo.serial is None:
            return read_serial(self.serial.data or "", round_id)
        return self.photo.serial


class KeyForm(ChoicesForm):
    """What a form says, keyed from its photograph; made by `key_form`."""

    signed = RadioField(
        _l("签字"),
        [InputRequired(_l("请看有没有签字。"))],
        choices=[
            SelectChoice("yes", _l("投票人签的")),
            SelectChoice("agent", _l("代理人签的，有委托书")),
            SelectChoice("no", _l("没有签字")),
        ],
    )
    mandate = StringField(
        _l("委托书编号（代理人签的才填）"),
        [Length(max=60, message=_TOO_LONG)],
        filters=[tidied],
        render_kw={"autocomplete": "off"},
    )
    unclear = BooleanField(_l("选了什么看不清，或者一项选了两个"))
    signed_on = DateField(_l("签字日期（表上写了才填）"), [Optional()])
    reason = _words(_l("为什么还要录这张纸质表"))

    @property
    def flaw(self) -> Flaw | None:
        """Why nothing can be keyed from it."""
        if self.signed.data == "no":
            return Flaw.UNSIGNED
        return Flaw.UNCLEAR if self.unclear.data else None

    def validate(self, extra_validators: Any = None) -> bool:
        """As usual, but where the form is no good nobody has to say what it says."""
        is_whole = super().validate(extra_validators)
        if self.flaw is None:
            return is_whole
        for _matter, field in self.answers():
            field.errors = ()
        return not self.errors

    def validate_mandate(self, field: StringField) -> None:
        """An agent signs by a mandate (RULES.md §7 D7)."""
        if self.signed.data == "agent" and not field.data:
            raise ValidationError(gettext("请填委托书编号；没有委托书的，选“没有签字”。"))

    def validate_signed_on(self, field: DateField) -> None:
        """Nobody signs tomorrow."""
        if field.data and field.data > local(clock.now()).date():
            raise ValidationError(gettext("签字日期不能在今天以后。"))

    def said(self) -> Said:
        """As `keying` takes it."""
        signed_on: date | None = self.signed_on.data
        why = self.reason.data or "" if "reason" in self else ""
        if self.flaw is not None:
            return Said(flaw=self.flaw, signed_on=signed_on, reason=why)
        mandate = (self.mandate.data or "") if self.signed.data == "agent" else ""
        return Said(self.choices(), self.wishes(), None, signed_on, mandate, why)


def key_form(paper: PaperForm) -> KeyForm:
    """A form with everything that this paper asks; a reason only where one is wanted."""
    form = choices_form(KeyForm, paper.entry)
    if not needs_reason(paper):
        del form.reason
    return form
