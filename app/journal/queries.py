"""Reading the journal back and checking that nothing in it was touched."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

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
    """The names of all books."""
    return list(db.session.scalars(select(JournalHead.book).order_by(JournalHead.book)))


def entries(book: str) -> Iterator[JournalEntry]:
    """All entries of `book` in order, streamed."""
    rows = select(JournalEntry).where(JournalEntry.book == book).order_by(JournalEntry.seq)
    return iter(db.session.scalars(rows.execution_options(yield_per=2000)))


def first_flaw(book: str) -> Flaw | None:
    """Check sequence, leaf hashes and length of `book`; None when all is well (TRUST.md §2)."""
    expected = 0
    for entry in entries(book):
        if entry.seq != expected:
            return Flaw(book, expected, "missing")
        if leaf_hash(entry.entry) != entry.leaf:
            return Flaw(book, entry.seq, "changed")
        expected += 1
    head = db.session.get_one(JournalHead, book)
    return None if head.size == expected else Flaw(book, expected, "cut off")
