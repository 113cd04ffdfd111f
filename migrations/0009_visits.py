"""Attempts to reach a home, who walks where, and what is taken down at a door."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
Word = sa.String(length=30)


def upgrade() -> None:
    _create_visits()
    _create_assignments()
    op.create_table(
        "assisted_session",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("reason", Word, nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("vote_id", BigInt),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["register_entry.id"], name="fk_assisted_session_entry_id"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_assisted_session_staff_id"),
        sa.ForeignKeyConstraint(["vote_id"], ["vote.id"], name="fk_assisted_session_vote_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assisted_session"),
        sa.UniqueConstraint("vote_id", name="uq_assisted_session_vote_id"),
        sa.CheckConstraint(
            "vote_id IS NULL OR ended_at IS NOT NULL",
            name=op.f("ck_assisted_session_over_with_its_vote"),
        ),
    )
    op.create_index("ix_assisted_session_entry_id", "assisted_session", ["entry_id"])
    op.create_index(
        "uq_assisted_session_staff_id_going",
        "assisted_session",
        ["staff_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    for table in ("assisted_session", "assignment", "assignment_change", "visit"):
        op.drop_table(table)


def _create_visits() -> None:
    op.create_table(
        "visit",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("way", Word, nullable=False),
        sa.Column("outcome", Word, nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("proof", sa.String(length=120), nullable=False),
        sa.Column("next_on", sa.Date()),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_visit_round_id"),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name="fk_visit_entry_id"),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name="fk_visit_made_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visit"),
        sa.UniqueConstraint("request_id", name="uq_visit_request_id"),
        sa.CheckConstraint("made_at <= recorded_at", name=op.f("ck_visit_made_before_recorded")),
    )
    op.create_index("ix_visit_round_id_entry_id", "visit", ["round_id", "entry_id", "made_at"])


def _create_assignments() -> None:
    op.create_table(
        "assignment_change",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Integer()),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=False),
        sa.Column("undone_at", Moment),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_assignment_change_round_id"),
        sa.ForeignKeyConstraint(["worker_id"], ["staff.id"], name="fk_assignment_change_worker_id"),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["staff.id"], name="fk_assignment_change_made_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_assignment_change"),
    )
    op.create_table(
        "assignment",
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("change_id", BigInt, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name="fk_assignment_entry_id"),
        sa.ForeignKeyConstraint(["worker_id"], ["staff.id"], name="fk_assignment_worker_id"),
        sa.ForeignKeyConstraint(
            ["change_id"], ["assignment_change.id"], name="fk_assignment_change_id"
        ),
        sa.PrimaryKeyConstraint("entry_id", name="pk_assignment"),
    )
    op.create_index("ix_assignment_worker_id", "assignment", ["worker_id"])
