"""Phones of homes that are being asked: no ledger changes them, for it is one person's work (T33).

What a round is, the roster does not know; whoever does fills in the gate.
"""

from collections.abc import Callable, Iterable

from app.core.errors import Refused, msg
from app.roster.queries import Arrival


class PhonesGuarded(Refused):
    """While people are asked, nobody alone changes the phones that speak for their homes."""


class _PhoneGate:
    """Filled in by the rounds: whether households of a compound are being asked now."""

    is_shut: Callable[[int], bool]


phone_gate = _PhoneGate()


def check_phones(arrivals: Iterable[Arrival]) -> None:
    """Refuse `PhonesGuarded` where a ledger would change phones of homes that are asked now."""
    shut = [one for one in arrivals if one.compound and phone_gate.is_shut(one.compound.id)]
    homes = sum("phones" in change.fields for one in shut for change in one.difference.changed)
    if homes:
        raise PhonesGuarded(
            msg(
                "征询正在进行，%(count)s 户的电话和登记的不一样。"
                "请清空台账的电话列，或者到住户页由两人改。"
            ),
            count=homes,
        )
