"""The questions of a round while it is drafted, and the rule set that is locked with them."""

from dataclasses import dataclass
from typing import Any

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.rounds.counting import Track
from app.rounds.lifecycle import Verb
from app.rounds.models import Matter, MatterOption, Round, Scope, Subject
from app.rounds.profile import PRESETS, Switches, rule_as_kept
from app.rounds.steps import note, require

MAIN = (Subject.PLAN, Subject.MANAGEMENT)
MOST_MATTERS, MOST_OPTIONS = 12, 20


class BadMatter(Refused):
    """A question cannot be asked as it was written."""


@dataclass(frozen=True)
class MatterTerms:
    """One question as an office writes it; `places` are ids of buildings or entrances."""

    subject: Subject
    title: str
    question: str
    preset: str
    scope: Scope = Scope.COMPOUND
    places: tuple[int, ...] = ()
    options: tuple[str, ...] = ()


def main_matters(preset: str = "henan-80") -> list[Matter]:
    """The two questions of every round on a plan (RULES.md §2): each must pass on its own."""
    terms = (
        MatterTerms(Subject.PLAN, msg("改造方案"), msg("您家同意这份改造方案吗？"), preset),
        MatterTerms(
            Subject.MANAGEMENT,
            msg("物业管理方案"),
            msg("您家同意改造以后这样管理小区吗？"),
            preset,
        ),
    )
    return [_matter(term, position) for position, term in enumerate(terms, start=1)]


def add_matter(round_: Round, terms: MatterTerms, *, by: Identity) -> Matter:
    """Ask one question more; refuses `NotNow` after the draft and `BadMatter`."""
    round_ = require(round_, Verb.EDIT)
    _check(round_, terms)
    matter = _matter(terms, max(m.position for m in round_.matters) + 1)
    round_.matters.append(matter)
    db.session.flush()
    note(round_, Kind.ROUND_DRAFT, {"matter": matter.position, "preset": terms.preset}, by=by)
    return matter


def remove_matter(round_: Round, matter: Matter, *, by: Identity) -> None:
    """Take a question back; refuses `BadMatter` for the two that every round has."""
    round_ = require(round_, Verb.EDIT)
    if matter.subject in MAIN:
        raise BadMatter(msg("改造方案和物业管理方案这两项必须有，不能去掉。"))
    # Taken off the list first, it would be written without a round before it is deleted.
    db.session.delete(matter)
    db.session.flush()
    db.session.expire(round_, ["matters"])
    note(round_, Kind.ROUND_DRAFT, {"removed": matter.position}, by=by)


def choose_profile(round_: Round, preset: str, switches: Switches, *, by: Identity) -> None:
    """Set the rule of the two main questions and what holds for all of them."""
    round_ = require(round_, Verb.EDIT)
    if preset not in PRESETS or PRESETS[preset].track != Track.CONSULTATION:
        raise BadMatter(msg("请选一种居民征询的口径。"))
    for matter in round_.matters:
        if matter.subject in MAIN:
            matter.preset, matter.rule = preset, rule_as_kept(PRESETS[preset].rule)
    round_.profile = {"name": preset, **switches.as_kept()}
    note(round_, Kind.ROUND_DRAFT, {"preset": preset}, by=by)


def profile_document(round_: Round) -> dict[str, Any]:
    """Everything that decides how the round is counted: what its hash is made of."""
    return {
        "version": 2,
        **round_.profile,
        "matters": [
            {
                "position": matter.position,
                "subject": matter.subject.value,
                "title": matter.title,
                "question": matter.question,
                "track": matter.track.value,
                "preset": matter.preset,
                "rule": matter.rule,
                "scope": matter.scope.value,
                "places": sorted(matter.places),
                "options": [option.title for option in matter.options],
            }
            for matter in round_.matters
        ],
    }


def _matter(terms: MatterTerms, position: int) -> Matter:
    preset = PRESETS[terms.preset]
    return Matter(
        position=position,
        subject=terms.subject,
        title=terms.title,
        question=terms.question,
        track=preset.track,
        preset=preset.name,
        rule=rule_as_kept(preset.rule),
        scope=terms.scope,
        places=sorted(set(terms.places)),
        options=[
            MatterOption(position=place, title=title)
            for place, title in enumerate(terms.options, start=1)
        ],
    )


def _check(round_: Round, terms: MatterTerms) -> None:
    if terms.subject in MAIN:
        raise BadMatter(msg("改造方案和物业管理方案已经有了，每轮各一项。"))
    if len(round_.matters) >= MOST_MATTERS:
        raise BadMatter(msg("一轮最多问 %(most)s 项，太多了居民看不完。"), most=MOST_MATTERS)
    if terms.preset not in PRESETS:
        raise BadMatter(msg("请选一种计票口径。"))
    if any(matter.title == terms.title for matter in round_.matters):
        raise BadMatter(msg("已经有一项叫这个名字了。"))
    _check_places(round_, terms)
    _check_options(terms)


def _check_places(round_: Round, terms: MatterTerms) -> None:
    buildings = {building.id: building for building in round_.compound.buildings}
    entrances = {entrance.id for b in buildings.values() for entrance in b.entrances}
    known = buildings.keys() if terms.scope == Scope.BUILDINGS else entrances
    if terms.scope != Scope.COMPOUND and not (terms.places and set(terms.places) <= set(known)):
        raise BadMatter(msg("请选问哪几栋楼或哪几个单元。"))
    # Two entrances in one question would let the owners of one decide for the other's (R9).
    is_one_entrance = terms.scope == Scope.ENTRANCES and len(set(terms.places)) == 1
    if "elevator" in terms.preset and not is_one_entrance:
        raise BadMatter(msg("加装电梯只问那一个单元，请选单元。"))


def _check_options(terms: MatterTerms) -> None:
    is_menu = PRESETS[terms.preset].track == Track.PREFERENCE
    if is_menu and not 2 <= len(terms.options) <= MOST_OPTIONS:
        raise BadMatter(msg("菜单要有 2 到 %(most)s 个选项。"), most=MOST_OPTIONS)
    if len(set(terms.options)) < len(terms.options):
        raise BadMatter(msg("有两个选项一样。"))
    if not is_menu and terms.options:
        raise BadMatter(msg("只有菜单才有选项。"))
