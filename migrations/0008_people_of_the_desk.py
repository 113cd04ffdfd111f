"""The people of the desk: invitations, second factors, and each sign-in as a row."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("password_hash", existing_type=sa.String(length=200), nullable=True)
        staff.drop_column("session_stamp")
        staff.add_column(sa.Column("otp_sealed", sa.LargeBinary()))
        staff.add_column(sa.Column("otp_step", BigInt))
        staff.add_column(sa.Column("enrolled_at", Moment))
        staff.create_check_constraint(
            op.f("ck_staff_enrolled_with_secret"),
            "(otp_sealed IS NULL) = (enrolled_at IS NULL)",
        )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("made_by_id", sa.Integer()),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_invitation_staff_id"),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name="fk_invitation_made_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("token_digest", name="uq_invitation_token_digest"),
    )
    op.create_index("ix_invitation_staff_id", "invitation", ["staff_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("selector", sa.String(length=4), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.Column("used_at", Moment),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_recovery_code_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint("staff_id", "selector", name="uq_recovery_code_staff_id_selector"),
    )
    _create_sessions()


def _create_sessions() -> None:
    op.create_table(
        "staff_session",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=60), nullable=False),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_session_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_session"),
        sa.UniqueConstraint("token_digest", name="uq_staff_session_token_digest"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_index("ix_staff_session_began_at", "staff_session", ["began_at"])


def downgrade() -> None:
    for table in ("staff_session", "recovery_code", "invitation"):
        op.drop_table(table)
    # Nobody may come in without the second factor they had, nor with a password they never set.
    op.execute("UPDATE staff SET password_hash = '!' WHERE password_hash IS NULL")
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f("ck_staff_enrolled_with_secret"), type_="check")
        for column in ("otp_sealed", "otp_step", "enrolled_at"):
            staff.drop_column(column)
        staff.alter_column("password_hash", existing_type=sa.String(length=200), nullable=False)
        staff.add_column(
            sa.Column("session_stamp", sa.String(length=20), nullable=False, server_default="")
        )
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("session_stamp", existing_type=sa.String(length=20), server_default=None)
