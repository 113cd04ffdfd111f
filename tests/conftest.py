"""One application and database for the session; every test runs in a transaction rolled back.

`JUYI_TEST_DATABASE_URL` chooses the engine: empty for SQLite, or a PostgreSQL address whose
database is replaced by one of our own (`juyi_test_<worker>`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from pytest_socket import socket_allow_hosts

from app import create_app
from app.accounts.queries import forget_identities
from app.config import Config
from app.core.db import alembic, db
from app.desk import live
from tests.client import PageClient


@pytest.fixture(autouse=True)
def loopback_only() -> None:
    """No test talks to anything but this machine."""
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Config:
    instance = tmp_path_factory.mktemp("instance")
    return config_for(instance, database_url_for(instance, worker_id))


def config_for(instance: Path, database_url: str) -> Config:
    """Settings for a test application that keeps everything below `instance`."""
    return Config(
        database_url=database_url,
        redis_url=None,
        base_url="http://127.0.0.1:8000",
        secret_key="test-secret-key-" + "s" * 32,
        code_key="test-code-key-" + "c" * 32,
        instance_dir=instance,
        testing=True,
    )


def database_url_for(instance: Path, name: str) -> str:
    """A fresh, empty database on the engine under test."""
    server = os.environ.get("JUYI_TEST_DATABASE_URL", "")
    if not server:
        return f"sqlite:///{instance / 'juyi.sqlite'}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    # Of this process alone: two runs on one machine must not take each other's away.
    database = f"juyi_test_{name}_{os.getpid()}"
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'))
        connection.execute(sa.text(f'CREATE DATABASE "{database}"'))
    admin.dispose()
    # Nothing here outlives the run, so nobody waits for the disk.
    url = url.set(database=database).update_query_dict({"options": "-csynchronous_commit=off"})
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    with app.app_context():
        alembic.upgrade()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[sa.orm.Session]:
    """The database session of the test; everything is undone afterwards.

    Every session of the application joins one connection by a savepoint, so that commits stay
    inside its outer transaction. (The isolation of Flask-SQLAlchemy-Lite patches the engine,
    which SQLAlchemy 2.1 no longer joins by savepoint.)
    """
    # SQLite gives out the same ids again after a rollback: what boards remember must go.
    live.forget()
    with app.app_context(), db.engine.connect() as connection:
        outer = connection.begin()
        db.sessionmaker.configure(bind=connection, join_transaction_mode="create_savepoint")
        yield db.session
        db.session.close()
        db.sessionmaker.configure(bind=db.engine)
        outer.rollback()


@pytest.fixture
def client(app: Flask, session: sa.orm.Session) -> PageClient:
    """A browser without JavaScript; see tests/client.py."""
    return PageClient(app)


@pytest.fixture
def count_queries(session: sa.orm.Session) -> Callable[..., AbstractContextManager[list[str]]]:
    """`with count_queries() as statements:` collects what reaches the database inside.

    Who is signed in is remembered for a second, so whether it is asked for would be chance:
    it always is, or with `known=True` not before that second is over.
    """

    @contextmanager
    def counting(*, known: bool = False) -> Iterator[list[str]]:
        statements: list[str] = []
        if not known:
            forget_identities()

        def note(*args: object) -> None:
            text = str(args[2])
            if not text.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
                statements.append(text)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)

    return counting
