"""Messages in a test leave through a postbox, by day unless a test says otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from tests.notices.postbox import Postbox, sending_to

# Ten in the morning in Shanghai.
MORNING = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def postbox(app: Flask) -> Iterator[Postbox]:
    """Where everything arrives that is sent in this test."""
    with sending_to(app, Postbox()) as postbox:
        yield postbox


@pytest.fixture(autouse=True)
def morning() -> Iterator[time_machine.Traveller]:
    """The test begins at ten in the morning; `move_to` and `shift` go on from there."""
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller
