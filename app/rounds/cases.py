"""What befalls a round besides votes: decisions of two persons, conflicts, objections, the audit.

The tables only; the verbs stand in the modules named for them.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Staff
from app.core.db import BigInt, Model, unique_where
from app.core.tokens import commitment, random_bytes
from app.rounds.models import RegisterEntry, Round, Vote


class DecisionKind(StrEnum):
    """What two persons of the office may decide about a round that goes on."""

    EXTENSION = "extension"
    PLAN_CHANGE = "plan_change"
    REGISTER_ADDITION = "register_addition"
    REGISTER_REMOVAL = "register_removal"
    REGISTER_CORRECTION = "register_correction"
    TRANSFER = "transfer"
    CONFLICT = "conflict"
    DISPUTE = "dispute"
    DISPUTE_END = "dispute_end"
    OBJECTION = "objection"

    @property
    def label(self) -> Any:
        labels = {
            "extension": _l("延长截止时间"),
            "plan_change": _l("方案换版"),
            "register_addition": _l("登记册增加一户"),
            "register_removal": _l("登记册去掉一户"),
            "register_correction": _l("登记册更正"),
            "transfer": _l("过户"),
            "conflict": _l("核实重复表态"),
            "dispute": _l("登记共有人争议"),
            "dispute_end": _l("共有人争议已商定"),
            "objection": _l("答复异议"),
        }
        return labels[self.value]


class Outcome(StrEnum):
    """What became of a proposal."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"

    @property
    def label(self) -> Any:
        labels = {"waiting": _l("等第二人"), "approved": _l("已同意"), "declined": _l("未同意")}
        return labels[self.value]


class Decision(Model):
    """Something one person of the office proposes with a reason and a second person decides.

    `params` say what exactly; `evidence` names the paper it rests on, `evidence_digest` its
    sealed photograph in the file store. Nothing happens before a second person agrees.
    """

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("settled_by_id IS NULL OR settled_at IS NOT NULL", name="settled"),
        CheckConstraint(
            "outcome <> 'approved' OR settled_by_id <> proposed_by_id", name="two_persons"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    kind: Mapped[DecisionKind]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("register_entry.id"))
    params: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="")
    evidence_digest: Mapped[str | None] = mapped_column(String(64))
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    proposed_at: Mapped[datetime]
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    outcome: Mapped[Outcome] = mapped_column(default=Outcome.WAITING)
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    round: Mapped[Round] = relationship()
    entry: Mapped[RegisterEntry | None] = relationship()
    proposed_by: Mapped[Staff] = relationship(foreign_keys=[proposed_by_id])
    settled_by: Mapped[Staff | None] = relationship(foreign_keys=[settled_by_id])

    @property
    def is_waiting(self) -> bool:
        """Whether a second person is asked."""
        return self.outcome == Outcome.WAITING

    @property
    def is_taken_back(self) -> bool:
        """Whether nobody refused it: whoever proposed it took it back."""
        return self.outcome == Outcome.DECLINED and self.settled_by_id == self.proposed_by_id

    @property
    def standing(self) -> Any:
        """What became of it, in words."""
        return _l("已撤回") if self.is_taken_back else self.outcome.label

    @property
    def reason_commitment(self) -> str:
        """Names the reason in the journal without telling its words, which may name people."""
        return commitment("reason", self.salt, f"{self.reason}\n{self.evidence}")


class Conflict(Model):
    """Two votes of one household on different channels that say different things (RULES.md §4).

    The earlier one stands until two persons decide.
    """

    __tablename__ = "conflict"
    __table_args__ = (unique_where("resolved_at IS NULL", "uq_conflict_entry_id_open", "entry_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    standing_vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"))
    held_vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"))
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    entry: Mapped[RegisterEntry] = relationship()
    standing_vote: Mapped[Vote] = relationship(foreign_keys=[standing_vote_id])
    held_vote: Mapped[Vote] = relationship(foreign_keys=[held_vote_id])


