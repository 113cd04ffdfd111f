"""Random tokens and keyed digests; nothing here is ever stored in the clear by itself."""

import hashlib
import hmac
import secrets

# No 0/O, 1/I/L: people read these aloud and copy them by hand.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def random_token(length: int = 12) -> str:
    """A random word of easily read letters and digits; 12 of them carry 59 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def random_digits(length: int) -> str:
    """Exactly `length` random decimal digits."""
    return "".join(secrets.choice("0123456789") for _ in range(length))


def random_bytes() -> bytes:
    """16 random bytes, for salts and nonces (TRUST.md §2)."""
    return secrets.token_bytes(16)


def keyed_digest(key: str, text: str) -> str:
    """HMAC-SHA-256 of `text` in hex: cheap, and worthless without the key."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def commitment(label: str, salt: bytes, text: str) -> str:
    """SHA-256(label ‖ salt ‖ text) in hex: names somebody without telling who (TRUST.md §2)."""
    return hashlib.sha256(label.encode() + salt + text.encode()).hexdigest()
