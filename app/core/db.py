"""The database: one declarative base, one session, and the engine settings we rely on.

It owns how a transaction begins; what is stored belongs to the features.
"""

import select
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from flask import Flask
from flask_alembic import Alembic
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    DateTime,
    Dialect,
    Enum,
    Index,
    Integer,
    MetaData,
    event,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DisconnectionError, IntegrityError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, Pool
from sqlalchemy.types import TypeDecorator

from app.core.errors import Refused


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite keeps it without its offset, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no meaning here")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def unique_where(condition: str, name: str, *columns: str) -> Index:
    """A unique index over the rows for which `condition` holds, on both engines."""
    only = text(condition)
    return Index(name, *columns, unique=True, sqlite_where=only, postgresql_where=only)


# Areas (0.01 m²) and money (fen) of a district outgrow 32 bits on PostgreSQL.
BigInt = BigInteger().with_variant(Integer, "sqlite")


class Model(DeclarativeBase):
    """Base of every table; constraint names are spelled out so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[int]: JSON(),
        # An enum is stored by its value and comes back as itself.
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            length=30,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


# At least as many connections as a process has threads (deploy/gunicorn.py), or one waits long.
POOL = 32
# Parameters are people's names and phones: they must not reach the log in an error's text.
db = SQLAlchemy(engine_options={"hide_parameters": True, "pool_size": POOL})
alembic = Alembic(metadatas=Model.metadata)


def init(app: Flask) -> None:
    """Set up engines, sessions and migrations."""
    db.init_app(app)
    alembic.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _turns[db.engine] = _Turn()
    # We keep no asynchronous session; looking for one would start a thread in every request,
    # which costs more than the rest of a small answer.
    app.teardown_appcontext_funcs = [
        close
        for close in app.teardown_appcontext_funcs
        if close.__name__ != "_close_async_sessions"
    ]


def as_plain_utc(moment: datetime) -> str:
    """A moment as SQLite keeps it, for statements that take their rows as JSON."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def is_postgresql() -> bool:
    """Whether the session speaks to PostgreSQL, for what the two engines do differently."""
    return bool(db.session.get_bind().dialect.name == "postgresql")


_reading: ContextVar[bool] = ContextVar("reading", default=False)


@contextmanager
def reading() -> Iterator[None]:
    """Inside, SQLite transactions take no write lock; writing is a programming error."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


def mark_reading(is_reading: bool) -> None:
    """Say for the rest of this context whether transactions only read (a GET) or may write."""
    _reading.set(is_reading)


@contextmanager
def beforehand() -> Iterator[None]:
    """Look something up before the real work: as a reader, in a transaction of its own.

    Nothing may have been changed yet. Who may write is found out without keeping writers waiting.
    """
    is_about_to_write = not _reading.get()
    with reading():
        yield
    if is_about_to_write:
        release()


def release() -> None:
    """End the current transaction without writing, so that slow work holds no lock."""
    db.session.rollback()


@contextmanager
def once(refusal: Refused) -> Iterator[None]:
    """Translate a broken uniqueness inside into `refusal`; nothing of the block remains then."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError:
        raise refusal from None


@event.listens_for(Engine, "connect")
def _configure_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # Python's implicit BEGIN leaks and starts too late; we emit our own below.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "mmap_size=0",
    ):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if not _reading.get() and connection.engine in _turns:
        _turns[connection.engine].wait(connection.info)
    # A write that begins as a read may fail when it is upgraded; so it begins as a write.
    connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")


class _Turn:
    """Lets the writers of one SQLite file come one after the other.

    SQLite itself only sleeps and looks again, longer and longer: under load most of the time
    would be slept away, and whoever has bad luck would be told that the database is locked.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    def wait(self, info: dict[Any, Any]) -> None:
        """Until the connection of this `info` may write; SQLite decides after half a minute."""
        # Whoever waits for himself waits for ever.
        is_mine = self._holder == threading.get_ident()
        if not is_mine and self._lock.acquire(timeout=30):
            self._holder = threading.get_ident()
            info[_Turn] = self

    def pass_on(self) -> None:
        """Let the next one write."""
        self._holder = None
        self._lock.release()


_turns: WeakKeyDictionary[Engine, _Turn] = WeakKeyDictionary()


@event.listens_for(Pool, "checkin")
def _pass_turn_on(_connection: Any, record: ConnectionPoolEntry) -> None:
    # A connection goes back as soon as its transaction is over.
    if turn := record.info.pop(_Turn, None):
        turn.pass_on()


@event.listens_for(Pool, "checkout")
def _notice_hang_up(connection: Any, _record: Any, _fairy: Any) -> None:
    """Give up a connection whose server went away; asking it first would cost a round trip."""
    if isinstance(connection, psycopg.Connection):
        watch = select.poll()
        watch.register(connection.fileno(), select.POLLIN)
        # Nothing was asked, so whatever can be read is a farewell.
        if watch.poll(0):
            raise DisconnectionError
