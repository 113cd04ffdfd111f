"""What is planned: one project per compound, and its plan in immutable published versions.

A version holds the renovation plan (four sections) and the management plan (four fields)
together, because they are published together; each has a hash of its own to vote on.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import BigInt, Model
from app.projects import excerpts
from app.roster.models import Compound


class Category(StrEnum):
    """The three categories of work items (seed 002 §3)."""

    BASIC = "basic"
    IMPROVED = "improved"
    ENHANCED = "enhanced"

    @property
    def label(self) -> Any:
        labels = {"basic": _l("基础类"), "improved": _l("完善类"), "enhanced": _l("提升类")}
        return labels[self.value]

    @property
    def hint(self) -> Any:
        """What the category is for, in plain words."""
        hints = {
            "basic": _l("先保安全和基本生活"),
            "improved": _l("让生活更方便"),
            "enhanced": _l("让社区服务更好"),
        }
        return hints[self.value]


class Payer(StrEnum):
    """Who gives the money, as simply as it can be said."""

    GOVERNMENT = "government"
    UNITS = "units"
    RESIDENTS = "residents"

    @property
    def label(self) -> Any:
        labels = {
            "government": _l("政府出"),
            "units": _l("单位和企业出"),
            "residents": _l("居民出"),
        }
        return labels[self.value]


class Source(StrEnum):
    """Where the money comes from (seed 002 §4)."""

    CENTRAL = "central"
    REGION = "region"
    DISTRICT = "district"
    PIPELINE_UNITS = "pipeline_units"
    OWNER_UNIT = "owner_unit"
    SOCIAL = "social"
    RESIDENTS = "residents"

    @property
    def label(self) -> Any:
        return _SOURCE_LABELS[self.value]

    @property
    def payer(self) -> Payer:
        """Who that is: the government, units and firms, or the residents themselves."""
        if self is Source.RESIDENTS:
            return Payer.RESIDENTS
        public = (Source.CENTRAL, Source.REGION, Source.DISTRICT)
        return Payer.GOVERNMENT if self in public else Payer.UNITS


_SOURCE_LABELS = {
    "central": _l("中央补助"),
    "region": _l("自治区（省）补助"),
    "district": _l("区县财政"),
    "pipeline_units": _l("管线单位"),
    "owner_unit": _l("原产权单位"),
    "social": _l("社会投资"),
    "residents": _l("居民出资"),
}


class Mode(StrEnum):
    """How the compound will be managed afterwards (seed 004)."""

    MARKET = "market"
    ASSURED = "assured"
    SELF = "self"

    @property
    def label(self) -> Any:
        labels = {
            "market": _l("市场化物业服务"),
            "assured": _l("社区保障性物业管理"),
            "self": _l("业主自治管理"),
        }
        return labels[self.value]


class Section(StrEnum):
    """The parts of a plan version that texts, pictures and comments belong to."""

    WORK = "work"
    MONEY = "money"
    DESIGN = "design"
    CONSTRUCTION = "construction"
    MANAGEMENT = "management"

    @property
    def label(self) -> Any:
        return _SECTION_LABELS[self.value]


_SECTION_LABELS = {
    "work": _l("改造内容"),
    "money": _l("改造资金"),
    "design": _l("规划设计"),
    "construction": _l("施工组织"),
    "management": _l("物业管理方案"),
}


class Project(Model):
    """The renovation of one compound, with the fields of RULES.md §8 rows 2 and 4."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    construction_unit: Mapped[str] = mapped_column(String(120), default="")
    supervising_unit: Mapped[str] = mapped_column(String(120), default="")
    responsible_person: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    designer: Mapped[str] = mapped_column(String(120), default="")
    builder: Mapped[str] = mapped_column(String(120), default="")
    # 资金概算, in fen.
    budget: Mapped[int] = mapped_column(BigInt, default=0)
    safeguards: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date | None]
    finishes_on: Mapped[date | None]
    compound: Mapped[Compound] = relationship()
    versions: Mapped[list["PlanVersion"]] = relationship(
        back_populates="project", order_by="PlanVersion.number"
    )


