"""The only clock: everything that asks what time it is asks here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _pretended.get() or datetime.now(UTC)


@contextmanager
def pretending(moment: datetime) -> Iterator[None]:
    """Let everything inside happen at `moment`: one step at one moment, or the sample's past."""
    token = _pretended.set(moment)
    try:
        yield
    finally:
        _pretended.reset(token)
