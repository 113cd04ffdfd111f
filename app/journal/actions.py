"""Writing the journal: one verb, inside the transaction of the change it records."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import db
from app.core.tokens import random_bytes
from app.journal.models import JournalEntry, JournalHead, Kind

OFFICE = "office"
SYSTEM = "system"


@dataclass(frozen=True)
class Recorded:
    """Where an event stands in its book, and the short code made of its leaf (60 bits)."""

    book: str
    seq: int
    at: datetime
    leaf: bytes

    @property
    def code(self) -> str:
        """First 12 base32 characters of the leaf (TRUST.md §3)."""
        return base64.b32encode(self.leaf).decode()[:12]


def book_of_round(round_id: int) -> str:
    """The book in which everything about one round stands."""
    return f"round-{round_id}"


def record(book: str, kind: Kind, facts: dict[str, Any], *, actor: str) -> Recorded:
    """Append one event to `book`, in the caller's transaction.

    `facts` hold integers, strings and lists of them, never personal data; `actor` is a salted
    commitment or `SYSTEM`. Sequence and time never run backwards (FAULTS.md F05).
    """
    seq, at = _next_place(book)
    event = {
        **facts,
        "v": 1,
        "seq": seq,
        "ts": at.isoformat(timespec="microseconds"),
        "type": kind.value,
        "actor": actor,
        "nonce": random_bytes().hex(),
    }
    entry = canonical_json(event)
    leaf = leaf_hash(entry)
    db.session.execute(
        insert(JournalEntry).values(book=book, seq=seq, at=at, kind=kind, entry=entry, leaf=leaf)
    )
    return Recorded(book, seq, at, leaf)


def canonical_json(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no white space: the same facts are always the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf_hash(entry: str) -> bytes:
    """SHA-256(0x00 ‖ entry), the leaf of RFC 6962."""
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def _next_place(book: str) -> tuple[int, datetime]:
    """Take the next sequence number under the book's row lock; the first one is 0."""
    taken = (
        update(JournalHead)
        .where(JournalHead.book == book)
        .values(size=JournalHead.size + 1)
        .returning(JournalHead.size, JournalHead.last_at)
    )
    row = db.session.execute(taken).one_or_none()
    if row is None:
        _open_book(book)
        row = db.session.execute(taken).one()
    at = max(row.last_at, clock.now())
    db.session.execute(update(JournalHead).where(JournalHead.book == book).values(last_at=at))
    return row.size - 1, at


def _open_book(book: str) -> None:
    """Create the head row; another transaction may have done so at the same moment."""
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    insert_into: Any = postgresql.insert if is_postgresql else sqlite.insert
    row = insert_into(JournalHead).values(book=book, size=0, last_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())
