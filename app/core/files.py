"""Files kept by content: named by their SHA-256, never by what somebody called them."""

import hashlib
import os
from pathlib import Path

from flask import current_app


def keep(content: bytes) -> str:
    """Store `content` durably and return its SHA-256 in hex; the same bytes are kept once."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    return digest


def path_of(digest: str) -> Path:
    """Where the file with this digest lies (it may not exist)."""
    root: Path = current_app.extensions["juyi_config"].instance_dir / "files"
    return root / digest[:2] / digest


def read(digest: str) -> bytes:
    """The bytes kept under `digest`."""
    return path_of(digest).read_bytes()


def discard(digest: str) -> None:
    """Delete a file that may be shown once only (printed codes); missing is fine."""
    path_of(digest).unlink(missing_ok=True)
