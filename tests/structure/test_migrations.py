"""Migrations: one line of them, up and down again, and the schema they make is the models'."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import clock
from app.core.db import alembic, db
from app.journal.actions import record
from app.journal.models import Kind
from tests.apart import app_apart
from tests.structure.source import ROOT


@pytest.fixture
def empty(tmp_path: Path, worker_id: str) -> Iterator[Flask]:
    """An application with a database of its own that holds nothing, not even tables."""
    with app_apart(tmp_path, f"migrations_{worker_id}", migrated=False) as app, app.app_context():
        yield app


def test_migrations_are_numbered_and_stand_in_one_line(app: Flask) -> None:
    names = sorted(path.name for path in (ROOT / "migrations").glob("*.py"))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+\.py", name) for name in names)
    with app.app_context():
        scripts = list(alembic.script_directory.walk_revisions())
    assert [script.revision for script in reversed(scripts)] == [name[:4] for name in names]
    assert [script.down_revision for script in reversed(scripts)] == [
        None,
        *(name[:4] for name in names[:-1]),
    ]


def test_the_schema_after_all_migrations_is_the_one_of_the_models(empty: Flask) -> None:
    alembic.upgrade()
    assert alembic.compare_metadata() == []


def test_down_takes_everything_away_and_up_works_again(empty: Flask) -> None:
    alembic.upgrade()
    alembic.downgrade("base")
    left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    alembic.upgrade()
    assert alembic.compare_metadata() == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET entry = '{}'",
        "UPDATE journal_entry SET seq = seq + 1",
        "DELETE FROM journal_entry",
    ],
)
def test_the_database_itself_refuses_to_change_the_journal(
    session: sa.orm.Session, statement: str
) -> None:
    record("round-1", Kind.VOTE, {"at": clock.now().isoformat()}, actor="nobody")
    session.flush()
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), session.begin_nested():
        session.execute(sa.text(statement))
    assert session.scalar(sa.text("SELECT count(*) FROM journal_entry")) == 1


def test_the_journal_is_never_emptied_at_one_blow(session: sa.orm.Session) -> None:
    record("round-1", Kind.VOTE, {"at": clock.now().isoformat()}, actor="nobody")
    session.flush()
    # SQLite knows no such statement at all.
    refusal = pytest.raises(sa.exc.DBAPIError, match=r"append-only|syntax error")
    with refusal, session.begin_nested():
        session.execute(sa.text("TRUNCATE journal_entry"))
    assert session.scalar(sa.text("SELECT count(*) FROM journal_entry")) == 1
