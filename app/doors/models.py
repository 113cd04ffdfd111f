"""The ledger of attempts to reach a home (RULES.md §7 D8), and whose doors they are.

What comes of a knock is never a vote: nothing here is counted.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Staff
from app.core import clock
from app.core.db import BigInt, Model
from app.core.guards import Identity, Role
from app.rounds.models import RegisterEntry, Round


class Way(StrEnum):
    """How the office tried to reach a home."""

    VISIT = "visit"
    CALL = "call"
    SMS = "sms"
    POSTER = "poster"
    LETTER = "letter"

    @property
    def label(self) -> Any:
        labels = {
            "visit": _l("上门"),
            "call": _l("电话"),
            "sms": _l("短信"),
            "poster": _l("张贴"),
            "letter": _l("邮寄"),
        }
        return labels[self.value]


class Outcome(StrEnum):
    """What came of it; "refuses" too is only that, and no vote against anything."""

    NOT_AT_HOME = "not_at_home"
    WILL_THINK = "will_think"
    REFUSES = "refuses"
    MOVED = "moved"
    NEEDS_PAPER = "needs_paper"
    NEEDS_CALL = "needs_call"
    CALLED = "called"
    SPOKEN = "spoken"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    SIGNED = "signed"
    SIGNED_FOR = "signed_for"
    REJECTED = "rejected"
    DELIVERED = "delivered"

    @property
    def label(self) -> Any:
        return _OUTCOMES[self]


_OUTCOMES = {
    Outcome.NOT_AT_HOME: _l("不在家"),
    Outcome.WILL_THINK: _l("再想想"),
    Outcome.REFUSES: _l("不愿意"),
    Outcome.MOVED: _l("搬走了"),
    Outcome.NEEDS_PAPER: _l("要纸质表"),
    Outcome.NEEDS_CALL: _l("要打电话"),
    Outcome.CALLED: _l("已打电话"),
    Outcome.SPOKEN: _l("当面说过"),
    Outcome.NO_ANSWER: _l("没人接"),
    Outcome.WRONG_NUMBER: _l("空号、错号"),
    Outcome.SIGNED: _l("本人签收"),
    Outcome.SIGNED_FOR: _l("同住签收"),
    Outcome.REJECTED: _l("拒收"),
    Outcome.DELIVERED: _l("已送出"),
}
# The eight buttons at a door, in the order of how often they are needed.
AT_THE_DOOR = (
    Outcome.NOT_AT_HOME,
    Outcome.SPOKEN,
    Outcome.WILL_THINK,
    Outcome.NEEDS_PAPER,
    Outcome.NEEDS_CALL,
    Outcome.CALLED,
    Outcome.REFUSES,
    Outcome.MOVED,
)
_ON_PAPER = (Outcome.SIGNED, Outcome.SIGNED_FOR, Outcome.REJECTED)
_IN_TALK = (Outcome.WILL_THINK, Outcome.REFUSES, Outcome.MOVED, Outcome.NEEDS_PAPER)
POSSIBLE = {
    Way.VISIT: (Outcome.NOT_AT_HOME, Outcome.SPOKEN, Outcome.NEEDS_CALL, *_IN_TALK, *_ON_PAPER),
    Way.CALL: (Outcome.CALLED, Outcome.NO_ANSWER, Outcome.WRONG_NUMBER, *_IN_TALK),
    Way.SMS: (Outcome.DELIVERED, Outcome.WRONG_NUMBER),
    Way.POSTER: (Outcome.DELIVERED,),
    Way.LETTER: (Outcome.DELIVERED, *_ON_PAPER),
}
# A call that reached somebody: the home need not be called again for what it asked.
REACHED_BY_CALL = (Outcome.CALLED, *_IN_TALK)

UNDO_WITHIN = timedelta(minutes=10)
# Who walks from door to door.
WALKERS = (Role.WORKER, Role.OFFICE)


class Visit(Model):
    """One attempt to reach one home of a register: way, outcome, who, when; never changed.

    `made_at` is when it was, `recorded_at` when it reached us: a phone without a line sends later.
    What was tapped by mistake is marked as taken back, stays, and counts for nothing.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_round_id_entry_id", "round_id", "entry_id", "made_at"),
        CheckConstraint("made_at <= recorded_at", name="made_before_recorded"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    # The same request never makes a second row (FAULTS.md F06).
    request_id: Mapped[str] = mapped_column(String(64), unique=True)
    way: Mapped[Way]
    outcome: Mapped[Outcome]
    note: Mapped[str] = mapped_column(String(200), default="")
    # Where the signed receipt or the photograph is kept.
    proof: Mapped[str] = mapped_column(String(120), default="")
    next_on: Mapped[date | None]
    made_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    taken_back_at: Mapped[datetime | None]
    entry: Mapped[RegisterEntry] = relationship()
    made_by: Mapped[Staff] = relationship()

    @property
    def told(self) -> Any:
        """What came of it, in words that also say that it was taken back."""
        taken_back = _l("%(outcome)s（已撤销）", outcome=self.outcome.label)
        return taken_back if self.taken_back_at else self.outcome.label

    def may_be_taken_back(self, by: Identity) -> bool:
        """Whether it is still time, and this person's to do; not what happened since."""
        is_fresh = clock.now() - self.recorded_at < UNDO_WITHIN
        return is_fresh and self.taken_back_at is None and self.made_by_id == by.id


class AssignmentChange(Model):
    """That doors were given to somebody (None: to nobody), and whose each of them was before."""

    __tablename__ = "assignment_change"

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # Entry id (as text, JSON has no other keys) → staff id or None.
    before: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    undone_at: Mapped[datetime | None]
    round: Mapped[Round] = relationship()
    worker: Mapped[Staff | None] = relationship(foreign_keys=[worker_id])

    def may_be_taken_back(self, by: Identity) -> bool:
        """Whether it is still time, and this person's to do."""
        is_fresh = clock.now() - self.made_at < UNDO_WITHIN
        return is_fresh and self.undone_at is None and self.made_by_id == by.id


class Assignment(Model):
    """Who walks to a door now, and by which change."""

    __tablename__ = "assignment"

    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("assignment_change.id"))
