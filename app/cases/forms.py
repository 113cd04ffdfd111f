"""What staff fill in about cases: reasons and papers, a later end, which vote counts, answers."""

from collections.abc import Iterable
from contextlib import closing
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.cases.evidence import SentPhoto, photo_of
from app.core.db import release
from app.core.forms import Form, WallClockField, cleaned, tidied
from app.core.i18n import translated
from app.projects.models import PlanVersion
from app.rounds.cases import Effect, Objection, ObjectionKind
from app.rounds.choosing import ANSWERED, ChoicesForm, decisions_of, with_choices
from app.rounds.decisions import Grounds
from app.rounds.models import RegisterEntry, Round
from app.rounds.objections import Answer, Complaint
from app.rounds.queries import homes_in_order

_MOST_WORDS, _MOST_EVIDENCE = 1000, 300
_TOO_LONG = _l("太长了，最多 %(max)d 个字。")
_CHOOSE = _l("这一项还没有选。")


def _words(label: Any, needed: Any, rows: int = 3) -> TextAreaField:
    return TextAreaField(
        label,
        [DataRequired(needed), Length(max=_MOST_WORDS, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"rows": rows, "maxlength": _MOST_WORDS},
    )


def _paper(label: Any, *needed: Any) -> StringField:
    return StringField(
        label,
        [*needed, Length(max=_MOST_EVIDENCE, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"maxlength": _MOST_EVIDENCE},
    )


class _Upload(Form):
    """Only what is sent beside the words, read before anything else of a form."""

    photo = FileField()


def sent_photo() -> SentPhoto:
    """The photograph in this request; call it first, for it lets go of every lock."""
    release()
    upload = _Upload().photo.data
    if not upload:
        return SentPhoto()
    with closing(upload):
        return photo_of(upload.read())


class PhotoForm(Form):
    """A form with which a photograph of a paper may be sent (`sent`)."""

    photo = FileField(_l("照片"), render_kw={"accept": "image/*"})

    def __init__(self, sent: SentPhoto | None = None, **kwargs: Any) -> None:
        self._sent = sent or SentPhoto()
        super().__init__(**kwargs)

    def validate_photo(self, field: Any) -> None:
        """Say why it is none."""
        if self._sent.refusal:
            raise ValidationError(translated(self._sent.refusal))

    def kept_photo(self) -> str | None:
        """Its name once it is kept; None without one."""
        return self._sent.keep()


class GroundsForm(PhotoForm):
    """Why something is proposed, and which paper says so."""

    reason = _words(_l("理由"), _l("请写明理由。"))
    evidence = _paper(_l("依据"))

    def grounds(self) -> Grounds:
        """As the actions take it."""
        return Grounds(self.reason.data, self.evidence.data or "", self.kept_photo())


class DeclineForm(Form):
    """Why a proposal is not agreed to, or taken back."""

    why = _words(_l("理由"), _l("请写明理由。"))


class ExtensionForm(GroundsForm):
    """A later end of the round."""

    closes_at = WallClockField(_l("新的截止时间"), [InputRequired(_l("请填新的截止时间。"))])


class PlanChangeForm(GroundsForm):
    """Whether a newer version changes what households agreed to; `version` is the one shown."""

    version = HiddenField()
    material = RadioField(
        _l("改动的大小"),
        [InputRequired(_CHOOSE)],
        choices=[
            SelectChoice("no", _l("只是文字改动：改错字、补说明，做什么、花多少钱都不变")),
            SelectChoice("yes", _l("内容有大变化：做什么、花多少钱、怎么管，有一样变了")),
        ],
    )

    def __init__(self, newer: PlanVersion | None, **kwargs: Any) -> None:
        self._newest = str(newer.id) if newer else ""
        super().__init__(version=self._newest, **kwargs)

    def validate_version(self, field: Any) -> None:
        """What is decided about is what was read."""
        if field.data != self._newest:
            field.data = self._newest
            raise ValidationError(gettext("方案刚刚又出了新的一版，请看过再提。"))

    @property
    def is_material(self) -> bool:
        """Whether households have to confirm."""
        return bool(self.material.data == "yes")


class ResolutionForm(GroundsForm):
    """Which of two votes of one household is to count."""

    keep = RadioField(
        _l("哪一次算数"),
        [InputRequired(_CHOOSE)],
        choices=[
            SelectChoice("standing", _l("保留先前那次")),
            SelectChoice("held", _l("改用后来那次")),
        ],
    )


class DisputeForm(GroundsForm):
    """Co-owners disagree; the paper on which they say so is needed."""

    evidence = _paper(_l("书面材料"), DataRequired(_l("请写明是哪一份书面材料。")))


class SettlementForm(ChoicesForm, DisputeForm):
    """The one form that all co-owners signed."""


class AnswerForm(ChoicesForm, PhotoForm):
    """The answer to an objection, and what it does to the count."""

    words = _words(_l("答复"), _l("请写答复。"), rows=5)
    effect = RadioField(_l("对票数的影响"), [InputRequired(_CHOOSE)])
    evidence = _paper(_l("依据"))

    def validate_effect(self, field: Any) -> None:
        """What changes the register or the count rests on a paper."""
        if field.data not in (None, Effect.NONE.value) and not self.evidence.data:
            raise ValidationError(gettext("要改动票数或者登记册的，请写明依据。"))

    def answer(self) -> Answer:
        """As the actions take it; choices belong only to a vote that is replaced."""
        effect = Effect(self.effect.data)
        choices = self.choices() if effect == Effect.REPLACE_VOTE else {}
        return Answer(self.words.data, effect, choices, self.evidence.data or "", self.kept_photo())


class ObjectionForm(PhotoForm):
    """An objection that somebody brought to the office: by entrance and room, or in words."""

    kind = RadioField(_l("异议是什么"), [InputRequired(_CHOOSE)])
    entrance = SelectField(_l("楼栋单元"), [Optional()])
    room = StringField(_l("房号"), [Length(max=20, message=_TOO_LONG)], filters=[tidied])
    place = StringField(
        _l("名册里没有的，写在哪里"), [Length(max=80, message=_TOO_LONG)], filters=[tidied]
    )
    words = _words(_l("他怎么说的"), _l("请写下他说的话。"), rows=4)
    evidence = _paper(_l("依据"))

    def __init__(self, round_: Round, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._homes = homes_in_order(round_.compound_id)
        self.kind.choices = [SelectChoice(kind.value, kind.label) for kind in ObjectionKind]
        doors = {
            home.premises.entrance.id: home.premises.entrance.building.name
            + home.premises.entrance.name
            for home in self._homes
        }
        nowhere = SelectChoice("", gettext("名册里没有，或者说不清"))
        self.entrance.choices = [
            nowhere,
            *(SelectChoice(str(id_), name) for id_, name in doors.items()),
        ]

    def validate_room(self, field: Any) -> None:
        """A room must be one of the entrance that was chosen."""
        if self.entrance.data and self._home() is None:
            raise ValidationError(gettext("这个单元的名册里没有这个房号。"))

    def validate_place(self, field: Any) -> None:
        """What stands on no list is said in words."""
        if not self.entrance.data and not field.data:
            raise ValidationError(gettext("请选楼栋单元、填房号，或者写明在哪里。"))

    def complaint(self) -> Complaint:
        """As the actions take it."""
        home, kind = self._home(), ObjectionKind(self.kind.data)
        place = home.address if home else self.place.data
        evidence = self.evidence.data or ""
        home_id, digest = home.id if home else None, self.kept_photo()
        return Complaint(kind, place, self.words.data, home_id, evidence, evidence_digest=digest)

    def _home(self) -> Any:
        wanted = (self.entrance.data, self.room.data)
        doors = ((h, (str(h.premises.entrance_id), h.premises.room)) for h in self._homes)
        return next((home for home, door in doors if door == wanted), None)


class CheckForm(Form):
    """Whether a drawn paper form says what was keyed."""

    agrees = RadioField(
        _l("核对结果"),
        [InputRequired(_CHOOSE)],
        choices=[
            SelectChoice("yes", _l("一样")),
            SelectChoice("no", _l("不一样，或者找不到这张表")),
        ],
    )
    note = TextAreaField(
        _l("哪里不一样"),
        [Length(max=_MOST_WORDS, message=_TOO_LONG)],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": _MOST_WORDS},
    )

    def validate_note(self, field: Any) -> None:
        """A difference is described, for whoever answers the objection made of it."""
        if self.agrees.data == "no" and not field.data:
            raise ValidationError(gettext("请写明哪里不一样。"))


def settlement_form(entry: RegisterEntry, sent: SentPhoto) -> SettlementForm:
    """The form for this entry: every consultation wants an answer, owners' decisions may not."""
    return with_choices(SettlementForm, decisions_of(entry), ANSWERED, sent=sent)


def answer_form(objection: Objection, entry: RegisterEntry | None, sent: SentPhoto) -> AnswerForm:
    """The form for this objection: only effects that its household can have."""
    form = with_choices(AnswerForm, decisions_of(entry) if entry else (), {}, sent=sent)
    form.effect.choices = [
        SelectChoice(one.value, one.label) for one in _effects_for(objection, entry)
    ]
    return form


def _effects_for(objection: Objection, entry: RegisterEntry | None) -> Iterable[Effect]:
    is_listed = entry is not None and entry.removed_at is None
    yield Effect.NONE
    if not objection.round.frozen_at:
        return
    if not is_listed and objection.household_id is not None:
        yield Effect.ADD_TO_REGISTER
    if is_listed and entry is not None:
        yield Effect.CORRECT_REGISTER
        # Nobody strikes out another vote than the one that was named.
        if entry.votes and (objection.vote is None or objection.vote.is_current):
            yield Effect.STRIKE_OUT
        if objection.round.opened_at:
            yield Effect.REPLACE_VOTE
