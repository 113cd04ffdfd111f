"""The append-only record: one row per event, hashed as TRUST.md §2 says; rows never change."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import BigInt, Model


class Kind(StrEnum):
    """What happened; the words of TRUST.md §2 where it names them."""

    ROSTER_CHANGE = "ROSTER_CHANGE"
    STAFF = "STAFF"
    PROJECT = "PROJECT"
    PLAN_EDITED = "PLAN_EDITED"
    PLAN_SUBMITTED = "PLAN_SUBMITTED"
    PLAN_RETURNED = "PLAN_RETURNED"
    PLAN_PUBLISHED = "PLAN_PUBLISHED"
    ROUND_DRAFT = "ROUND_DRAFT"
    PROFILE_CONFIRMED = "PROFILE_CONFIRMED"
    REGISTER_PUBLISHED = "REGISTER_PUBLISHED"
    REGISTER_FROZEN = "REGISTER_FROZEN"
    POSTERS_PRINTED = "POSTERS_PRINTED"
    CODE_ISSUED = "CODE_ISSUED"
    CODE_REVOKED = "CODE_REVOKED"
    ROUND_WITHDRAWN = "ROUND_WITHDRAWN"
    ROUND_ARCHIVED = "ROUND_ARCHIVED"
    DECISION_PROPOSED = "DECISION_PROPOSED"
    DECISION_DECLINED = "DECISION_DECLINED"
    REGISTER_CHANGE = "REGISTER_CHANGE"
    IDENTITY_CHANGE = "IDENTITY_CHANGE"
    DEADLINE_CHANGE = "DEADLINE_CHANGE"
    PLAN_CHANGE = "PLAN_CHANGE"
    CONFLICT = "CONFLICT"
    DISPUTE = "DISPUTE"
    OBJECTION = "OBJECTION"
    AUDIT = "AUDIT"
    VOID = "VOID"
    CASE = "CASE"
    BREAK_GLASS = "BREAK_GLASS"
    EXPORT = "EXPORT"
    SESSIONS_ENDED = "SESSIONS_ENDED"
    ROUND_OPEN = "ROUND_OPEN"
    VOTE = "VOTE"
    CLOSE = "CLOSE"
    PRELIMINARY = "PRELIMINARY"
    RESULT = "RESULT"
    COMMENT = "COMMENT"
    MODERATION = "MODERATION"
    VISIT = "VISIT"
    ASSISTED = "ASSISTED"
    REPLY_TEMPLATE = "REPLY_TEMPLATE"
    PAPER_PRINTED = "PAPER_PRINTED"
    PAPER_GIVEN = "PAPER_GIVEN"
    PAPER_RETURNED = "PAPER_RETURNED"
    PAPER_PHOTO = "PAPER_PHOTO"
    PAPER_KEYED = "PAPER_KEYED"
    PAPER_VOID = "PAPER_VOID"
    PAPER_VOID_ASKED = "PAPER_VOID_ASKED"
    PAPER_KEPT = "PAPER_KEPT"


class JournalHead(Model):
    """How long each book is; its row is the lock that keeps the sequence gapless."""

    __tablename__ = "journal_head"

    book: Mapped[str] = mapped_column(String(40), primary_key=True)
    size: Mapped[int] = mapped_column(BigInt)
    last_at: Mapped[datetime]


class JournalEntry(Model):
    """One event: `entry` is canonical JSON, `leaf` = SHA-256(0x00 ‖ entry)."""

    __tablename__ = "journal_entry"
    __table_args__ = (UniqueConstraint("book", "seq"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    book: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int] = mapped_column(BigInt)
    at: Mapped[datetime]
    kind: Mapped[Kind]
    entry: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
