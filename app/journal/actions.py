"""Writing the journal: one verb, inside the transaction of the change it records."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, insert, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import db
from app.core.tokens import random_bytes
from app.journal.models import JournalEntry, JournalHead, Kind

OFFICE = "office"
SYSTEM = "system"

# Made once, and on tables instead of classes: every vote passes here (PERFORMANCE.md row 12).
_heads, _entries = cast(Table, JournalHead.__table__), cast(Table, JournalEntry.__table__)
_now = bindparam("now", type_=_heads.c.last_at.type)
_TAKE = (
    update(_heads)
    .where(_heads.c.book == bindparam("of_book"))
    .values(
        size=_heads.c.size + bindparam("more"),
        last_at=case((_heads.c.last_at > _now, _heads.c.last_at), else_=_now),
    )
    .returning(_heads.c.size, _heads.c.last_at)
)
_WRITE = insert(_entries)


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
    # The change that is recorded comes first, should it be refused by the database.
    db.session.flush()
    [recorded] = record_all(book, kind, [(facts, actor)])
    return recorded


def record_all(
    book: str, kind: Kind, events: Sequence[tuple[dict[str, Any], str]]
) -> list[Recorded]:
    """Append events of one kind, each its facts and its actor, in this order, as `record` does."""
    first, at = _next_places(book, len(events))
    recorded, rows = [], []
    for seq, (facts, actor) in enumerate(events, start=first):
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
        rows.append(
            {"book": book, "seq": seq, "at": at, "kind": kind, "entry": entry, "leaf": leaf}
        )
        recorded.append(Recorded(book, seq, at, leaf))
    db.session.connection().execute(_WRITE, rows)
    return recorded


def canonical_json(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no white space: the same facts are always the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf_hash(entry: str) -> bytes:
    """SHA-256(0x00 ‖ entry), the leaf of RFC 6962."""
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def _next_places(book: str, count: int) -> tuple[int, datetime]:
    """Take the next numbers under the book's row lock, and the time, which never runs backwards.

    The first number of a book is 0.
    """
    asked = {"of_book": book, "more": count, "now": clock.now()}
    row = db.session.connection().execute(_TAKE, asked).one_or_none()
    if row is None:
        _open_book(book)
        row = db.session.connection().execute(_TAKE, asked).one()
    return row.size - count, row.last_at


def _open_book(book: str) -> None:
    """Create the head row; another transaction may have done so at the same moment."""
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    insert_into: Any = postgresql.insert if is_postgresql else sqlite.insert
    row = insert_into(JournalHead).values(book=book, size=0, last_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())
