"""Who says that an invited account is used by its own person."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("vouched_at", sa.DateTime(timezone=True)))
        staff.add_column(sa.Column("vouched_by_id", sa.Integer()))
    with op.batch_alter_table("staff") as staff:
        staff.create_foreign_key("fk_staff_vouched_by_id", "staff", ["vouched_by_id"], ["id"])
        staff.create_check_constraint(
            op.f("ck_staff_vouched_by_somebody"),
            "(vouched_at IS NULL) = (vouched_by_id IS NULL)",
        )


def downgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint(op.f("ck_staff_vouched_by_somebody"), type_="check")
        staff.drop_constraint("fk_staff_vouched_by_id", type_="foreignkey")
        staff.drop_column("vouched_by_id")
        staff.drop_column("vouched_at")
