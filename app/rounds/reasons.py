"""Why a household disagrees, in a few words that it may tick: for the office to mend the plan.

It decides nothing and is never counted; the journal does not know it (RULES.md §5).
"""

from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l


class Reason(StrEnum):
    """What most often stands against a plan, in the words of those who say it."""

    COST = "cost"
    UNNEEDED = "unneeded"
    WORKS = "works"
    FEE = "fee"
    UNCLEAR = "unclear"
    DISTRUST = "distrust"
    OTHER = "other"

    @property
    def label(self) -> Any:
        labels = {
            "cost": _l("出的钱太多"),
            "unneeded": _l("用不上"),
            "works": _l("担心施工影响"),
            "fee": _l("物业费太高"),
            "unclear": _l("方案没说清楚"),
            "distrust": _l("不相信能办好"),
            "other": _l("其他原因"),
        }
        return labels[self.value]
