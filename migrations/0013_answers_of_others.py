"""Answers of designers and builders: who a comment is for, in what role one answered, templates."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

Moment = sa.DateTime(timezone=True)
STAFF = {
    "assigned_to_id": "fk_comment_assigned_to_id",
    "proposed_by_id": "fk_comment_proposed_by_id",
}
# Everybody who could answer before belonged to the office.
ROLE_OF_WHO_ANSWERED = "(SELECT role FROM staff WHERE staff.id = reply.staff_id)"


def upgrade() -> None:
    with op.batch_alter_table("comment") as comment:
        for name in ("assigned_at", "proposed_at"):
            comment.add_column(sa.Column(name, Moment))
        for name in STAFF:
            comment.add_column(sa.Column(name, sa.Integer()))
    with op.batch_alter_table("comment") as comment:
        for column, name in STAFF.items():
            comment.create_foreign_key(name, "staff", [column], ["id"])
        comment.create_index("ix_comment_assigned_to_id", ["assigned_to_id"])
    with op.batch_alter_table("reply") as reply:
        reply.add_column(sa.Column("role", sa.String(length=30)))
        reply.add_column(sa.Column("version_id", sa.Integer()))
    op.execute(f"UPDATE reply SET role = {ROLE_OF_WHO_ANSWERED}")
    with op.batch_alter_table("reply") as reply:
        reply.alter_column("role", existing_type=sa.String(length=30), nullable=False)
        reply.create_foreign_key("fk_reply_version_id", "plan_version", ["version_id"], ["id"])
    op.create_table(
        "reply_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer()),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name="fk_reply_template_area_id"),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["staff.id"], name="fk_reply_template_written_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reply_template"),
    )


def downgrade() -> None:
    op.drop_table("reply_template")
    with op.batch_alter_table("reply") as reply:
        reply.drop_constraint("fk_reply_version_id", type_="foreignkey")
        reply.drop_column("version_id")
        reply.drop_column("role")
    with op.batch_alter_table("comment") as comment:
        comment.drop_index("ix_comment_assigned_to_id")
        for name in STAFF.values():
            comment.drop_constraint(name, type_="foreignkey")
        for column in (*STAFF, "assigned_at", "proposed_at"):
            comment.drop_column(column)
