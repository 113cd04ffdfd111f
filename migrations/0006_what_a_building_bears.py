"""What a plan version says of noise and cut-offs, and of single buildings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NAMES = ("by_building", "disruption")


def upgrade() -> None:
    with op.batch_alter_table("plan_version") as version:
        for name in NAMES:
            version.add_column(sa.Column(name, sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("plan_version") as version:
        for name in NAMES:
            version.alter_column(name, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("plan_version") as version:
        for name in NAMES:
            version.drop_column(name)
