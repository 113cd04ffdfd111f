"""Forms of a draft's questions: one kind at a time asks only what it needs, and the profile."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from app.core.errors import msg
from app.core.forms import Form, ManyField, SmallNumberField, cleaned
from app.core.i18n import say
from app.rounds.counting import Track
from app.rounds.matters import MatterTerms
from app.rounds.models import Round, Scope, Subject
from app.rounds.profile import PRESETS, Revote, Sight, Switches
from app.rounds.wording import place_names, rule_sentences

TITLE_LENGTH, QUESTION_LENGTH = 40, 200


@dataclass(frozen=True)
class Kind:
    """A kind of question: the rules it may be counted by, what we suggest, what to think of."""

    presets: tuple[str, ...]
    title: str
    question: str
    hint: str


# In the order in which offices need them. What is suggested is data, as the residents read it.
KINDS: dict[Subject, Kind] = {
    Subject.ELEVATOR: Kind(
        ("elevator-entrance", "elevator-two-thirds"),
        "",
        msg("您家同意给本单元加装电梯吗？"),
        msg("一个单元算一项。几个单元都想装，就一项一项加。"),
    ),
    Subject.USE_FUND: Kind(
        ("owners-ordinary",),
        msg("使用维修资金"),
        msg("您家同意用一部分维修资金做这次改造吗？"),
        msg("写清楚用多少钱、用在哪里。"),
    ),
    Subject.RAISE_FUND: Kind(
        ("owners-special",),
        msg("筹集维修资金"),
        msg("您家同意补交维修资金吗？"),
        msg("写清楚每平方米交多少、什么时候交。"),
    ),
    Subject.HIRE: Kind(
        ("owners-ordinary",),
        msg("选聘物业公司"),
        msg("您家同意聘请这家物业公司吗？"),
        msg("写清楚公司名称、收费和期限。"),
    ),
    Subject.COMMON_PARTS: Kind(
        ("owners-special",),
        msg("改变共有部分用途"),
        msg("您家同意改变这处共有部分的用途吗？"),
        msg("写清楚是哪一处、改成什么。例如把空房改成活动室，划停车位收费。"),
    ),
    Subject.MENU: Kind(
        ("menu",),
        msg("想先改什么"),
        msg("下面这些，您家最想先改哪些？可以选几样。"),
        msg("把能选的内容列出来，居民勾选，按想要的户数排先后。"),
    ),
    Subject.OTHER: Kind(
        ("henan-80", "two-thirds", "owners-ordinary", "owners-special"),
        "",
        "",
        msg("上面没有的事。要先想好按户算，还是按业主的人数和面积算。"),
    ),
}


def kinds_offered() -> list[tuple[Subject, str, tuple[str, ...]]]:
    """Every kind of question with what to think of and the rules it may be counted by."""
    return [
        (subject, say(kind.hint), tuple(say(PRESETS[name].title) for name in kind.presets))
        for subject, kind in KINDS.items()
    ]


_SCOPES = {
    Scope.COMPOUND: _l("全小区"),
    Scope.BUILDINGS: _l("只问几栋楼"),
    Scope.ENTRANCES: _l("只问几个单元"),
}


class MatterForm(Form):
    """One question more: a kind is chosen beforehand, and only what it needs is asked."""

    place = SelectField(_l("哪个单元"))
    preset = RadioField(_l("怎么算才通过"), [InputRequired(_l("请选怎么算才通过。"))])
    title = StringField(
        _l("名称"),
        [
            DataRequired(_l("请填名称。")),
            Length(max=TITLE_LENGTH, message=_l("太长了，最多 %(max)d 个字。")),
        ],
        filters=[cleaned],
        description=_l("几个字，公告和结果上都这样写。"),
        render_kw={"maxlength": TITLE_LENGTH, "autocomplete": "off"},
    )
    question = TextAreaField(
        _l("问题"),
        [
            DataRequired(_l("请填问题。")),
            Length(max=QUESTION_LENGTH, message=_l("太长了，最多 %(max)d 个字。")),
        ],
        filters=[cleaned],
        render_kw={"rows": 3, "maxlength": QUESTION_LENGTH},
    )
    options = TextAreaField(
        _l("选项"),
        [DataRequired(_l("请写选项，一行一个。"))],
        filters=[cleaned],
        description=_l("一行写一个，2 到 20 个，每个不超过 40 个字。"),
        render_kw={"rows": 6},
    )
    scope = RadioField(_l("问谁"), default=Scope.COMPOUND.value)
    buildings = ManyField(
        _l("哪几栋楼"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    entrances = ManyField(
        _l("哪几个单元"), option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )

    def __init__(self, round_: Round, subject: Subject) -> None:
        self.subject, self.kind = subject, KINDS[subject]
        super().__init__(
            data={
                "title": self.kind.title,
                "question": self.kind.question,
                "scope": Scope.COMPOUND.value,
                "preset": self.kind.presets[0] if len(self.kind.presets) == 1 else None,
            }
        )
        self._offer_places(round_)
        self._offer_rules()
        if subject != Subject.MENU:
            del self.options

    def _offer_places(self, round_: Round) -> None:
        self.names = place_names(round_)
        if self.subject == Subject.ELEVATOR:
            self.place.choices = self._offered(Scope.ENTRANCES)
            del self.scope, self.buildings, self.entrances, self.title
            return
        del self.place
        self.scope.choices = [SelectChoice(value=s.value, label=_SCOPES[s]) for s in Scope]
        self.buildings.choices = self._offered(Scope.BUILDINGS)
        self.entrances.choices = self._offered(Scope.ENTRANCES)

    def _offered(self, scope: Scope) -> list[Any]:
        return [
            SelectChoice(value=str(place), label=name)
            for (kind, place), name in self.names.items()
            if kind == scope
        ]

    def _offer_rules(self) -> None:
        if len(self.kind.presets) == 1:
            del self.preset
        else:
            self.preset.choices = [
                SelectChoice(value=name, label=say(PRESETS[name].title))
                for name in self.kind.presets
            ]

    def rules(self) -> list[tuple[str, tuple[str, ...], str]]:
        """The rules it may be counted by: name, sentences, source."""
        found = [PRESETS[name] for name in self.kind.presets]
        return [(say(rule.title), rule_sentences(rule), rule.source) for rule in found]

    def rules_by_name(self) -> dict[str, tuple[str, ...]]:
        """The rules to choose among: value → sentences, and what each rests on."""
        return {name: _with_source(name) for name in self.kind.presets}

    @property
    def hint(self) -> str:
        """What to think of when a question of this kind is written."""
        return say(self.kind.hint)

    def terms(self) -> MatterTerms:
        """What was filled in, as the action takes it."""
        scope, places = self._places()
        return MatterTerms(
            subject=self.subject,
            title=self._title(),
            question=self.question.data,
            preset=self.preset.data if "preset" in self else self.kind.presets[0],
            scope=scope,
            places=places,
            options=_lines(self.options.data) if "options" in self else (),
        )

    def _title(self) -> str:
        if "title" in self:
            return str(self.title.data)
        return f"{self.names[Scope.ENTRANCES, int(self.place.data)]}加装电梯"

    def _places(self) -> tuple[Scope, tuple[int, ...]]:
        if "place" in self:
            return Scope.ENTRANCES, (int(self.place.data),)
        scope = Scope(self.scope.data)
        chosen = {Scope.BUILDINGS: self.buildings.data, Scope.ENTRANCES: self.entrances.data}
        return scope, tuple(int(place) for place in chosen.get(scope) or ())

    def validate_options(self, field: TextAreaField) -> None:
        """Each fits on a line of a telephone."""
        if any(len(line) > TITLE_LENGTH for line in _lines(field.data or "")):
            raise ValidationError(_l("每个选项不超过 40 个字。"))


def _with_source(name: str) -> tuple[str, ...]:
    rule = PRESETS[name]
    basis = (_("依据：%(source)s", source=rule.source),) if rule.source else ()
    return (*rule_sentences(rule), *basis)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in map(cleaned, text.split("\n")) if line)


class RemovalForm(Form):
    """Nothing but the wish to take a question back."""


_REVOTES = {
    Revote.UNTIL_CLOSE: _l("截止以前可以改，以最后一次为准"),
    Revote.ONCE: _l("只能改一次"),
    Revote.NONE: _l("不能改，交了就算"),
}
_SIGHTS = {
    Sight.TOTALS: _l("只看得到合计"),
    Sight.HOUSEHOLDS: _l("看得到每一户怎么选"),
}
_PUBLIC = {"yes": _l("住在里面的人家算一户"), "no": _l("不算进总户数")}
FEWEST_AUDITED, MOST_AUDITED = 10, 500


class ProfileForm(Form):
    """How the two main questions are counted, and what holds for every question."""

    preset = RadioField(_l("改造方案和物业管理方案，多少户同意才通过"))
    public = RadioField(
        _l("公房里住的人家"), choices=[SelectChoice(value=v, label=w) for v, w in _PUBLIC.items()]
    )
    revote = RadioField(
        _l("居民表态以后能不能改"),
        choices=[SelectChoice(value=v.value, label=w) for v, w in _REVOTES.items()],
    )
    sight = RadioField(
        _l("征询期间，工作人员看得到什么"),
        choices=[SelectChoice(value=v.value, label=w) for v, w in _SIGHTS.items()],
    )
    audit = SmallNumberField(
        _l("截止以后抽查多少张纸质表"),
        [
            InputRequired(_l("请填抽查多少张。")),
            NumberRange(FEWEST_AUDITED, MOST_AUDITED, _l("填 %(min)d 到 %(max)d 之间的数。")),
        ],
        description=_l("随机抽出来，和原件核对。不到这个数的全部核对。"),
        render_kw={"inputmode": "numeric"},
    )

    def __init__(self, round_: Round) -> None:
        kept = round_.switches
        super().__init__(
            data={
                "preset": round_.profile["name"],
                "public": "yes" if kept.public_tenant_counts else "no",
                "revote": kept.revote.value,
                "sight": kept.staff_see_choices.value,
                "audit": kept.audit_votes,
            }
        )
        self.preset.choices = [
            SelectChoice(value=preset.name, label=say(preset.title))
            for preset in PRESETS.values()
            if preset.track == Track.CONSULTATION
        ]

    def rules_by_name(self) -> dict[str, tuple[str, ...]]:
        """The rules of the two main questions: value → sentences, and what each rests on."""
        return {choice.value: _with_source(choice.value) for choice in self.preset.choices}

    def switches(self) -> Switches:
        """What was chosen beside the rule."""
        return Switches(
            revote=Revote(self.revote.data),
            staff_see_choices=Sight(self.sight.data),
            public_tenant_counts=self.public.data == "yes",
            audit_votes=self.audit.data,
        )
