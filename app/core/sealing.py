"""What must not lie readable on the disk: photographs of signed forms, second factors (T30).

Sealed with a key made from the installation's own; without its keys nothing can be read again.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


def seal(content: bytes) -> bytes:
    """`content` as nobody without the keys of this installation can read it."""
    return _box().encrypt(content)


def unseal(sealed: bytes) -> bytes:
    """What was sealed; raises `ValueError` when it was sealed elsewhere or altered."""
    try:
        return _box().decrypt(sealed)
    except InvalidToken:
        raise ValueError("sealed with another key, or altered") from None


def _box() -> Fernet:
    key: str = current_app.extensions["juyi_config"].code_key
    derived = HKDF(SHA256(), length=32, salt=None, info=b"juyi sealed").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
