"""Passwords of the staff: how long, and the slow hash that is kept."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Refused, msg

PASSWORD_LENGTH = 10

_hasher = PasswordHasher()
_NOBODYS = _hasher.hash(secrets.token_hex(16))


class WeakPassword(Refused):
    """The password is too short."""


def hashed(password: str) -> str:
    """The slow hash of a password; refuses `WeakPassword`."""
    if len(password) < PASSWORD_LENGTH:
        raise WeakPassword(msg("密码至少要 %(length)s 个字符。"), length=PASSWORD_LENGTH)
    return _hasher.hash(password)


def is_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; without one on file it takes the same time."""
    try:
        _hasher.verify(stored or _NOBODYS, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
