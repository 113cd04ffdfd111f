"""Reading the journal back and checking that nothing in it was touched."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select, union

from app.core.db import db
from app.journal.actions import leaf_hash
from app.journal.models import JournalEntry, JournalHead


@dataclass(frozen=True)
class Flaw:
    """The first place where a book does not hold together."""

    book: str
    seq: int
    reason: str


def books() -> list[str]:
    """The names of all books, those that have lost their head included."""
    named = union(select(JournalHead.book), select(JournalEntry.book))
    return sorted(db.session.scalars(named))


def entries(book: str) -> Generator[JournalEntry, None, None]:
    """All entries of `book` in order, streamed."""
    rows = select(JournalEntry).where(JournalEntry.book == book).order_by(JournalEntry.seq)
    with db.session.scalars(rows.execution_options(yield_per=2000)) as streamed:
        yield from streamed


def first_flaw(book: str) -> Flaw | None:
    """Check sequence, leaf hashes, columns and length of `book`; None when all is well.

    A leaf only proves its own entry: the row around it must say the same (TRUST.md §2).
    """
    expected = 0
    # Closed by hand: a reader that stops at the first flaw would leave a cursor on the server.
    with closing(entries(book)) as streamed:
        for entry in streamed:
            if entry.seq != expected:
                return Flaw(book, expected, "missing")
            if leaf_hash(entry.entry) != entry.leaf or not _tells_its_row(entry):
                return Flaw(book, entry.seq, "changed")
            expected += 1
    size = db.session.scalar(select(JournalHead.size).where(JournalHead.book == book))
    return None if size == expected else Flaw(book, expected, "cut off")


def _tells_its_row(entry: JournalEntry) -> bool:
    told = json.loads(entry.entry)
    at = entry.at.isoformat(timespec="microseconds")
    return (told["seq"], told["type"], told["ts"]) == (entry.seq, entry.kind, at)
