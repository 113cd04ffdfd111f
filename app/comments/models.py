"""What households say about the plan, who else thinks so, and what the office does about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.accounts.models import Staff
from app.core.db import BigInt, Model
from app.core.guards import Role
from app.core.tokens import commitment, random_bytes
from app.projects.models import PlanVersion, Section
from app.roster.models import Area, Compound, Household


class Nature(StrEnum):
    """Whether a household wants an answer or wants to be heard."""

    QUESTION = "question"
    OPINION = "opinion"

    @property
    def label(self) -> Any:
        return {"question": _l("问题"), "opinion": _l("意见")}[self.value]


class Status(StrEnum):
    """How far the office has come with a comment (RULES.md §8 row 17)."""

    OPEN = "open"
    ANSWERED = "answered"
    TAKEN_UP = "taken-up"

    @property
    def label(self) -> Any:
        labels = {"open": _l("等答复"), "answered": _l("已答复"), "taken-up": _l("已写进方案")}
        return labels[self.value]


class Hold(StrEnum):
    """Why the office reads a comment before everybody does."""

    PRIVATE = "private"
    SCREENING = "screening"

    @property
    def label(self) -> Any:
        labels = {
            "private": _l("里面像有电话、微信号、证件号或银行卡号"),
            "screening": _l("这个小区先看再公布"),
        }
        return labels[self.value]


class Wrong(StrEnum):
    """What a household finds wrong with a comment."""

    ABUSE = "abuse"
    PRIVACY = "privacy"
    ADVERTISING = "advertising"
    RUMOUR = "rumour"
    OTHER = "other"

    @property
    def label(self) -> Any:
        return _WRONG_LABELS[self.value]


_WRONG_LABELS = {
    "abuse": _l("骂人"),
    "privacy": _l("泄露隐私"),
    "advertising": _l("广告"),
    "rumour": _l("谣言"),
    "other": _l("其他"),
}


class Agreement(Model):
    """That a household thinks so too: once each, only ever shown as a number."""

    __tablename__ = "agreement"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), primary_key=True)
    agreed_at: Mapped[datetime]


class Report(Model):
    """That a household asks the office to look at a comment; open until somebody has."""

    __tablename__ = "comment_report"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), primary_key=True)
    wrong: Mapped[Wrong]
    note: Mapped[str] = mapped_column(String(200), default="")
    reported_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Comment(Model):
    """One question or opinion of a household on a section of the plan; plain text.

    A removed comment stays as a visible stub with the reason, one that its household took back as
    a stub without its words (THREATS.md T26). A held one nobody but its household and the office
    reads until it is released.
    """

    __tablename__ = "comment"
    __table_args__ = (
        Index("ix_comment_compound_id_written_at", "compound_id", "written_at"),
        CheckConstraint("released_at IS NULL OR hold IS NOT NULL", name="released"),
        CheckConstraint(
            "(taken_up_at IS NULL) = (taken_up_in_id IS NULL)", name="taken_up_somewhere"
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    section: Mapped[Section]
    nature: Mapped[Nature]
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    hold: Mapped[Hold | None]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # When the office took private numbers out of the text.
    masked_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    removal_reason: Mapped[str] = mapped_column(String(200), default="")
    taken_up_at: Mapped[datetime | None]
    taken_up_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_up_in_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    # Who of the office, the designers or the builders is to answer.
    assigned_to_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    assigned_at: Mapped[datetime | None]
    # When a designer or builder last said that the plan should take it up.
    proposed_at: Mapped[datetime | None]
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    agreed: Mapped[int] = column_property(
        select(func.count())
        .where(Agreement.comment_id == id)
        .correlate_except(Agreement)
        .scalar_subquery()
    )
    compound: Mapped[Compound] = relationship()
    household: Mapped[Household] = relationship()
    taken_up_in: Mapped[PlanVersion | None] = relationship()
    assigned_to: Mapped[Staff | None] = relationship(foreign_keys=[assigned_to_id])
    proposed_by: Mapped[Staff | None] = relationship(foreign_keys=[proposed_by_id])
    replies: Mapped[list["Reply"]] = relationship(order_by="Reply.written_at")
    earlier: Mapped[list["EarlierText"]] = relationship(order_by="EarlierText.id")
    reports: Mapped[list[Report]] = relationship(order_by=Report.reported_at)

    @property
    def is_removed(self) -> bool:
        """Whether staff took it out of sight."""
        return self.removed_at is not None

    @property
    def is_withdrawn(self) -> bool:
        """Whether its household took it back."""
        return self.withdrawn_at is not None

    @property
    def is_gone(self) -> bool:
        """Whether its words are to be seen no more, whoever took them away."""
        return self.is_removed or self.is_withdrawn

    @property
    def is_held(self) -> bool:
        """Whether it waits for the office before others may read it."""
        return self.hold is not None and self.released_at is None and not self.is_gone

    @property
    def is_in_sight(self) -> bool:
        """Whether everybody reads its words."""
        return not self.is_held and not self.is_gone

    @property
    def status(self) -> Status | None:
        """How far the office has come; nothing once the words are gone."""
        if self.is_gone:
            return None
        if self.taken_up_in_id is not None:
            return Status.TAKEN_UP
        return Status.ANSWERED if self.replies else Status.OPEN

    @property
    def open_reports(self) -> list[Report]:
        """What households reported and nobody has looked into yet."""
        return [] if self.is_gone else [one for one in self.reports if one.settled_at is None]


class EarlierText(Model):
    """What a comment said before it was changed; the journal holds a commitment of it."""

    __tablename__ = "earlier_text"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    body: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    replaced_at: Mapped[datetime]
    # None when the household itself changed it.
    replaced_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

    @property
    def commitment(self) -> str:
        """Proves later what was said, without saying it in the journal."""
        return commitment("text", self.salt, self.body)


class Reply(Model):
    """An answer to a comment, in the name of the body that gives it.

    `role` is what the person was who wrote it, then.
    """

    __tablename__ = "reply"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role: Mapped[Role]
    signed_as: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    # The version of the plan to look at besides.
    version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    version: Mapped[PlanVersion | None] = relationship()

    @property
    def label(self) -> Any:
        """What kind of answer it is: those who draw and those who build are called so."""
        labels = {Role.DESIGNER: _l("设计单位答复"), Role.BUILDER: _l("施工单位答复")}
        return labels.get(self.role, _l("回复"))


class ReplyTemplate(Model):
    """Words that an office answers with again and again; without an area they are everybody's."""

    __tablename__ = "reply_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    title: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    written_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    area: Mapped[Area | None] = relationship()


class Screening(Model):
    """That in a compound the office reads everything before it is public; no row, no screening."""

    __tablename__ = "screening"

    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"), primary_key=True)
    since: Mapped[datetime]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
