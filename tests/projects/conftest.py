"""Who does things on the pages of plans."""

import pytest

from app.core.guards import Role
from tests.client import PageClient
from tests.factories import make_staff


@pytest.fixture
def worker(client: PageClient) -> PageClient:
    """A signed-in community worker whose scope is everything."""
    client.sign_in(make_staff(Role.WORKER))
    return client
