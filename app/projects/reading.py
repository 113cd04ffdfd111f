"""One plan version as its page tells it: who pays how much as a picture, and what goes together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.projects import queries
from app.projects.by_building import lines_of, words_for
from app.projects.comparison import Differences
from app.projects.contents import Facts, tenths_of
from app.projects.models import Attachment, Category, Payer, PlanVersion, Source, WorkItem

# How a caption says that two pictures show the same place before and afterwards.
_BEFORE, _AFTER = ("改造前", "现状"), ("改造后", "效果图")


@dataclass(frozen=True)
class Group:
    """The work items of one category and what they cost together, in fen."""

    category: Category
    items: list[WorkItem]
    cost: int


@dataclass(frozen=True)
class Slice:
    """One part of a bar of money: amount in fen, place and width in thousandths.

    `tenths` is its share as it is written beside the bar, in tenths of a percent.
    """

    whose: Source | Payer
    amount: int
    note: str
    start: int
    width: int
    tenths: int

    @property
    def label(self) -> Any:
        """Where it comes from, in words."""
        return self.whose.label

    @property
    def percent(self) -> str:
        """The share with its one decimal: `14.3`."""
        return f"{self.tenths // 10}.{self.tenths % 10}"


@dataclass(frozen=True)
class Reading:
    """Everything the plan page shows of one version.

    `facts` are those the version was published with, whatever the project says by now; `payers`
    is the bar of the sources in three; `size` is the reader's own home in 0.01 m², None for a
    stranger; `of_building` is what the plan says of the building whose poster was scanned;
    `others` are the published versions, newest first; `changes` is what this one changed against
    the one before it.
    """

    version: PlanVersion
    facts: Facts
    groups: list[Group]
    bar: list[Slice]
    payers: list[Slice]
    changes: Differences | None
    others: Sequence[PlanVersion]
    size: int | None
    of_building: str

    @property
    def by_building(self) -> list[tuple[str, str]]:
        """What is different in some buildings: their names, and the words."""
        return lines_of(self.version.by_building)

    @property
    def asks_residents(self) -> bool:
        """Whether households pay anything once."""
        return self.version.share_per_household > 0 or self.version.share_per_area > 0

    @property
    def is_by_note(self) -> bool:
        """Whether some households pay, and only the words of the plan say which."""
        return self.version.is_share_by_note

    @property
    def months(self) -> int:
        """How long it is built, in months to the nearest one; 0 while that is unknown."""
        start, finish = self.version.starts_on, self.version.finishes_on
        return max(1, ((finish - start).days * 12 + 182) // 365) if start and finish else 0

    @property
    def is_current(self) -> bool:
        """Whether this is the version that counts now (a draft counts as the one to come)."""
        newest = self.others[0].number if self.others else 0
        return self.version.number >= newest

    @property
    def thumbnail(self) -> Attachment | None:
        """The first photograph, for a link that is passed on; drawings are not shown there."""
        photos = ("image/jpeg", "image/png")
        return next((p for p in self.version.attachments if p.media_type in photos), None)

    def pictures(self, *sections: str) -> list[tuple[Attachment, ...]]:
        """The pictures of some sections: in twos where they show before and after, else alone."""
        return list(_in_twos(p for p in self.version.attachments if p.section in sections))


def reading_of(version: PlanVersion, size: int | None = None, building: str = "") -> Reading:
    """The plan page of `version`, for a reader whose home has `size`, in the building so called."""
    return Reading(
        version=version,
        facts=queries.facts_of_version(version),
        groups=items_by_category(version),
        bar=sources_bar(version),
        payers=payers_bar(version),
        changes=queries.differences_of(version) if version.number > 1 else None,
        others=queries.published_versions(version.project_id),
        size=size,
        of_building=words_for(version.by_building, building),
    )


def items_by_category(version: PlanVersion) -> list[Group]:
    """The work items under the three categories of seed 002, empty categories left out."""
    groups = []
    for category in Category:
        items = [item for item in version.items if item.category == category]
        if items:
            groups.append(Group(category, items, sum(item.cost for item in items)))
    return groups


def sources_bar(version: PlanVersion) -> list[Slice]:
    """The sources side by side as parts of the whole."""
    return _bar([(source.source, source.amount, source.note) for source in version.sources])


def payers_bar(version: PlanVersion) -> list[Slice]:
    """The same money by who gives it: government, units and firms, residents."""
    sums = dict.fromkeys(Payer, 0)
    for source in version.sources:
        sums[source.source.payer] += source.amount
    return _bar([(payer, amount, "") for payer, amount in sums.items() if amount])


def _bar(parts: Sequence[tuple[Source | Payer, int, str]]) -> list[Slice]:
    """Parts of a whole in their order; the last one ends where the bar ends."""
    slices, before = [], 0
    whole = max(sum(amount for _, amount, _ in parts), 1)
    shares = tenths_of([amount for _, amount, _ in parts])
    for (whose, amount, note), tenths in zip(parts, shares, strict=True):
        start = before * 1000 // whole
        before += amount
        end = before * 1000 // whole
        slices.append(Slice(whose, amount, note, start, end - start, tenths))
    return slices


def _in_twos(papers: Iterable[Attachment]) -> Iterator[tuple[Attachment, ...]]:
    waiting: Attachment | None = None
    for paper in papers:
        if not paper.is_image:
            continue
        if waiting is not None and _says(paper, _AFTER):
            yield waiting, paper
            waiting = None
            continue
        if waiting is not None:
            yield (waiting,)
        waiting = paper if _says(paper, _BEFORE) else None
        if waiting is None:
            yield (paper,)
    if waiting is not None:
        yield (waiting,)


def _says(paper: Attachment, words: tuple[str, ...]) -> bool:
    return any(word in paper.caption for word in words)
