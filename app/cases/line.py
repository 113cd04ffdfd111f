"""One line of the queue: what wants settling, where, since when, by whom, until when.

It holds what is shown and which lines somebody asks for; finding them is the work of `queries`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.cases.kinds import CaseKind
from app.core.guards import Role
from app.rounds.cases import DecisionKind


class Turn(StrEnum):
    """Whose turn it is."""

    YOURS = "yours"
    SECOND = "second"
    OWN = "own"
    OWNER = "owner"
    NOBODY = "nobody"

    @property
    def label(self) -> Any:
        return _TURNS[self]


_TURNS = {
    Turn.YOURS: _l("等您决定"),
    Turn.SECOND: _l("等第二个人"),
    Turn.OWN: _l("等您办"),
    Turn.OWNER: _l("在办"),
    Turn.NOBODY: _l("没有人办"),
}
_PAGES = {
    CaseKind.REPORT: ("cases.objection", "objection_id"),
    CaseKind.OBJECTION: ("cases.objection", "objection_id"),
    CaseKind.SLIP: ("cases.objection", "objection_id"),
    CaseKind.CONFLICT: ("cases.resolve", "conflict_id"),
    CaseKind.DISPUTE: ("cases.disputed", "entry_id"),
    CaseKind.DECISION: ("cases.decision", "decision_id"),
    CaseKind.AUDIT: ("cases.check", "item_id"),
}
# What agreeing to a proposal would do to the count, in one phrase.
_DEEDS = {
    DecisionKind.EXTENSION: _l("票数不变，截止时间往后"),
    DecisionKind.PLAN_CHANGE: _l("实质修改的话，都要重新确认"),
    DecisionKind.REGISTER_ADDITION: _l("总户数加一户"),
    DecisionKind.REGISTER_REMOVAL: _l("总户数减一户"),
    DecisionKind.REGISTER_CORRECTION: _l("这一户怎么算可能会变"),
    DecisionKind.TRANSFER: _l("票数不变，换业主"),
    DecisionKind.DISPUTE: _l("这一户不再计票"),
}


@dataclass(frozen=True)
class Subject:
    """Which case it is: its kind, and the row of that kind; `conflict-12` on a form."""

    kind: CaseKind
    id: int

    @property
    def token(self) -> str:
        """As a tick box sends it."""
        return f"{self.kind.value}-{self.id}"

    @classmethod
    def read(cls, token: str) -> "Subject | None":
        """What a tick box sent; None when it names no case."""
        kind, _dash, number = token.partition("-")
        # More digits than a table can hold name nothing.
        if kind not in set(CaseKind) or not number.isascii() or not number.isdigit():
            return None
        return cls(CaseKind(kind), int(number)) if len(number) < 10 else None


@dataclass(frozen=True)
class Case:
    """One thing that wants settling; `decision_id` is the proposal that waits about it, if any."""

    subject: Subject
    round_id: int
    round_number: int
    compound: str
    place: str
    since: datetime
    due: datetime
    owner: str
    owner_id: int | None
    decision_id: int | None
    about: DecisionKind | None
    turn: Turn
    is_overdue: bool

    @property
    def kind(self) -> CaseKind:
        return self.subject.kind

    @property
    def title(self) -> Any:
        """The kind; of a proposal, what is proposed."""
        return self.about.label if self.about else self.kind.label

    def page(self, role: Role) -> tuple[str, dict[str, Any]]:
        """The endpoint of its own page, for somebody of this role, and what that is told.

        Where a proposal waits, that is what is to be read next.
        """
        if self.decision_id:
            return "cases.decision", {"decision_id": self.decision_id}
        if self.kind == CaseKind.AUDIT and role == Role.WORKER:
            # Comparing forms is not theirs.
            return "cases.audit", {"round_id": self.round_id}
        endpoint, name = _PAGES[self.kind]
        return endpoint, {name: self.subject.id}

    @property
    def effect(self) -> Any:
        """What it does, or would do, to the count."""
        return _DEEDS.get(self.about, self.kind.effect) if self.about else self.kind.effect


@dataclass(frozen=True)
class Wanted:
    """Which cases somebody asks for; empty is all that can be reached."""

    kind: CaseKind | None = None
    compound_id: int | None = None
    is_mine: bool = False
    is_overdue: bool = False
    is_second: bool = False

    def as_args(self) -> dict[str, Any]:
        """As the address of the queue says it."""
        ticked = {"mine": self.is_mine, "overdue": self.is_overdue, "second": self.is_second}
        args: dict[str, Any] = {name: 1 for name, is_on in ticked.items() if is_on}
        if self.kind:
            args["kind"] = self.kind.value
        if self.compound_id:
            args["compound"] = self.compound_id
        return args


@dataclass(frozen=True)
class Waiting:
    """How many cases of one kind wait within somebody's scope, and how many of them are …"""

    kind: CaseKind
    total: int
    mine: int
    overdue: int
    second: int
