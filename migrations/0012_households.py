"""Votes that wait for a new phone, looks at a home's choices, changes of who speaks for a home."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("vote") as vote:
        vote.add_column(sa.Column("waits_until", Moment))
    _create_looks()
    _create_changes()


def downgrade() -> None:
    op.drop_table("home_change")
    op.drop_table("break_glass")
    # What waits did not count, and no table would say so any more: its home is silent then.
    op.execute(
        "UPDATE register_entry SET voice = 'silent' WHERE voice = 'to_confirm' AND id IN "
        "(SELECT entry_id FROM vote WHERE is_current AND waits_until IS NOT NULL)"
    )
    op.execute(
        sa.text("UPDATE vote SET is_current = :no WHERE waits_until IS NOT NULL").bindparams(
            no=False
        )
    )
    with op.batch_alter_table("vote") as vote:
        vote.drop_column("waits_until")


def _create_looks() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_break_glass_round_id"),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["register_entry.id"], name="fk_break_glass_entry_id"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["staff.id"], name="fk_break_glass_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_break_glass"),
    )
    op.create_index("ix_break_glass_entry_id", "break_glass", ["entry_id"])


def _create_changes() -> None:
    op.create_table(
        "home_change",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("phone", sa.String(length=20)),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("ending_id", BigInt),
        sa.Column("owners", sa.JSON(), nullable=False),
        sa.Column("since", Moment),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("photo", sa.String(length=64)),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("settled_at", Moment),
        sa.Column("settled_by_id", sa.Integer()),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (outcome = 'waiting')", name=op.f("ck_home_change_settled")
        ),
        sa.CheckConstraint(
            "(settled_by_id IS NULL) = (settled_at IS NULL)",
            name=op.f("ck_home_change_settled_by_somebody"),
        ),
        sa.CheckConstraint(
            "outcome <> 'approved' OR settled_by_id <> proposed_by_id",
            name=op.f("ck_home_change_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_home_change_household_id"
        ),
        sa.ForeignKeyConstraint(["ending_id"], ["contact.id"], name="fk_home_change_ending_id"),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["staff.id"], name="fk_home_change_proposed_by_id"
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["staff.id"], name="fk_home_change_settled_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_home_change"),
    )
    op.create_index("ix_home_change_household_id", "home_change", ["household_id"])
    waiting = sa.text("outcome = 'waiting'")
    op.create_index(
        "uq_home_change_household_id_waiting",
        "home_change",
        ["household_id"],
        unique=True,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
