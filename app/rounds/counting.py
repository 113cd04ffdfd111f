"""Counting consent: pure, in integers only; RULES.md §2 is its specification.

It knows no database and no person, only how many households said what.
"""

from dataclasses import dataclass
from enum import StrEnum


class Choice(StrEnum):
    """What a household may say on a matter."""

    AGREE = "agree"
    DISAGREE = "disagree"
    ABSTAIN = "abstain"


class Track(StrEnum):
    """Which of the two tracks that never mix a matter belongs to, or none (a preference)."""

    CONSULTATION = "consultation"
    OWNERS = "owners"
    PREFERENCE = "preference"


@dataclass(frozen=True)
class Tally:
    """Households of a register on one matter of the consultation track (T2).

    `threshold` is in percent and includes the number itself (「以上」, Civil Code art. 1259).
    """

    total: int
    agree: int = 0
    disagree: int = 0
    abstain: int = 0
    threshold: int = 80

    def __post_init__(self) -> None:
        if min(self.total, self.agree, self.disagree, self.abstain) < 0:
            raise ValueError("households are counted, never negative")
        if self.voted > self.total:
            raise ValueError("more households voted than the register holds")
        if not 1 <= self.threshold <= 100:
            raise ValueError("the threshold is a percentage from 1 to 100")

    @property
    def voted(self) -> int:
        """Households that expressed anything."""
        return self.agree + self.disagree + self.abstain

    @property
    def silent(self) -> int:
        """Households that have said nothing; silence is not agreement."""
        return self.total - self.voted

    @property
    def needed(self) -> int:
        """Agreeing households that the threshold asks for: ceil(threshold · total / 100)."""
        return -(-self.threshold * self.total // 100)

    @property
    def missing(self) -> int:
        """How many more households must agree."""
        return max(0, self.needed - self.agree)

    @property
    def passed(self) -> bool:
        """total > 0 and 100 · agree ≥ threshold · total, in integers."""
        return self.total > 0 and 100 * self.agree >= self.threshold * self.total

    @property
    def is_reachable(self) -> bool:
        """Whether the silent households could still carry it, as the votes stand now."""
        return self.total > 0 and self.agree + self.silent >= self.needed

    def __add__(self, other: "Tally") -> "Tally":
        """Two disjoint parts of the same register, together."""
        if self.threshold != other.threshold:
            raise ValueError("two matters are never added")
        return Tally(
            self.total + other.total,
            self.agree + other.agree,
            self.disagree + other.disagree,
            self.abstain + other.abstain,
            self.threshold,
        )
