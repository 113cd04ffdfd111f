"""The phone door: one-time codes, sessions begun by phone, tries that are found by their time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "phone_code",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("browser_digest", sa.String(length=64), nullable=False),
        sa.Column("contact_id", BigInt),
        sa.Column("code_hash", sa.String(length=64)),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_phone_code_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_code"),
        sa.UniqueConstraint("browser_digest", name="uq_phone_code_browser_digest"),
    )
    op.create_index("ix_phone_code_asked_at", "phone_code", ["asked_at"])
    with op.batch_alter_table("household_session") as session:
        session.add_column(sa.Column("contact_id", BigInt))
        session.create_foreign_key(
            "fk_household_session_contact_id", "contact", ["contact_id"], ["id"]
        )
    op.create_index("ix_household_session_contact_id", "household_session", ["contact_id"])
    op.create_index("ix_attempt_at", "attempt", ["at"])


def downgrade() -> None:
    op.drop_index("ix_attempt_at", table_name="attempt")
    op.drop_index("ix_household_session_contact_id", table_name="household_session")
    with op.batch_alter_table("household_session") as session:
        session.drop_constraint("fk_household_session_contact_id", type_="foreignkey")
        session.drop_column("contact_id")
    op.drop_index("ix_phone_code_asked_at", table_name="phone_code")
    op.drop_table("phone_code")
