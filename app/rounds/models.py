"""One consultation: its times, frozen register, matters, and every vote ever cast in it.

State is derived from facts (RULES.md §3). `Vote.is_current` and `Counter` are caches of the
votes, changed in the same transaction; a recount proves them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core import clock
from app.core.db import BigInt, Model
from app.projects.models import PlanVersion
from app.roster.models import Building, Compound, Household
from app.rounds.counting import Choice, Track


class State(StrEnum):
    """Where a round stands in its life, in this order (RULES.md §3)."""

    DRAFT = "draft"
    REVIEW = "review"
    REGISTER = "register"
    FROZEN = "frozen"
    OPEN = "open"
    CLOSED = "closed"
    PRELIMINARY = "preliminary"
    CERTIFIED = "certified"
    ARCHIVED = "archived"

    @property
    def label(self) -> Any:
        return _STATE_LABELS[self.value]

    def standing(self, *, is_confirmed: bool) -> Any:
        """The label as it is shown: a review that was confirmed waits for nobody any more."""
        if self == State.REVIEW and is_confirmed:
            return _l("口径已确认，待公示登记册")
        return self.label


_STATE_LABELS = {
    "draft": _l("起草中"),
    "review": _l("待第二人确认"),
    "register": _l("登记册公示中"),
    "frozen": _l("登记册已锁定"),
    "open": _l("征询中"),
    "closed": _l("已截止"),
    "preliminary": _l("初步结果公示中"),
    "certified": _l("结果已确认"),
    "archived": _l("已归档"),
}


class Channel(StrEnum):
    """How a vote reached us."""

    PHONE = "phone"
    PAPER = "paper"
    VISIT = "visit"
    SMS = "sms"

    @property
    def label(self) -> Any:
        labels = {
            "phone": _l("手机"),
            "paper": _l("纸质表"),
            "visit": _l("上门"),
            "sms": _l("短信"),
        }
        return labels[self.value]


class Subject(StrEnum):
    """What a matter is about; the first two must be in every round on a plan (seed 000)."""

    PLAN = "plan"
    MANAGEMENT = "management"


class Round(Model):
    """One consultation of one compound (or part of it), counted against a frozen register."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("compound_id", "number"),
        CheckConstraint("opens_at < closes_at", name="opens_before_it_closes"),
        CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> submitted_by_id", name="two_persons"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    plan_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    phone: Mapped[str] = mapped_column(String(40))
    objection_days: Mapped[int] = mapped_column(default=7)
    # The counting rule set, and its hash once a second person confirmed it.
    profile: Mapped[dict[str, Any]]
    profile_hash: Mapped[str | None] = mapped_column(String(64))
    drafted_at: Mapped[datetime]
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    register_published_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    register_hash: Mapped[str | None] = mapped_column(String(64))
    posters_printed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    preliminary_at: Mapped[datetime | None]
    preliminary_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    certified_at: Mapped[datetime | None]
    certified_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    archived_at: Mapped[datetime | None]
    # Grows with everything a board shows; the ETag of live parts is made of it.
    revision: Mapped[int] = mapped_column(default=0)
    compound: Mapped[Compound] = relationship()
    plan_version: Mapped[PlanVersion | None] = relationship()
    matters: Mapped[list["Matter"]] = relationship(order_by="Matter.position")

    @property
    def state(self) -> State:
        """The furthest fact that holds; time itself closes a round at its minute."""
        for fact, state in (
            (self.archived_at, State.ARCHIVED),
            (self.certified_at, State.CERTIFIED),
            (self.preliminary_at, State.PRELIMINARY),
            (self.has_closed, State.CLOSED),
            (self.opened_at, State.OPEN),
            (self.frozen_at, State.FROZEN),
            (self.register_published_at, State.REGISTER),
            (self.submitted_at, State.REVIEW),
        ):
            if fact:
                return state
        return State.DRAFT

    @property
    def standing(self) -> Any:
        """Its state in words, to be shown."""
        return self.state.standing(is_confirmed=self.confirmed_at is not None)

    @property
    def shown_title(self) -> Any:
        """Its title; the one that is suggested for every round, in the reader's language."""
        if self.title == suggested_title(self.number):
            return _l("第%(number)s轮征询", number=self.number)
        return self.title

    @property
    def has_closed(self) -> bool:
        """Whether voting is over: at the published minute, whoever noticed it or not."""
        return self.opened_at is not None and clock.now() >= self.closes_at

    @property
    def is_open(self) -> bool:
        """Whether a vote counts now."""
        return self.opened_at is not None and clock.now() < self.closes_at

    @property
    def is_over(self) -> bool:
        """Whether its result is final, so that another round may begin."""
        return self.state in (State.CERTIFIED, State.ARCHIVED)


