"""What one plan version says, as plain values: the input of verbs, hashes and comparisons.

It knows neither the database nor a language. Money is in fen, quantities in hundredths of their
unit; categories, sources, modes and sections are the values of the enums in `models`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Facts:
    """The facts of a project (RULES.md §8 rows 2 and 4); `budget` in fen."""

    name: str
    construction_unit: str = ""
    supervising_unit: str = ""
    responsible_person: str = ""
    phone: str = ""
    designer: str = ""
    builder: str = ""
    budget: int = 0
    safeguards: str = ""
    starts_on: date | None = None
    finishes_on: date | None = None

    def as_kept(self) -> dict[str, Any]:
        """As a published version keeps them: JSON values, days as YYYY-MM-DD."""
        kept = asdict(self)
        return {**kept, **{name: kept[name].isoformat() for name in _DAYS if kept[name]}}

    @classmethod
    def from_kept(cls, kept: dict[str, Any]) -> "Facts":
        """The facts that `as_kept` made."""
        days = {name: date.fromisoformat(kept[name]) for name in _DAYS if kept[name]}
        return cls(**{**kept, **days})


_DAYS = ("starts_on", "finishes_on")


@dataclass(frozen=True)
class Item:
    """One thing to be built or repaired."""

    category: str
    name: str
    quantity: int
    unit: str
    cost: int
    is_safety: bool = False
    note: str = ""


@dataclass(frozen=True)
class Fund:
    """How much comes from where."""

    source: str
    amount: int
    note: str = ""


@dataclass(frozen=True)
class Money:
    """Where the money comes from and what one household pays, once or per m²."""

    funds: tuple[Fund, ...] = ()
    share_per_household: int = 0
    share_per_area: int = 0
    share_note: str = ""


@dataclass(frozen=True)
class Construction:
    """How and when it is built, and what is loud or cut off meanwhile; texts are Markdown."""

    text: str = ""
    starts_on: date | None = None
    finishes_on: date | None = None
    disruption: str = ""


@dataclass(frozen=True)
class Management:
    """The four fields of the management plan (RULES.md §7 D6); `fee_per_area` per m² and month."""

    mode: str | None = None
    services: str = ""
    fee_per_area: int | None = None
    fee_note: str = ""
    subsidy: str = ""


@dataclass(frozen=True)
class Paper:
    """A picture or PDF, named by the SHA-256 of its bytes."""

    section: str
    caption: str
    media_type: str
    digest: str

    @property
    def is_image(self) -> bool:
        """Whether it is shown in the page."""
        return self.media_type.startswith("image/")


@dataclass(frozen=True)
class Contents:
    """Everything a version tells residents; two versions with equal contents are the same plan."""

    facts: Facts = field(default_factory=lambda: Facts(""))
    summary: str = ""
    items: tuple[Item, ...] = ()
    money: Money = field(default_factory=Money)
    design: str = ""
    construction: Construction = field(default_factory=Construction)
    management: Management = field(default_factory=Management)
    papers: tuple[Paper, ...] = ()
    by_building: str = ""

    @property
    def cost(self) -> int:
        """Sum of the work items, in fen."""
        return sum(item.cost for item in self.items)

    @property
    def funds(self) -> int:
        """Sum of the funding sources, in fen."""
        return sum(fund.amount for fund in self.money.funds)


def tenths_of(amounts: Sequence[int]) -> list[int]:
    """Each amount's share of the whole in tenths of a percent; together they are 1000.

    The largest remainders are rounded up, so that the shares of money add up to 100.0 % before
    the reader's eyes. Money only: shares of votes are always cut, never rounded (RULES.md §2).
    """
    whole = sum(amounts)
    if whole <= 0:
        return [0 for _ in amounts]
    shares = [amount * 1000 // whole for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda at: -(amounts[at] * 1000 % whole))
    for at in by_remainder[: 1000 - sum(shares)]:
        shares[at] += 1
    return shares
