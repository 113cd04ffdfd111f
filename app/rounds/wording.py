"""A round's questions and rules in words: what its second person confirms, what all may read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.accounts.models import Staff
from app.core.db import db
from app.core.errors import msg
from app.core.i18n import say
from app.rounds.counting import Track
from app.rounds.matters import MAIN
from app.rounds.models import Matter, Round, Scope
from app.rounds.profile import (
    PRESETS,
    Case,
    Preset,
    Sight,
    common_words_of,
    consultation_words_of,
)


@dataclass(frozen=True)
class Question:
    """One question as it is read; `places` are names such as `1号楼2单元`, none for everybody."""

    matter: Matter
    title: str
    words: str
    track: str
    rule: str
    source: str
    sentences: tuple[str, ...]
    places: tuple[str, ...]

    @property
    def is_main(self) -> bool:
        """Whether every round has it."""
        return self.matter.subject in MAIN

    @property
    def options(self) -> tuple[str, ...]:
        """The items of a menu."""
        return tuple(option.title for option in self.matter.options)


@dataclass(frozen=True)
class Counting:
    """How a round is counted, and who stands for it."""

    questions: tuple[Question, ...]
    of_consultations: tuple[str, ...]
    of_all: tuple[str, ...]
    sight: str
    audit: str
    submitted_by: str
    submitted_at: datetime | None
    confirmed_by: str
    confirmed_at: datetime | None
    digest: str


_TRACKS = {
    Track.CONSULTATION: msg("居民征询：一户一票"),
    Track.OWNERS: msg("业主共同决定：算人数，也算面积"),
    Track.PREFERENCE: msg("只了解想法，不是表决"),
}
_SIGHTS = {
    Sight.TOTALS: msg("征询期间，工作人员只看得到合计，看不到哪一户怎么选。"),
    Sight.HOUSEHOLDS: msg("征询期间，工作人员看得到每一户怎么选。"),
}
_AUDIT = msg("截止以后随机抽 %(count)s 张纸质表，和原件核对；不到这个数的全部核对。")


def counting_of(round_: Round) -> Counting:
    """Every question with its rule, what holds for all of them, and who confirmed it when."""
    switches = round_.switches
    return Counting(
        questions=tuple(questions_of(round_)),
        of_consultations=tuple(map(say, consultation_words_of(switches))),
        of_all=tuple(map(say, common_words_of(switches))),
        sight=say(_SIGHTS[switches.staff_see_choices]),
        audit=say(_AUDIT, count=switches.audit_votes),
        submitted_by=_name_of(round_.submitted_by_id),
        submitted_at=round_.submitted_at,
        confirmed_by=_name_of(round_.confirmed_by_id),
        confirmed_at=round_.confirmed_at,
        digest=round_.profile_hash or "",
    )


def questions_of(round_: Round) -> list[Question]:
    """The questions of a round in their order."""
    names = place_names(round_)
    return [_question(matter, names) for matter in round_.matters]


def question_of(round_: Round, matter: Matter) -> Question:
    """One question of a round."""
    return _question(matter, place_names(round_))


def place_names(round_: Round) -> dict[tuple[Scope, int], str]:
    """Every building and entrance of the compound: (which of them, id) → `1号楼2单元`."""
    names: dict[tuple[Scope, int], str] = {}
    for building in round_.compound.buildings:
        names[Scope.BUILDINGS, building.id] = building.name
        for entrance in building.entrances:
            names[Scope.ENTRANCES, entrance.id] = f"{building.name}{entrance.name}"
    return names


def rule_sentences(preset: Preset) -> tuple[str, ...]:
    """A counting rule in the reader's language."""
    return tuple(say(sentence) for sentence in preset.words)


def _question(matter: Matter, names: Mapping[tuple[Scope, int], str]) -> Question:
    preset = PRESETS[matter.preset]
    found = [names.get((matter.scope, place), "") for place in matter.places]
    return Question(
        matter=matter,
        title=say(matter.title),
        words=say(matter.question),
        track=say(_TRACKS[matter.track]),
        rule=say(preset.title),
        source=preset.source,
        sentences=rule_sentences(preset),
        places=tuple(name for name in found if name),
    )


def _name_of(staff_id: int | None) -> str:
    person = db.session.get(Staff, staff_id) if staff_id else None
    return person.name if person else ""


_CASES = {
    Case.OWNED: msg("住宅"),
    Case.LET: msg("出租"),
    Case.VACANT: msg("空置"),
    Case.PUBLIC: msg("公房"),
    Case.UNDELIVERED: msg("未售或未交付"),
    Case.OCCUPIED_UNDELIVERED: msg("未办交付，已有人住"),
    Case.SHOP: msg("商铺"),
    Case.OTHER: msg("车库、储藏室等"),
}
# How each counts among households, where it does (RULES.md §2.2).
_AS_HOUSEHOLD = {
    Case.OWNED: msg("算一户"),
    Case.LET: msg("算一户，业主说了算；租户可以提意见，不计票"),
    Case.VACANT: msg("计入总户数；没有表态不算同意"),
    Case.PUBLIC: msg("住在里面的人家算一户"),
    Case.OCCUPIED_UNDELIVERED: msg("已经有人住，算一户"),
}
_NO_HOUSEHOLD = {
    Case.PUBLIC: msg("这一条是产权单位，不算户"),
    Case.OCCUPIED_UNDELIVERED: msg("这一条是开发商，不算户"),
    Case.UNDELIVERED: msg("不算户：没有人住，单独列出"),
    Case.SHOP: msg("不算户；可以提意见"),
    Case.OTHER: msg("不算户"),
}
_AS_PROPERTY = {
    Case.OWNED: msg("业主算一个人，面积计入"),
    Case.LET: msg("业主算一个人，面积计入；租户要有业主的书面委托"),
    Case.VACANT: msg("业主算一个人，面积计入；没有表态不算同意"),
    Case.PUBLIC: msg("业主是产权单位，用纸质表；住户不代投"),
    Case.UNDELIVERED: msg("业主是开发商，合起来算一个人，用纸质表"),
    Case.OCCUPIED_UNDELIVERED: msg("业主还是开发商，合起来算一个人，用纸质表"),
    Case.SHOP: msg("业主算一个人，面积计入，用纸质表"),
}
_NO_PROPERTY = msg("不计入人数和面积")
_APART = {
    Case.PUBLIC: msg("产权单位另列一条"),
    Case.OCCUPIED_UNDELIVERED: msg("开发商另列一条"),
}
_NOT_IN = msg("不算户")


def case_name(case: Case) -> str:
    """What kind of premises it is, in a word or two."""
    return say(_CASES[case])


def as_household(case: Case, *, counts: bool) -> str:
    """Why it is or is not one household of a consultation (RULES.md §2.2, T2)."""
    known = _AS_HOUSEHOLD if counts else _NO_HOUSEHOLD
    return say(known.get(case, _NOT_IN))


def as_property(case: Case, *, counts: bool) -> str:
    """Why it does or does not count in an owners' decision (RULES.md §2.2, T3)."""
    return say((_AS_PROPERTY if counts else _APART).get(case, _NO_PROPERTY))
