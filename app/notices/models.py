"""Messages to phones, kept as values: what is said is frozen when it is queued.

A phone number stands here because delivery needs it, and for as long as delivery needs it: 30
days after a message ended, its phone and its text are blanked (`delivery.blank_old`); what is left
tells that a home was told, when and of what, but neither whom nor in which words.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigInt, Model


class MessageKind(StrEnum):
    """What a message is about; none of them says what a household chose (RULES.md §4)."""

    CODE = "code"
    VOTED = "voted"
    CHANGED = "changed"
    CODE_REISSUED = "code_reissued"
    REPORTED = "reported"
    VOIDED = "voided"
    REPLIED = "replied"
    PHONE_CHANGED = "phone_changed"
    PAPER_VOID = "paper_void"

    @property
    def label(self) -> Any:
        return _KIND_LABELS[self]


_KIND_LABELS = {
    MessageKind.CODE: _l("验证码"),
    MessageKind.VOTED: _l("收到表态"),
    MessageKind.CHANGED: _l("表态有更新"),
    MessageKind.CODE_REISSUED: _l("户码换新"),
    MessageKind.REPORTED: _l("收到“不是我家表的态”"),
    MessageKind.VOIDED: _l("表态作废"),
    MessageKind.REPLIED: _l("意见有答复"),
    MessageKind.PHONE_CHANGED: _l("登记的手机号有变动"),
    MessageKind.PAPER_VOID: _l("纸质表没有计入"),
}


class MessageState(StrEnum):
    """How far a message has come; the last three are for good (FAULTS.md §5)."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"

    @property
    def label(self) -> Any:
        return _STATE_LABELS[self]


_STATE_LABELS = {
    MessageState.QUEUED: _l("等着发"),
    MessageState.CLAIMED: _l("正在发"),
    MessageState.SENT: _l("已发出"),
    MessageState.UNKNOWN: _l("发没发到不清楚"),
    MessageState.FAILED: _l("没发出去"),
}


class Message(Model):
    """One message to one phone of one home, from the queue to its end.

    Its `cause` names what happened, in words of whoever tells it, so that telling twice is
    telling once. `claimed_until` is the lease of whoever is sending it: `attempts` counts the
    claims and tells a late answer from the present one. `unanswered` counts those of which nobody
    knows whether it went out.
    """

    __tablename__ = "message"
    __table_args__ = (
        # The household first: what a home was told is looked up by it.
        UniqueConstraint("household_id", "cause", "phone", "kind"),
        CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'claimed'))", name="finished_for_good"
        ),
        CheckConstraint(
            "(claimed_until IS NULL) = (state <> 'claimed')", name="claimed_with_lease"
        ),
        # Without a phone and a text there is nothing to send.
        CheckConstraint(
            "finished_at IS NOT NULL OR (phone IS NOT NULL AND body IS NOT NULL)",
            name="blank_only_when_finished",
        ),
        Index(
            "ix_message_due_at",
            "due_at",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "ix_message_finished_at",
            "finished_at",
            sqlite_where=text("body IS NOT NULL"),
            postgresql_where=text("body IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"))
    # Both are empty once the message is blanked.
    phone: Mapped[str | None] = mapped_column(String(20))
    body: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[MessageKind]
    cause: Mapped[str] = mapped_column(String(80))
    state: Mapped[MessageState] = mapped_column(default=MessageState.QUEUED)
    queued_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(80))
    error: Mapped[str] = mapped_column(String(200), default="")
