"""What two persons of the office change about who speaks for a home: its phones, its owners.

It holds phone numbers and names pointers to owners: personal data, to be deleted with the roster's.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Staff
from app.core.db import BigInt, Model, unique_where
from app.core.tokens import commitment, random_bytes
from app.roster.models import Contact, Household


class ChangeKind(StrEnum):
    """What is changed."""

    PHONE = "phone"
    OWNERS = "owners"

    @property
    def label(self) -> Any:
        return {"phone": _l("改登记的手机号"), "owners": _l("过户")}[self.value]


class Outcome(StrEnum):
    """What became of a proposal."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"

    @property
    def label(self) -> Any:
        labels = {
            "waiting": _l("等第二人"),
            "approved": _l("已同意"),
            "declined": _l("未同意"),
            "taken_back": _l("已撤回"),
        }
        return labels[self.value]


class HomeChange(Model):
    """Something one person proposes about a home with a reason and evidence; a second one decides.

    `phone` is a number to be put on file (`name`: whose it is), `ending` the one that goes; both
    together replace one by the other. `owners` are who owns the dwelling from `since` on.
    """

    __tablename__ = "home_change"
    __table_args__ = (
        CheckConstraint("(settled_at IS NULL) = (outcome = 'waiting')", name="settled"),
        CheckConstraint(
            "(settled_by_id IS NULL) = (settled_at IS NULL)", name="settled_by_somebody"
        ),
        CheckConstraint(
            "outcome <> 'approved' OR settled_by_id <> proposed_by_id", name="two_persons"
        ),
        # One thing at a time: what is proposed is judged by what the home is now.
        unique_where("outcome = 'waiting'", "uq_home_change_household_id_waiting", "household_id"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    kind: Mapped[ChangeKind]
    phone: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80), default="")
    ending_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    owners: Mapped[list[int]] = mapped_column(default=list)
    since: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)
    # The sealed picture of the evidence, in the file store.
    photo: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.WAITING)
    note: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    household: Mapped[Household] = relationship()
    ending: Mapped[Contact | None] = relationship()
    proposed_by: Mapped[Staff] = relationship(foreign_keys=[proposed_by_id])
    settled_by: Mapped[Staff | None] = relationship(foreign_keys=[settled_by_id])

    @property
    def is_waiting(self) -> bool:
        """Whether a second person is asked."""
        return self.outcome == Outcome.WAITING

    @property
    def reason_commitment(self) -> str:
        """Names the reason in the journal without telling its words, which may name people."""
        return commitment("reason", self.salt, f"{self.reason}\n{self.evidence}")
