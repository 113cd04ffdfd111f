"""What differs between two versions of a plan, told so that a resident can read it."""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.core.errors import msg
from app.projects.contents import Contents, Fund, Item, Paper


@dataclass(frozen=True)
class ItemChange:
    """A work item that came (`old` is None), went (`new` is None) or changed."""

    old: Item | None
    new: Item | None

    @property
    def name(self) -> str:
        """The item's name; it is what both versions are matched by."""
        item = self.new or self.old
        return item.name if item else ""


@dataclass(frozen=True)
class FundChange:
    """A funding source with its amounts in fen before and after; 0 where it is not named."""

    source: str
    old: int
    new: int
    old_note: str
    new_note: str


@dataclass(frozen=True)
class FieldChange:
    """A single value that changed; `kind` (words, money, fee, day, mode) tells how to show it."""

    label: str
    kind: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Line:
    """One line of a changed text: `+` came, `-` went, a space stayed."""

    sign: str
    text: str


@dataclass(frozen=True)
class TextChange:
    """A changed text, line by line."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Differences:
    """Everything that differs, by kind; the order is the order of the page."""

    items: tuple[ItemChange, ...]
    funds: tuple[FundChange, ...]
    fields: tuple[FieldChange, ...]
    texts: tuple[TextChange, ...]
    papers_added: tuple[Paper, ...]
    papers_removed: tuple[Paper, ...]

    @property
    def burdens(self) -> tuple[FieldChange, ...]:
        """What changed of a household's own money, and of who manages the compound."""
        return tuple(change for change in self.fields if change.label in _BURDENS)

    @property
    def is_empty(self) -> bool:
        """Whether a reader would find nothing changed."""
        return not (
            self.items
            or self.funds
            or self.fields
            or self.texts
            or self.papers_added
            or self.papers_removed
        )


def differences(old: Contents, new: Contents) -> Differences:
    """What changed from `old` to `new`; items are matched by name, in their order of appearance."""
    return Differences(
        items=tuple(_item_changes(old.items, new.items)),
        funds=tuple(_fund_changes(old.money.funds, new.money.funds)),
        fields=tuple(_field_changes(old, new)),
        texts=tuple(_text_changes(old, new)),
        papers_added=_only_in(new.papers, old.papers),
        papers_removed=_only_in(old.papers, new.papers),
    )


def _item_changes(old: tuple[Item, ...], new: tuple[Item, ...]) -> Iterator[ItemChange]:
    before, after = _by_name(old), _by_name(new)
    for key, item in after.items():
        if before.get(key) != item:
            yield ItemChange(before.get(key), item)
    for key, item in before.items():
        if key not in after:
            yield ItemChange(item, None)


def _by_name(items: tuple[Item, ...]) -> dict[tuple[str, int], Item]:
    """Items by name; the second of the same name is told apart by its place."""
    found: dict[tuple[str, int], Item] = {}
    for item in items:
        place = sum(1 for name, _ in found if name == item.name)
        found[item.name, place] = item
    return found


def _fund_changes(old: tuple[Fund, ...], new: tuple[Fund, ...]) -> Iterator[FundChange]:
    before = {fund.source: fund for fund in old}
    after = {fund.source: fund for fund in new}
    for source in dict.fromkeys([*after, *before]):
        was = before.get(source, Fund(source, 0))
        now = after.get(source, Fund(source, 0))
        if was != now:
            yield FundChange(source, was.amount, now.amount, was.note, now.note)


_BURDENS = (
    msg("每户出资"),
    msg("每平方米出资"),
    msg("物业管理方式"),
    msg("物业费（每平方米每月）"),
)
_FIELDS: tuple[tuple[str, str, Callable[[Contents], int | date | str | None]], ...] = (
    (msg("每户出资"), "money", lambda c: c.money.share_per_household),
    (msg("每平方米出资"), "money", lambda c: c.money.share_per_area),
    (msg("开工"), "day", lambda c: c.construction.starts_on),
    (msg("完工"), "day", lambda c: c.construction.finishes_on),
    (msg("物业管理方式"), "mode", lambda c: c.management.mode),
    (msg("物业费（每平方米每月）"), "fee", lambda c: c.management.fee_per_area),
    (msg("项目名称"), "words", lambda c: c.facts.name),
    (msg("建设单位"), "words", lambda c: c.facts.construction_unit),
    (msg("监管责任单位"), "words", lambda c: c.facts.supervising_unit),
    (msg("责任人"), "words", lambda c: c.facts.responsible_person),
    (msg("项目电话"), "words", lambda c: c.facts.phone),
    (msg("设计单位"), "words", lambda c: c.facts.designer),
    (msg("施工单位"), "words", lambda c: c.facts.builder),
    (msg("资金概算"), "money", lambda c: c.facts.budget),
    (msg("计划开工"), "day", lambda c: c.facts.starts_on),
    (msg("计划完工"), "day", lambda c: c.facts.finishes_on),
)


def _field_changes(old: Contents, new: Contents) -> Iterator[FieldChange]:
    for label, kind, value in _FIELDS:
        if value(old) != value(new):
            yield FieldChange(label, kind, value(old), value(new))


_TEXTS: tuple[tuple[str, Callable[[Contents], str]], ...] = (
    (msg("简介"), lambda c: c.summary),
    (msg("各楼不一样的地方"), lambda c: c.by_building),
    (msg("出资说明"), lambda c: c.money.share_note),
    (msg("规划设计"), lambda c: c.design),
    (msg("施工组织"), lambda c: c.construction.text),
    (msg("施工影响"), lambda c: c.construction.disruption),
    (msg("物业服务内容"), lambda c: c.management.services),
    (msg("收费说明"), lambda c: c.management.fee_note),
    (msg("补贴措施"), lambda c: c.management.subsidy),
    (msg("保障措施"), lambda c: c.facts.safeguards),
)


def _text_changes(old: Contents, new: Contents) -> Iterator[TextChange]:
    for label, text in _TEXTS:
        if text(old) != text(new):
            yield TextChange(label, tuple(_lines(text(old), text(new))))


def _lines(old: str, new: str) -> Iterator[Line]:
    """The changed lines with one unchanged line around them; blank lines say nothing."""
    before = [line for line in old.splitlines() if line.strip()]
    after = [line for line in new.splitlines() if line.strip()]
    for number, line in enumerate(difflib.unified_diff(before, after, n=1, lineterm="")):
        if number >= 2 and not line.startswith("@@"):
            yield Line(line[0], line[1:])


def _only_in(these: tuple[Paper, ...], others: tuple[Paper, ...]) -> tuple[Paper, ...]:
    return tuple(paper for paper in these if paper not in others)
