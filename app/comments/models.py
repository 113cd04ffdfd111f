"""What households say about the plan, and what the office answers."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.db import BigInt, Model
from app.projects.models import Section
from app.roster.models import Compound, Household


class Comment(Model):
    """One question or opinion of a household on a section of the plan; plain text.

    A removed comment stays as a visible stub with the reason (THREATS.md T26).
    """

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_compound_id_written_at", "compound_id", "written_at"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("compound.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    section: Mapped[Section]
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    removal_reason: Mapped[str] = mapped_column(String(200), default="")
    compound: Mapped[Compound] = relationship()
    household: Mapped[Household] = relationship()
    replies: Mapped[list["Reply"]] = relationship(order_by="Reply.written_at")

    @property
    def is_removed(self) -> bool:
        """Whether staff took it out of sight."""
        return self.removed_at is not None


class Reply(Model):
    """The office's answer to a comment, in the name of the body that gives it."""

    __tablename__ = "reply"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    signed_as: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime]