class PlanVersion(Model):
    """One version of the plan: a draft until published, unchangeable from then on.

    Money is in fen: `share_per_household` once per household, `share_per_area` per m²,
    `fee_per_area` per m² and month. Texts are Markdown.
    """

    __tablename__ = "plan_version"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        CheckConstraint(
            "published_by_id IS NULL OR published_by_id <> submitted_by_id", name="two_persons"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    number: Mapped[int]
    summary: Mapped[str] = mapped_column(Text, default="")
    # What is different in some buildings, a line for each (`by_building`).
    by_building: Mapped[str] = mapped_column(Text, default="")
    share_per_household: Mapped[int] = mapped_column(BigInt, default=0)
    share_per_area: Mapped[int] = mapped_column(BigInt, default=0)
    share_note: Mapped[str] = mapped_column(Text, default="")
    design: Mapped[str] = mapped_column(Text, default="")
    construction: Mapped[str] = mapped_column(Text, default="")
    # When it is loud, and when water, power, gas or heat are off.
    disruption: Mapped[str] = mapped_column(Text, default="")
    starts_on: Mapped[date | None]
    finishes_on: Mapped[date | None]
    mode: Mapped[Mode | None]
    services: Mapped[str] = mapped_column(Text, default="")
    fee_per_area: Mapped[int | None] = mapped_column(BigInt)
    fee_note: Mapped[str] = mapped_column(Text, default="")
    subsidy: Mapped[str] = mapped_column(Text, default="")
    # What changed against the version before, in the office's words.
    change_note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # Why the second person sent the draft back, until it is submitted again.
    return_note: Mapped[str] = mapped_column(Text, default="")
    plan_hash: Mapped[str | None] = mapped_column(String(64))
    management_hash: Mapped[str | None] = mapped_column(String(64))
    # The project's facts as they were when this was published; None until then.
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    project: Mapped[Project] = relationship(back_populates="versions")
    items: Mapped[list["WorkItem"]] = relationship(
        order_by="WorkItem.position", cascade="all, delete-orphan"
    )
    sources: Mapped[list["FundingSource"]] = relationship(
        order_by="FundingSource.id", cascade="all, delete-orphan"
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        order_by="Attachment.position", cascade="all, delete-orphan"
    )

    @property
    def is_published(self) -> bool:
        """Whether residents can see it; from then on it never changes."""
        return self.published_at is not None

    @property
    def is_waiting(self) -> bool:
        """Whether a second person is asked to publish it."""
        return self.submitted_at is not None and not self.is_published

    @property
    def is_draft(self) -> bool:
        """Whether it may still be edited."""
        return self.submitted_at is None

    @property
    def cost(self) -> int:
        """Sum of the work items, in fen."""
        return sum(item.cost for item in self.items)

    @property
    def funds(self) -> int:
        """Sum of the funding sources, in fen."""
        return sum(source.amount for source in self.sources)

    @property
    def lead(self) -> str:
        """The first sentences of the summary, for a screen with little room."""
        return excerpts.opening(self.summary)

    @property
    def is_whole_in_lead(self) -> bool:
        """Whether the summary says no more than its first sentences."""
        return self.lead == excerpts.plain(self.summary)

    @property
    def first_years(self) -> str:
        """What is different about the fee at first, as the office wrote it; '' when nothing."""
        return excerpts.at_first(self.fee_note, self.subsidy) if self.fee_per_area else ""

    @property
    def paying_apart(self) -> str:
        """The plan's own sentence that paying is agreed to separately; '' when it has none."""
        return excerpts.paying_apart(self.share_note)

    @property
    def is_share_by_note(self) -> bool:
        """Whether residents pay something that no rule of the plan reckons, only its words."""
        has_rule = self.share_per_household > 0 or self.share_per_area > 0
        return not has_rule and any(part.source is Source.RESIDENTS for part in self.sources)

    def share_of(self, size: int) -> int:
        """What one household with `size` (0.01 m²) would pay once, in fen, halves rounded up."""
        return self.share_per_household + (self.share_per_area * size + 50) // 100

    def fee_of(self, size: int) -> int:
        """The monthly fee of one household with `size` (0.01 m²), in fen, halves rounded up."""
        return ((self.fee_per_area or 0) * size + 50) // 100


class WorkItem(Model):
    """One thing to be built or repaired; `quantity` in hundredths of `unit`, `cost` in fen."""

    __tablename__ = "work_item"
    __table_args__ = (
        CheckConstraint("cost >= 0", name="cost_not_negative"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"), index=True)
    position: Mapped[int]
    category: Mapped[Category]
    name: Mapped[str] = mapped_column(String(120))
    quantity: Mapped[int] = mapped_column(BigInt)
    unit: Mapped[str] = mapped_column(String(20))
    cost: Mapped[int] = mapped_column(BigInt)
    is_safety: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(400), default="")


class FundingSource(Model):
    """How much, in fen, comes from where."""

    __tablename__ = "funding_source"
    __table_args__ = (
        UniqueConstraint("plan_version_id", "source"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"))
    source: Mapped[Source]
    amount: Mapped[int] = mapped_column(BigInt)
    note: Mapped[str] = mapped_column(String(400), default="")


class Attachment(Model):
    """A picture or PDF of a plan version; the bytes lie in the file store under `digest`."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"), index=True)
    position: Mapped[int]
    section: Mapped[Section]
    caption: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64), index=True)
    width: Mapped[int | None]
    height: Mapped[int | None]

    @property
    def is_image(self) -> bool:
        """Whether it is shown in the page (a PDF is offered as a link)."""
        return self.media_type.startswith("image/")
