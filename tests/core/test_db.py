"""The database settings we rely on, on SQLite and on the engine under test."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock, jobs
from app.core.db import beforehand, db, mark_reading, once, reading
from app.core.errors import Refused
from app.core.limits import Attempt
from app.journal.models import JournalHead
from tests.apart import app_apart


@pytest.fixture
def sqlite(tmp_path: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{tmp_path / 'own.sqlite'}", poolclass=sa.NullPool)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        # 2 is FULL: what was acknowledged survives a power cut.
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("mmap_size", 0),
    ],
)
def test_sqlite_is_set_up_to_lose_nothing(sqlite: sa.Engine, pragma: str, value: str | int) -> None:
    with sqlite.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_a_writing_transaction_takes_the_write_lock_at_once(sqlite: sa.Engine) -> None:
    mark_reading(False)
    with sqlite.connect() as first, sqlite.connect() as second:
        second.connection.execute("PRAGMA busy_timeout=0")  # type: ignore[attr-defined]
        first.begin()
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            second.begin()


def test_a_reading_transaction_waits_for_nobody(sqlite: sa.Engine) -> None:
    mark_reading(False)
    with sqlite.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with sqlite.connect() as writer, sqlite.connect() as reader:
        writer.begin()
        writer.exec_driver_sql("INSERT INTO t VALUES (2)")
        with reading():
            reader.begin()
            assert reader.exec_driver_sql("SELECT count(*) FROM t").scalar() == 1


def test_writers_wait_in_line_and_nobody_is_told_that_it_is_locked(
    tmp_path: Path, worker_id: str
) -> None:
    with app_apart(tmp_path, f"line_{worker_id}") as app:
        with app.app_context():
            db.engine.dispose()
            if db.engine.dialect.name == "sqlite":
                # The file itself refuses at once, so only waiting in line helps.
                sa.event.listen(
                    db.engine, "connect", lambda c, _record: c.execute("PRAGMA busy_timeout=0")
                )

        def write(number: int) -> None:
            with app.app_context():
                db.session.add(Attempt(key=f"writer-{number}", at=clock.now()))
                db.session.flush()
                time.sleep(0.005)
                db.session.commit()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(24)))
        with app.app_context():
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == 24


def test_what_is_looked_up_beforehand_keeps_no_writer_waiting(
    tmp_path: Path, worker_id: str
) -> None:
    with app_apart(tmp_path, f"beforehand_{worker_id}") as app, app.app_context():
        mark_reading(False)
        with beforehand():
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == 0
            others = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
            with reading_off(), others.begin() as writer:
                writer.execute(sa.insert(Attempt).values(key="writer", at=clock.now()))
        assert not db.session.in_transaction()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Attempt)) == 1


@contextmanager
def reading_off() -> Iterator[None]:
    """Somebody else writes meanwhile."""
    mark_reading(False)
    yield
    mark_reading(True)


def test_a_connection_on_which_the_server_hung_up_is_replaced(
    tmp_path: Path, worker_id: str
) -> None:
    with app_apart(tmp_path, f"hung_up_{worker_id}") as app, app.app_context():
        is_server = db.engine.dialect.name == "postgresql"
        number = db.session.scalar(sa.text(f"SELECT {'pg_backend_pid()' if is_server else 1}"))
        db.session.close()
        if is_server:
            others = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
            with others.begin() as operator:
                end = sa.text("SELECT pg_terminate_backend(:number, 1000)")
                assert operator.scalar(end, {"number": number})
        assert db.session.scalar(sa.text("SELECT 2")) == 2


def test_a_rolled_back_change_leaves_nothing(sqlite: sa.Engine) -> None:
    with sqlite.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n)")
        connection.rollback()
        with reading():
            assert sa.inspect(connection).get_table_names() == []


def test_a_moment_comes_back_as_the_same_moment_in_utc(session: Session) -> None:
    shanghai = timezone(timedelta(hours=8))
    session.add(Attempt(key="utc", at=datetime(2026, 12, 5, 18, 0, 0, 123456, shanghai)))
    session.commit()
    session.expire_all()
    at = session.scalars(sa.select(Attempt.at).where(Attempt.key == "utc")).one()
    assert at == datetime(2026, 12, 5, 10, 0, 0, 123456, UTC)
    assert at.utcoffset() == timedelta(0)


def test_moments_are_compared_in_utc_by_the_database(session: Session) -> None:
    noon = datetime(2026, 12, 5, 12, tzinfo=UTC)
    session.add(Attempt(key="order", at=noon))
    session.flush()
    later_in_shanghai = datetime(2026, 12, 5, 19, 59, tzinfo=timezone(timedelta(hours=8)))
    found = session.scalars(sa.select(Attempt).where(Attempt.at > later_in_shanghai)).all()
    assert [attempt.key for attempt in found] == ["order"]


def test_a_moment_without_a_zone_is_refused(session: Session) -> None:
    session.add(Attempt(key="naive", at=datetime(2026, 12, 5)))
    with pytest.raises(sa.exc.StatementError, match="naive"):
        session.flush()


def test_a_second_one_of_its_kind_is_refused_and_leaves_nothing(session: Session) -> None:
    moment = datetime(2026, 12, 5, tzinfo=UTC)
    with once(Refused("已经有了")):
        session.add(JournalHead(book="one", size=0, last_at=moment))
    session.expunge_all()
    with pytest.raises(Refused, match="已经有了"), once(Refused("已经有了")):
        session.add_all(
            [Attempt(key="beside", at=moment), JournalHead(book="one", size=5, last_at=moment)]
        )
    assert session.scalar(sa.select(JournalHead.size).where(JournalHead.book == "one")) == 0
    assert session.scalars(sa.select(Attempt).where(Attempt.key == "beside")).all() == []


def test_the_text_of_a_database_error_tells_no_values(session: Session) -> None:
    statement = sa.text("INSERT INTO no_such_table (name) VALUES (:name)")
    with pytest.raises(sa.exc.DBAPIError) as error, session.begin_nested():
        session.execute(statement, {"name": "王秀英"})
    assert "王秀英" not in str(error.value)


def test_foreign_keys_hold_on_the_engine_under_test(session: Session) -> None:
    session.add(jobs.Job(kind="x", params={}, asked_by_id=987654, asked_at=datetime.now(UTC)))
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()
