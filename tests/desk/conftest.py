"""What the tests of the desk share: a clean memory of boards, and votes cast in bulk."""

from collections.abc import Iterator

import pytest

from app.desk import live


@pytest.fixture(autouse=True)
def no_boards_remembered() -> Iterator[None]:
    """Every test has a database of its own; boards of the one before must not be served."""
    live.forget()
    yield
    live.forget()