class ObjectionKind(StrEnum):
    """The five kinds of objection (RULES.md §3)."""

    REGISTER = "register"
    NOT_RECEIVED = "not_received"
    NOT_ME = "not_me"
    KEYED_WRONGLY = "keyed_wrongly"
    CONTENT = "content"

    @property
    def label(self) -> Any:
        labels = {
            "register": _l("登记册里没有我家，或者登错了"),
            "not_received": _l("没有收到通知或户码"),
            "not_me": _l("不是我家表的态"),
            "keyed_wrongly": _l("录入的和我交的不一样"),
            "content": _l("对方案内容有意见"),
        }
        return labels[self.value]


class Effect(StrEnum):
    """What an upheld objection does to the count; anything else leaves it as it is."""

    NONE = "none"
    ADD_TO_REGISTER = "add"
    CORRECT_REGISTER = "correct"
    STRIKE_OUT = "strike_out"
    REPLACE_VOTE = "replace"

    @property
    def label(self) -> Any:
        labels = {
            "none": _l("不改动票数"),
            "add": _l("登记册增加这一户"),
            "correct": _l("按名册更正这一户的登记"),
            "strike_out": _l("这一票作废，这户改为未表态"),
            "replace": _l("按本人签字的纸质表更正"),
        }
        return labels[self.value]


class Objection(Model):
    """Somebody of the compound says that something is wrong, and what came of it (RULES.md D10)."""

    __tablename__ = "objection"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    number: Mapped[int]
    kind: Mapped[ObjectionKind]
    # Whose household it is, when it is on the roster; `place` says it in words when it is not.
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id"), index=True)
    place: Mapped[str] = mapped_column(String(80))
    words: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="")
    # Names the sealed photograph of what was handed in, as of a decision.
    evidence_digest: Mapped[str | None] = mapped_column(String(64))
    # The vote that a household says is not its own.
    vote_id: Mapped[int | None] = mapped_column(ForeignKey("vote.id"), index=True)
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    raised_at: Mapped[datetime]
    # Empty when the household raised it itself.
    raised_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    effect: Mapped[Effect] = mapped_column(default=Effect.NONE)
    closed_at: Mapped[datetime | None]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    round: Mapped[Round] = relationship()
    vote: Mapped[Vote | None] = relationship()
    handler: Mapped[Staff | None] = relationship(foreign_keys=[handler_id])
    decision: Mapped[Decision | None] = relationship()

    @property
    def commitment(self) -> str:
        """Names what was said in the journal without telling it."""
        return commitment("objection", self.salt, f"{self.place}\n{self.words}\n{self.evidence}")


class AuditItem(Model):
    """One vote on paper, drawn at the close, to be compared with its form (T30).

    `is_late`: it was not drawn; it began to count only after the close, by a decision.
    """

    __tablename__ = "audit_item"
    __table_args__ = (UniqueConstraint("round_id", "position"), UniqueConstraint("vote_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    position: Mapped[int]
    vote_id: Mapped[int] = mapped_column(ForeignKey("vote.id"))
    is_late: Mapped[bool] = mapped_column(default=False)
    checked_at: Mapped[datetime | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    agrees: Mapped[bool | None]
    note: Mapped[str] = mapped_column(Text, default="")
    vote: Mapped[Vote] = relationship()
    checked_by: Mapped[Staff | None] = relationship()


class Recount(Model):
    """When the caches of a round were last compared with its records, and whether they agreed."""

    __tablename__ = "recount"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    checked_at: Mapped[datetime]
    agrees: Mapped[bool]


class BreakGlass(Model):
    """That a member of staff opened what one household chose, and why; the household is shown it.

    One row for each time, whatever came of it (RULES.md §5, THREATS.md T32).
    """

    __tablename__ = "break_glass"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    entry: Mapped[RegisterEntry] = relationship()
    by: Mapped[Staff] = relationship()

    @property
    def reason_commitment(self) -> str:
        """Names the reason in the journal without telling its words."""
        return commitment("reason", self.salt, self.reason)
