"""What an import would do: each home of a ledger against what is known of it now.

Pure. A cell that is empty in the ledger says nothing: it never erases what is known. A home that
is known but not in the ledger stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.core.errors import msg
from app.roster.ledger import Home

DWELLING = "dwelling"
Place = tuple[str, str, str]

FIELDS = {
    "size": msg("建筑面积"),
    "use": msg("用途"),
    "ownership": msg("产权性质"),
    "occupancy": msg("居住情况"),
    "floor": msg("楼层"),
    "note": msg("备注"),
    "owners": msg("业主姓名"),
    "phones": msg("联系电话"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one home now; `tenures` and `contacts` are those in force, name → id."""

    premises_id: int
    household_id: int | None
    size: int
    use: str
    ownership: str
    occupancy: str
    floor: int | None
    note: str
    tenures: Mapping[str, int] = field(default_factory=dict)
    contacts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A known home whose ledger row says something else, and what."""

    home: Home
    standing: Standing
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """All homes of one compound of a ledger, told apart; `absent` are known but not in it."""

    added: tuple[Home, ...]
    changed: tuple[Change, ...]
    unchanged: int
    absent: int


def compare(homes: Iterable[Home], known: Mapping[Place, Standing]) -> Difference:
    """Tell new, changed and unchanged homes of one compound apart."""
    added: list[Home] = []
    changed: list[Change] = []
    met = 0
    for home in homes:
        standing = known.get((home.building, home.entrance, home.room))
        if standing is None:
            added.append(home)
            continue
        met += 1
        if fields := tuple(_differing(home, standing)):
            changed.append(Change(home, standing, fields))
    return Difference(tuple(added), tuple(changed), met - len(changed), len(known) - met)


def _differing(home: Home, standing: Standing) -> Iterator[str]:
    if home.area != standing.size:
        yield "size"
    # A household has a code and perhaps a vote: a ledger alone does not make a shop of it.
    if home.use != standing.use and (standing.household_id is None or home.use == DWELLING):
        yield "use"
    for name in ("ownership", "note", "floor"):
        said = getattr(home, name)
        if said and said != getattr(standing, name):
            yield name
    if home.occupancy not in ("unknown", standing.occupancy):
        yield "occupancy"
    if home.owners and set(home.owners) != set(standing.tenures):
        yield "owners"
    if home.phones and home.use == DWELLING and set(home.phones) != set(standing.contacts):
        yield "phones"
