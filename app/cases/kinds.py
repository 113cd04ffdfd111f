"""The kinds of cases, what each does to the count while it waits, and how long it may take.

It decides nothing: the verbs stand in `app.rounds`.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l


class CaseKind(StrEnum):
    """What wants settling; a proposal about a conflict or an objection is no case of its own."""

    REPORT = "report"
    CONFLICT = "conflict"
    OBJECTION = "objection"
    DISPUTE = "dispute"
    DECISION = "decision"
    AUDIT = "audit"
    SLIP = "slip"

    @property
    def label(self) -> Any:
        return _LABELS[self]

    @property
    def effect(self) -> Any:
        """What it does to the count until it is settled, in one phrase."""
        return _EFFECTS[self]


_LABELS = {
    CaseKind.REPORT: _l("报告“不是我们家填的”"),
    CaseKind.CONFLICT: _l("重复表态"),
    CaseKind.OBJECTION: _l("异议"),
    CaseKind.DISPUTE: _l("共有人争议"),
    CaseKind.DECISION: _l("等第二人决定"),
    CaseKind.AUDIT: _l("抽查纸质表"),
    CaseKind.SLIP: _l("等新户码单"),
}
_EFFECTS = {
    CaseKind.REPORT: _l("那一票先不动"),
    CaseKind.CONFLICT: _l("先前那次算数，后来那次先放着"),
    CaseKind.OBJECTION: _l("答复以前票数不变"),
    CaseKind.DISPUTE: _l("这一户暂不计票"),
    CaseKind.DECISION: _l("同意以前什么都不变"),
    CaseKind.AUDIT: _l("不核对完，结果不能确认"),
    CaseKind.SLIP: _l("没有新户码，这一户表不了态"),
}

# How long each may take, from when it began, unless somebody moves its day with a reason.
TERMS = {
    # Somebody else may hold this home's code right now.
    CaseKind.REPORT: timedelta(days=1),
    # The household is asked by phone the same day, the second person looks the next.
    CaseKind.CONFLICT: timedelta(days=2),
    # Half of the days are for finding out, and the answer needs a second person.
    CaseKind.OBJECTION: timedelta(days=7),
    # Co-owners have to meet and sign one form.
    CaseKind.DISPUTE: timedelta(days=7),
    # Everything is written already; only somebody else has to read it.
    CaseKind.DECISION: timedelta(days=1),
    # Within the shortest days for objections there is.
    CaseKind.AUDIT: timedelta(days=3),
    # A home without its code cannot vote, and its round goes on.
    CaseKind.SLIP: timedelta(days=1),
}