def suggested_title(number: int) -> str:
    """The title that a round gets unless the office thinks of a better one: data, so Chinese."""
    return f"第{number}轮征询"


class Matter(Model):
    """One question of a round with its own counting rule; `threshold` in percent."""

    __tablename__ = "matter"
    __table_args__ = (
        UniqueConstraint("round_id", "position"),
        CheckConstraint("threshold BETWEEN 1 AND 100", name="threshold_percent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    position: Mapped[int]
    subject: Mapped[Subject]
    title: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(Text)
    track: Mapped[Track] = mapped_column(default=Track.CONSULTATION)
    threshold: Mapped[int] = mapped_column(default=80)


class RegisterEntry(Model):
    """One household of the frozen register, as it was when frozen; the denominator (RULES §2).

    `votes` counts what this household has expressed so far; a form that saw fewer is stale.
    """

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("round_id", "household_id"),
        Index("ix_register_entry_round_id_building_id", "round_id", "building_id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"))
    position: Mapped[int]
    label: Mapped[str] = mapped_column(String(80))
    size: Mapped[int] = mapped_column(BigInt)
    commitment: Mapped[str] = mapped_column(String(64))
    votes: Mapped[int] = mapped_column(default=0)
    round: Mapped[Round] = relationship()
    building: Mapped[Building] = relationship()
    household: Mapped[Household] = relationship()


class Vote(Model):
    """One expression of a household's will, kept for ever with what was true when it was cast."""

    __tablename__ = "vote"
    __table_args__ = (
        # The same request never makes a second vote (FAULTS.md F06).
        UniqueConstraint("round_id", "request_id"),
        UniqueConstraint("entry_id", "number"),
        Index(
            "uq_vote_entry_id_current",
            "entry_id",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    number: Mapped[int]
    request_id: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInt)
    receipt: Mapped[str] = mapped_column(String(12), unique=True)
    channel: Mapped[Channel]
    plan_version_id: Mapped[int] = mapped_column(ForeignKey("plan_version.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("household_session.id"))
    keyed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    cast_at: Mapped[datetime]
    comment: Mapped[str] = mapped_column(Text, default="")
    is_current: Mapped[bool]
    entry: Mapped[RegisterEntry] = relationship()
    plan_version: Mapped[PlanVersion] = relationship()
    choices: Mapped[list["VoteChoice"]] = relationship()


class VoteChoice(Model):
    """What a vote says on one matter."""

    __tablename__ = "vote_choice"

    vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"), primary_key=True)
    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    choice: Mapped[Choice]
    matter: Mapped[Matter] = relationship()


class Counter(Model):
    """How many households of a building chose what on a matter now: a cache of current votes."""

    __tablename__ = "counter"
    __table_args__ = (CheckConstraint("households >= 0", name="households_not_negative"),)

    matter_id: Mapped[int] = mapped_column(ForeignKey("matter.id"), primary_key=True)
    building_id: Mapped[int] = mapped_column(ForeignKey("building.id"), primary_key=True)
    choice: Mapped[Choice] = mapped_column(primary_key=True)
    households: Mapped[int]
