"""One home of the roster is put right by hand: what it is, whose kind of property, who lives there.

A frozen register does not follow; it is corrected by two persons of its own round.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import select

from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.roster.models import Household, Occupancy, Premises, Use

LARGEST = 10_000_000


class BadSize(Refused):
    """No premises have such an area."""


@dataclass(frozen=True)
class HomeFacts:
    """What decides how premises count (RULES.md §2.2); `size` in 0.01 m²."""

    use: Use
    ownership: str
    occupancy: Occupancy
    size: int


def correct_home(premises: Premises, facts: HomeFacts, *, by: Identity) -> list[str]:
    """Let the roster say `facts` of premises; returns which of them changed, none when none did.

    A dwelling is a household from then on; one that is a dwelling no more keeps its past. Refuses
    `BadSize`.
    """
    if not 0 < facts.size <= LARGEST:
        raise BadSize(msg("建筑面积要大于 0，最多 100000 平方米。"))
    changed = [name for name, value in asdict(facts).items() if getattr(premises, name) != value]
    for name in changed:
        setattr(premises, name, getattr(facts, name))
    if changed:
        if facts.use == Use.DWELLING:
            _make_household(premises)
        told = {"premises": premises.id, "facts": changed}
        record(OFFICE, Kind.ROSTER_CHANGE, told, actor=by.commitment)
    return changed


def _make_household(premises: Premises) -> None:
    known = select(Household.id).where(Household.premises_id == premises.id)
    if db.session.scalar(known) is None:
        db.session.add(Household(premises=premises))
        db.session.flush()
