"""What stands on printed paper, as plain values: posters, slips, and their order on the sheets.

Pure: it reads nothing and draws nothing, so that paper can be made of any source of facts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

SLIPS_ON_A_SHEET = 8
SHEETS_IN_A_PART = 16
Portion = TypeVar("Portion", bound=Sequence[object])


@dataclass(frozen=True)
class PosterPage:
    """One A4 page for one entrance hall; `url` is the building's public address."""

    compound: str
    building: str
    entrance: str
    title: str
    url: str
    check_phrase: str
    phone: str
    closes_at: datetime | None

    @property
    def place(self) -> str:
        """`1号楼 1单元`."""
        return f"{self.building} {self.entrance}".strip()

    @property
    def place_class(self) -> str:
        """How much the name of the place must shrink to stay in its lines."""
        return size_class(self.place, 9, 14, 38, 60)

    @property
    def compound_class(self) -> str:
        return size_class(self.compound, 26, 33, 46)

    @property
    def title_class(self) -> str:
        return size_class(self.title, 23)

    @property
    def phone_class(self) -> str:
        return size_class(self.phone, 8, 16)

    @property
    def typed_address(self) -> tuple[str, str]:
        """Host and path as a person types them, without the scheme."""
        host, _, path = self.url.split("://", 1)[1].partition("/")
        return host, f"/{path}"

    @property
    def address_class(self) -> str:
        return size_class("".join(self.typed_address), 44, 58, 72)


@dataclass(frozen=True)
class Slip:
    """One household's slip; `digits` is its code and exists on this paper only."""

    compound: str
    label: str
    url: str
    digits: str
    check_phrase: str
    phone: str
    closes_at: datetime | None
    title: str = ""

    @property
    def short_title(self) -> str:
        """The title of the round where it leaves room for the rest."""
        return self.title if size_class(self.title, 10) == "fits" else ""

    @property
    def personal_url(self) -> str:
        """The way in with the code in the fragment, which no server and no log ever sees (T01)."""
        return f"{self.url}/enter#code={self.digits}"

    @property
    def typed_address(self) -> str:
        """The building's address as a person types it, without the scheme."""
        return self.url.split("://", 1)[1]

    @property
    def address_class(self) -> str:
        return size_class(self.typed_address, 21)

    @property
    def label_class(self) -> str:
        return size_class(self.label, 14, 20, 52)

    @property
    def compound_class(self) -> str:
        return size_class(self.compound, 12, 15)

    @property
    def phone_class(self) -> str:
        return size_class(self.phone, 8, 15)


def size_class(text: str, *limits: int) -> str:
    """`fits`, or `long-1`, `long-2`, … for each limit that the text's width exceeds.

    Width is counted in Chinese characters: two Latin letters or digits are as wide as one.
    """
    width = sum(1.0 if ord(sign) > 0x2E80 else 0.55 for sign in text)
    passed = sum(width > limit for limit in limits)
    return f"long-{passed}" if passed else "fits"


def portions(items: Portion, size: int) -> Iterator[Portion]:
    """`items` in consecutive portions of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]  # type: ignore[misc]
