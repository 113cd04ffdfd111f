"""Messages of a test leave through a postbox; nobody reads too fast for the next test."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app.households.home_desk import pace
from tests.households.homes import Place, make_place
from tests.notices.postbox import Postbox, sending_to


@pytest.fixture
def postbox(app: Flask) -> Iterator[Postbox]:
    """Where everything arrives that is sent in this test."""
    with sending_to(app, Postbox()) as postbox:
        yield postbox


@pytest.fixture(autouse=True)
def unhurried() -> None:
    """Ids come again after a rollback, and with them who read how much."""
    pace.forget()


@pytest.fixture
def place(session: object) -> Place:
    """A building with a home that has a phone, and its office."""
    return make_place()
