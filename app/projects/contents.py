"""What one plan version says, as plain values: the input of verbs, hashes and comparisons.

It knows neither the database nor a language. Money is in fen, quantities in hundredths of their
unit; categories, sources, modes and sections are the values of the enums in `models`.
"""

from dataclasses import dataclass, field
from datetime import date


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
    """How and when it is built; `text` is Markdown."""

    text: str = ""
    starts_on: date | None = None
    finishes_on: date | None = None


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

    summary: str = ""
    items: tuple[Item, ...] = ()
    money: Money = field(default_factory=Money)
    design: str = ""
    construction: Construction = field(default_factory=Construction)
    management: Management = field(default_factory=Management)
    papers: tuple[Paper, ...] = ()

    @property
    def cost(self) -> int:
        """Sum of the work items, in fen."""
        return sum(item.cost for item in self.items)

    @property
    def funds(self) -> int:
        """Sum of the funding sources, in fen."""
        return sum(fund.amount for fund in self.money.funds)
