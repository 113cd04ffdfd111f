"""One home of the roster is put right by hand: what it is, whose kind of property, who lives there.

A frozen register does not follow; it is corrected by two persons of its own round.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import select

from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.format import local
from app.core.guards import Identity
from app.journal.actions import OFFICE, record
from app.journal.models import Kind
from app.roster.models import Household, Occupancy, Premises, Use

LARGEST = 10_000_000
LONGEST_NOTE = 400


class BadSize(Refused):
    """No premises have such an area."""


class NoNote(Refused):
    """Nobody is told to have moved without somebody knowing how."""


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


def note_occupancy(premises: Premises, occupancy: Occupancy, note: str, *, by: Identity) -> bool:
    """Say who lives in premises now and how one knows; returns whether anything changed.

    How one knows is kept with them, with its day, in front of what was noted before. Refuses
    `NoNote` without it.
    """
    if not note.strip():
        raise NoNote(msg("请写明怎么知道的。"))
    day = f"{local(clock.now()):%Y-%m-%d}"
    told = f"{day} {note.strip()}；{premises.note}".rstrip("；")
    changed = [name for name in ["occupancy"] if premises.occupancy != occupancy]
    premises.occupancy, premises.note = occupancy, told[:LONGEST_NOTE]
    about = {"premises": premises.id, "facts": [*changed, "note"]}
    record(OFFICE, Kind.ROSTER_CHANGE, about, actor=by.commitment)
    return bool(changed)


def _make_household(premises: Premises) -> None:
    known = select(Household.id).where(Household.premises_id == premises.id)
    if db.session.scalar(known) is None:
        db.session.add(Household(premises=premises))
        db.session.flush()
