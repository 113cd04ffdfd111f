"""Messages of these tests arrive in a postbox, where a test asks for one."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.notices.postbox import Postbox, sending_to


@pytest.fixture
def postbox(app: Flask) -> Iterator[Postbox]:
    """A gateway for this test: without it nobody can be sent a code."""
    with sending_to(app, Postbox()) as postbox:
        yield postbox
