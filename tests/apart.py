"""An application with a database of its own, for tests that commit, migrate, or use threads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from app import create_app
from app.core.db import alembic, db
from tests.conftest import config_for, database_url_for


@contextmanager
def app_apart(
    instance: Path,
    name: str,
    *,
    migrated: bool = True,
    prepare: Callable[[Flask], object] = lambda app: None,
) -> Iterator[Flask]:
    """The application on a fresh database `name` of the engine under test.

    `prepare` may add routes before the first request.
    """
    app = create_app(config_for(instance, database_url_for(instance, name)))
    prepare(app)
    with app.app_context():
        if migrated:
            alembic.upgrade()
    yield app
    with app.app_context():
        db.session.close()
        db.engine.dispose()
