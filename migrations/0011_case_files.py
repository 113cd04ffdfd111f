"""What the desk keeps about a case: owner, due day, notes; photographs with objections."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "case_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("subject_id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer()),
        sa.Column("taken_at", Moment),
        sa.Column("due_at", Moment),
        sa.Column("due_set_at", Moment),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_case_file_round_id"),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name="fk_case_file_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_file"),
        sa.UniqueConstraint("kind", "subject_id", name="uq_case_file_kind_subject_id"),
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=30), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer()),
        sa.Column("due_at", Moment),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["case_file.id"], name="fk_case_event_file_id"),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name="fk_case_event_by_id"),
        sa.ForeignKeyConstraint(["to_id"], ["staff.id"], name="fk_case_event_to_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_event"),
    )
    op.create_index("ix_case_event_file_id", "case_event", ["file_id"])
    with op.batch_alter_table("objection") as objection:
        objection.add_column(sa.Column("evidence_digest", sa.String(length=64)))


def downgrade() -> None:
    with op.batch_alter_table("objection") as objection:
        objection.drop_column("evidence_digest")
    op.drop_table("case_event")
    op.drop_table("case_file")
