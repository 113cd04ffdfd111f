"""Messages to the phones of homes, and their way to the gateway."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("phone", sa.String(length=20)),
        sa.Column("body", sa.Text()),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=30), nullable=False),
        sa.Column("queued_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("claimed_until", Moment),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.Column("finished_at", Moment),
        sa.Column("provider_id", sa.String(length=80)),
        sa.Column("error", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'claimed'))",
            name=op.f("ck_message_finished_for_good"),
        ),
        sa.CheckConstraint(
            "(claimed_until IS NULL) = (state <> 'claimed')",
            name=op.f("ck_message_claimed_with_lease"),
        ),
        sa.CheckConstraint(
            "finished_at IS NOT NULL OR (phone IS NOT NULL AND body IS NOT NULL)",
            name=op.f("ck_message_blank_only_when_finished"),
        ),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name="fk_message_household_id"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint(
            "household_id",
            "cause",
            "phone",
            "kind",
            name="uq_message_household_id_cause_phone_kind",
        ),
    )
    op.create_index(
        "ix_message_due_at",
        "message",
        ["due_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        "ix_message_finished_at",
        "message",
        ["finished_at"],
        sqlite_where=sa.text("body IS NOT NULL"),
        postgresql_where=sa.text("body IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("message")
