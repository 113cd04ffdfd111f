"""What is sealed says nothing without the keys, and shows when it was altered."""

import pytest
from flask import Flask

from app.core.sealing import seal, unseal


def test_what_is_sealed_comes_back_and_is_not_readable(app: Flask) -> None:
    with app.app_context():
        sealed = seal("本人签字".encode())
        assert "本人签字".encode() not in sealed
        assert unseal(sealed) == "本人签字".encode()
        assert seal(b"x") != seal(b"x")


def test_one_changed_byte_is_noticed(app: Flask) -> None:
    with app.app_context():
        sealed = bytearray(seal(b"photograph"))
        sealed[20] ^= 1
        with pytest.raises(ValueError, match="altered"):
            unseal(bytes(sealed))
