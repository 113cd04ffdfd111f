"""Writing the journal: one verb, inside the transaction of the change it records."""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects import postgresql, sqlite

from app.core import clock
from app.core.db import as_plain_utc, db, is_postgresql
from app.core.tokens import random_bytes
from app.journal.models import JournalHead, Kind

OFFICE = "office"
SYSTEM = "system"


@dataclass(frozen=True)
class Event:
    """What is to be recorded: in which book, which facts, and who did it.

    `facts` hold integers, strings and lists of them, never personal data; `actor` is a salted
    commitment or `SYSTEM`.
    """

    book: str
    facts: dict[str, Any]
    actor: str


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
        # Eight bytes make thirteen characters.
        return base64.b32encode(self.leaf[:8]).decode()[:12]


def book_of_round(round_id: int) -> str:
    """The book in which everything about one round stands."""
    return f"round-{round_id}"


def record(book: str, kind: Kind, facts: dict[str, Any], *, actor: str) -> Recorded:
    """Append one `Event` to `book`, in the caller's transaction.

    Sequence and time never run backwards (FAULTS.md F05).
    """
    # The change that is recorded comes first, should it be refused by the database.
    db.session.flush()
    [recorded] = record_all(kind, [Event(book, facts, actor)])
    return recorded


def record_all(kind: Kind, events: Sequence[Event]) -> list[Recorded]:
    """Append events of one kind, each to its book, in this order; see `record`."""
    places = _take_places(Counter(event.book for event in events))
    recorded, entries = [], []
    for event in events:
        seq, at = places[event.book]
        places[event.book] = seq + 1, at
        frame = {
            "v": 1,
            "seq": seq,
            "ts": at.isoformat(timespec="microseconds"),
            "type": kind.value,
            "actor": event.actor,
            "nonce": random_bytes().hex(),
        }
        entries.append(canonical_json({**event.facts, **frame}))
        recorded.append(Recorded(event.book, seq, at, leaf_hash(entries[-1])))
    _write(kind, recorded, entries)
    return recorded


def canonical_json(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no white space: the same facts are always the same bytes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf_hash(entry: str) -> bytes:
    """SHA-256(0x00 ‖ entry), the leaf of RFC 6962."""
    return hashlib.sha256(b"\x00" + entry.encode()).digest()


def _take_places(wanted: Mapping[str, int]) -> dict[str, tuple[int, datetime]]:
    """The next free number of each book (the first one is 0) and the time of its next entries.

    So many numbers as `wanted` are taken, under the row locks of the books.
    """
    take = _TAKE_IN_POSTGRESQL if is_postgresql() else _TAKE_IN_SQLITE
    asked = {"wanted": json.dumps(wanted), "now": clock.now()}
    rows = db.session.connection().execute(take, asked).all()
    places = {row.book: (row.size - wanted[row.book], row.last_at) for row in rows}
    missing = {book: count for book, count in wanted.items() if book not in places}
    if missing:
        _open_books(missing)
        places |= _take_places(missing)
    return places


def _open_books(books: Iterable[str]) -> None:
    """Create the head rows; another transaction may have done so at the same moment."""
    insert_into: Any = postgresql.insert if is_postgresql() else sqlite.insert
    rows = [{"book": book, "size": 0, "last_at": clock.now()} for book in books]
    db.session.execute(insert_into(JournalHead).values(rows).on_conflict_do_nothing())


def _write(kind: Kind, recorded: Sequence[Recorded], entries: Sequence[str]) -> None:
    write = _WRITE_IN_POSTGRESQL if is_postgresql() else _WRITE_IN_SQLITE
    rows = [
        {"book": one.book, "seq": one.seq, "at": as_plain_utc(one.at), "entry": entry}
        for one, entry in zip(recorded, entries, strict=True)
    ]
    facts = {
        "rows": json.dumps(rows, ensure_ascii=False),
        # JSON knows no bytes; each leaf is 32 of them.
        "leaves": b"".join(one.leaf for one in recorded),
        "kind": kind.value,
    }
    db.session.connection().execute(write, facts)


_NOW = bindparam("now", type_=JournalHead.last_at.type)
_PLACE = {"size": JournalHead.size.type, "last_at": JournalHead.last_at.type}
_TAKE_IN_POSTGRESQL = (
    text("""
    UPDATE journal_head
    SET size = size + CAST(value AS bigint),
        last_at = CASE WHEN last_at > :now THEN last_at ELSE :now END
    FROM json_each_text(CAST(:wanted AS json)) WHERE book = key
    RETURNING book, size, last_at
    """)
    .bindparams(_NOW)
    .columns(**_PLACE)
)
_TAKE_IN_SQLITE = (
    text("""
    UPDATE journal_head
    SET size = size + value, last_at = CASE WHEN last_at > :now THEN last_at ELSE :now END
    FROM json_each(:wanted) WHERE book = key
    RETURNING book, size, last_at
    """)
    .bindparams(_NOW)
    .columns(**_PLACE)
)
_WRITE_IN_POSTGRESQL = text("""
    INSERT INTO journal_entry (book, seq, at, kind, entry, leaf)
    SELECT book, seq, at AT TIME ZONE 'UTC', :kind, entry,
        substr(:leaves, CAST(place AS integer) * 32 - 31, 32)
    FROM ROWS FROM (
        json_to_recordset(CAST(:rows AS json)) AS (book text, seq bigint, at timestamp, entry text)
    ) WITH ORDINALITY AS sent(book, seq, at, entry, place)
""")
_WRITE_IN_SQLITE = text("""
    INSERT INTO journal_entry (book, seq, at, kind, entry, leaf)
    SELECT value ->> 'book', value ->> 'seq', value ->> 'at', :kind, value ->> 'entry',
        substr(:leaves, key * 32 + 1, 32)
    FROM json_each(:rows)
""")
