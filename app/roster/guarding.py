"""Who speaks for a home: what a ledger may not change of it, and who hears of what it may (T33).

From the moment a register is frozen until its result is final, owners and phones change by two
persons. What a round is, and how a home is told, the roster does not know; whoever does fills in
the gate.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Select, select

from app.core import clock
from app.core.db import db
from app.core.errors import msg
from app.roster.differences import FIELDS, Change
from app.roster.ledger import Problem
from app.roster.models import Household

# Homes that one entry of the journal names.
MOST_NAMED = 500
_SHUT = {
    "owners": msg(
        "%(home)s：登记册已锁定，业主不能用台账改。请清空这一格；真要过户，到登记册里由两人办。"
    ),
    "phones": msg(
        "%(home)s：登记册已锁定，电话不能用台账改。请清空这一格；要换号码，到住户页由两人办。"
    ),
}


class _Gate:
    """Filled in by the rounds: whether the register of a compound is frozen and its result open.

    And by the notices: to tell the phones of homes, before they change, that they will.
    """

    is_shut: Callable[[int], bool]
    tell: Callable[[Sequence[int], str], object]


gate = _Gate()


def guarded(compound_id: int, changes: Iterable[Change]) -> Iterator[Problem]:
    """What of these changes is not for a ledger while the homes of this compound are counted."""
    of_people = [change for change in changes if _SHUT.keys() & set(change.fields)]
    if not of_people or not gate.is_shut(compound_id):
        return
    for change in of_people:
        home, params = change.home, {"home": change.home.address}
        for name in _SHUT.keys() & set(change.fields):
            yield Problem(home.sheet, home.row, FIELDS[name], _SHUT[name], params)


def tell_old_phones(changes: Iterable[Change]) -> None:
    """Let the phones that are on file hear that the phones of their home change."""
    homes = [
        change.standing.household_id
        for change in changes
        if "phones" in change.fields and change.standing.contacts
    ]
    if homes:
        gate.tell([home for home in homes if home], f"ledger:{clock.now().isoformat()}")


def homes_named(changes: Iterable[Change]) -> list[list[str]]:
    """The homes whose owners or phones change, by their commitments, so many to an entry."""
    ids = sorted(
        change.standing.household_id
        for change in changes
        if change.standing.household_id and _SHUT.keys() & set(change.fields)
    )
    runs = [ids[start : start + MOST_NAMED] for start in range(0, len(ids), MOST_NAMED)]
    return [[home.commitment for home in db.session.scalars(_households(run))] for run in runs]


def _households(ids: Sequence[int]) -> Select[Household]:
    return select(Household).where(Household.id.in_(ids)).order_by(Household.id)
