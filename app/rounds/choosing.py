"""Keying what a household says: one field per matter it is asked, for whoever fills it in for it.

The household's own page has a form of its own (`forms`); the rules are the same (`casting`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Optional

from app.core.forms import Form, ManyField
from app.rounds.casting import matters_asked
from app.rounds.counting import Choice, Track
from app.rounds.models import Matter, RegisterEntry
from app.rounds.recording import Ballot

NAMES = {Choice.AGREE: _l("同意"), Choice.DISAGREE: _l("不同意"), Choice.ABSTAIN: _l("弃权")}
# Owners' questions may be left open: that is no participation (RULES.md §2).
ANSWERED = {Track.CONSULTATION: InputRequired(_l("这一项还没有选。"))}

Kind = TypeVar("Kind", bound="ChoicesForm")


class ChoicesForm(Form):
    """What a household says on each matter, keyed by the office; made by `choices_form`."""

    matters: tuple[Matter, ...] = ()
    menus: tuple[Matter, ...] = ()

    def answers(self) -> list[tuple[Matter, Any]]:
        """Each decision with its field."""
        return [(matter, self[f"matter-{matter.id}"]) for matter in self.matters]

    def choices(self) -> dict[int, Choice]:
        """Matter id → choice, of the matters that were answered."""
        return {m.id: Choice(field.data) for m, field in self.answers() if field.data}

    def wishes(self) -> frozenset[int]:
        """The option ids that were ticked on the menus."""
        ticked = (self[f"matter-{menu.id}"].data or () for menu in self.menus)
        return frozenset(int(option) for options in ticked for option in options)

    def ballot(self, request_id: str, *, seen: int, plan_number: int) -> Ballot:
        """Everything that was keyed, as `casting` takes it."""
        return Ballot(self.choices(), request_id, seen, plan_number, wishes=self.wishes())


def choices_form(kind: type[Kind], entry: RegisterEntry, **values: Any) -> Kind:
    """A form of this kind with everything that the entry is asked: decisions and menus."""
    asked = matters_asked(entry.round, entry)
    menus = tuple(matter for matter in asked if not matter.is_decision)
    fields = {f"matter-{menu.id}": _menu(menu) for menu in menus}
    return with_choices(kind, decisions_of(entry), ANSWERED, menus=menus, more=fields, **values)


def with_choices(
    kind: type[Kind],
    matters: Iterable[Matter],
    needed: Mapping[Track, InputRequired],
    *,
    menus: tuple[Matter, ...] = (),
    more: Mapping[str, Any] | None = None,
    **values: Any,
) -> Kind:
    """A form of this kind with one question per decision; `needed` says which want an answer."""
    asked = tuple(matters)
    names = [SelectChoice(choice.value, name) for choice, name in NAMES.items()]
    fields = {
        f"matter-{m.id}": RadioField(m.title, [needed.get(m.track, Optional())], choices=names)
        for m in asked
    }
    fields |= {**(more or {}), "matters": asked, "menus": menus}
    return type(f"{kind.__name__}OfEntry", (kind,), fields)(**values)


def decisions_of(entry: RegisterEntry) -> tuple[Matter, ...]:
    """The matters that this entry is asked and that are decided by a rule."""
    asked = matters_asked(entry.round, entry)
    return tuple(matter for matter in asked if matter.is_decision)


def _menu(menu: Matter) -> ManyField:
    options = [SelectChoice(str(option.id), option.title) for option in menu.options]
    return ManyField(menu.title, choices=options)
