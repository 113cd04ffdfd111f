"""Questions and answers: holds, agreements, reports, earlier texts, and what the plan took up."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
STAFF = {
    "released_by_id": "fk_comment_released_by_id",
    "taken_up_by_id": "fk_comment_taken_up_by_id",
}
ADDED = (
    "nature",
    "edited_at",
    "hold",
    "released_at",
    "released_by_id",
    "masked_at",
    "withdrawn_at",
    "taken_up_at",
    "taken_up_by_id",
    "taken_up_in_id",
)


def upgrade() -> None:
    _extend_comments()
    _create_marks_of_households()
    op.create_table(
        "earlier_text",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("comment_id", BigInt, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", Moment, nullable=False),
        sa.Column("replaced_by_id", sa.Integer()),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_earlier_text_comment_id"),
        sa.ForeignKeyConstraint(
            ["replaced_by_id"], ["staff.id"], name="fk_earlier_text_replaced_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_earlier_text"),
    )
    op.create_index("ix_earlier_text_comment_id", "earlier_text", ["comment_id"])
    op.create_table(
        "screening",
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["compound_id"], ["compound.id"], name="fk_screening_compound_id"),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name="fk_screening_set_by_id"),
        sa.PrimaryKeyConstraint("compound_id", name="pk_screening"),
    )


def downgrade() -> None:
    # What was held or taken back was never public, or no longer: it must not come into sight.
    hidden = "withdrawn_at IS NOT NULL OR (hold IS NOT NULL AND released_at IS NULL)"
    comments = f"(SELECT id FROM comment WHERE removed_at IS NULL AND ({hidden}))"
    for table in ("comment_report", "agreement", "earlier_text"):
        op.drop_table(table)
    op.drop_table("screening")
    op.execute(f"DELETE FROM reply WHERE comment_id IN {comments}")
    op.execute(f"DELETE FROM comment WHERE id IN {comments}")
    with op.batch_alter_table("comment") as comment:
        comment.drop_constraint(op.f("ck_comment_released"), type_="check")
        comment.drop_constraint(op.f("ck_comment_taken_up_somewhere"), type_="check")
        for name in (*STAFF.values(), "fk_comment_taken_up_in_id"):
            comment.drop_constraint(name, type_="foreignkey")
        for column in ADDED:
            comment.drop_column(column)


def _extend_comments() -> None:
    with op.batch_alter_table("comment") as comment:
        # Whatever was written before was listed among the questions.
        comment.add_column(sa.Column("nature", sa.String(length=30), server_default="question"))
        comment.add_column(sa.Column("hold", sa.String(length=30)))
        for name in ("edited_at", "released_at", "masked_at", "withdrawn_at", "taken_up_at"):
            comment.add_column(sa.Column(name, Moment))
        for name in (*STAFF, "taken_up_in_id"):
            comment.add_column(sa.Column(name, sa.Integer()))
    with op.batch_alter_table("comment") as comment:
        comment.alter_column("nature", nullable=False, server_default=None)
        for column, name in STAFF.items():
            comment.create_foreign_key(name, "staff", [column], ["id"])
        comment.create_foreign_key(
            "fk_comment_taken_up_in_id", "plan_version", ["taken_up_in_id"], ["id"]
        )
        comment.create_check_constraint(
            op.f("ck_comment_released"), "released_at IS NULL OR hold IS NOT NULL"
        )
        comment.create_check_constraint(
            op.f("ck_comment_taken_up_somewhere"),
            "(taken_up_at IS NULL) = (taken_up_in_id IS NULL)",
        )


def _create_marks_of_households() -> None:
    op.create_table(
        "agreement",
        sa.Column("comment_id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("agreed_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name="fk_agreement_comment_id"),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_agreement_household_id"
        ),
        sa.PrimaryKeyConstraint("comment_id", "household_id", name="pk_agreement"),
    )
    op.create_table(
        "comment_report",
        sa.Column("comment_id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("wrong", sa.String(length=30), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("reported_at", Moment, nullable=False),
        sa.Column("settled_at", Moment),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comment.id"], name="fk_comment_report_comment_id"
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_comment_report_household_id"
        ),
        sa.PrimaryKeyConstraint("comment_id", "household_id", name="pk_comment_report"),
    )
