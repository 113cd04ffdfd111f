"""Setting up a second factor: what the page offers, and what makes it so.

The browser keeps a nonce; secret and codes are made of it with the installation's key, so that a
page can be shown without anything being written, and nothing secret lies in a cookie.
"""

from dataclasses import dataclass

from flask import current_app

from app.accounts import second_factor
from app.accounts.models import Staff
from app.core.guards import Identity
from app.core.qr import QrDrawing, draw_qr


@dataclass(frozen=True)
class Offer:
    """What an app on a phone reads: as a drawing, as a link, and as text in groups of four."""

    qr: QrDrawing
    address: str
    secret: str


def code_key() -> str:
    """The key of this installation that codes and links are made with."""
    key: str = current_app.extensions["juyi_config"].code_key
    return key


def offer(person: Staff, nonce: str) -> Offer:
    """The second factor that this page offers, to be confirmed with its first code."""
    secret = second_factor.secret_of(nonce, code_key())
    groups = (secret[at : at + 4] for at in range(0, len(secret), 4))
    address = second_factor.address_of(person.username, secret)
    return Offer(draw_qr(address), address, " ".join(groups))


def confirm(person: Staff, typed: str, nonce: str, *, by: Identity, renews: bool = False) -> None:
    """Make what the page offered the second factor, with new recovery codes.

    Refuses `WrongCode`, and `HasOne` unless it `renews` the one there is.
    """
    key = code_key()
    secret, codes = second_factor.secret_of(nonce, key), second_factor.recovery_codes(nonce, key)
    second_factor.enrol(person, secret, typed, codes, key, by=by, renews=renews)
