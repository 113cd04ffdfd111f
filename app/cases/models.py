"""What the desk keeps about a case beside the case itself: its owner, its day, and what was said.

The cases are rows of the rounds; this is never part of a count.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Staff
from app.cases.kinds import CaseKind
from app.core.db import BigInt, Model


class CaseFile(Model):
    """Who looks after one case and until when; there is none before somebody touched it.

    `subject_id` is the row of the case's kind: a conflict, a proposal, an objection, a drawn form;
    of a dispute the entry of the register. Who answers an objection stands with the objection.
    """

    __tablename__ = "case_file"
    __table_args__ = (UniqueConstraint("kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CaseKind]
    subject_id: Mapped[int] = mapped_column(BigInt)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    due_set_at: Mapped[datetime | None]
    owner: Mapped[Staff | None] = relationship()


class Act(StrEnum):
    """What somebody did with a case at the desk, besides settling it."""

    TAKEN = "taken"
    DUE_MOVED = "due_moved"
    NOTED = "noted"


class CaseEvent(Model):
    """One thing done with a case: taken over, its day moved with a reason, a note for colleagues.

    `words` are for the office alone and never leave it; `to_id` got it, `due_at` is the new day.
    """

    __tablename__ = "case_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("case_file.id"), index=True)
    act: Mapped[Act]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    due_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Text, default="")
    file: Mapped[CaseFile] = relationship()
    by: Mapped[Staff] = relationship(foreign_keys=[by_id])
    to: Mapped[Staff | None] = relationship(foreign_keys=[to_id])
