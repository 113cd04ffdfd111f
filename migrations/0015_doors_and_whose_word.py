"""Who speaks at a door, with what code, under which sign-in; attempts taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # None of what began before goes on: they lasted ten minutes.
    no, none = {"server_default": sa.false()}, {"server_default": ""}
    with op.batch_alter_table("assisted_session") as assisted:
        assisted.add_column(sa.Column("who", sa.String(length=30)))
        assisted.add_column(sa.Column("has_code", sa.Boolean(), nullable=False, **no))
        assisted.add_column(sa.Column("sign_in", sa.String(length=64), nullable=False, **none))
    with op.batch_alter_table("assisted_session") as assisted:
        for name in ("has_code", "sign_in"):
            assisted.alter_column(name, server_default=None)
    with op.batch_alter_table("visit") as visit:
        visit.add_column(sa.Column("taken_back_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("visit") as visit:
        visit.drop_column("taken_back_at")
    with op.batch_alter_table("assisted_session") as assisted:
        for name in ("sign_in", "has_code", "who"):
            assisted.drop_column(name)
