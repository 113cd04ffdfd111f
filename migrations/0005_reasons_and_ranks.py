"""What a household may add to its vote: why it disagrees, the order of its wishes, a call back;

and which vote an objection is about.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("vote") as vote:
        vote.add_column(sa.Column("may_call", sa.Boolean(), server_default=sa.false()))
    with op.batch_alter_table("vote") as vote:
        vote.alter_column("may_call", nullable=False, server_default=None)
    with op.batch_alter_table("vote_choice") as choice:
        choice.add_column(sa.Column("reason", sa.String(length=30)))
        choice.create_check_constraint(
            op.f("ck_vote_choice_reason_of_disagreement"), "reason IS NULL OR choice = 'disagree'"
        )
    with op.batch_alter_table("vote_wish") as wish:
        wish.add_column(sa.Column("rank", sa.Integer()))
        wish.create_check_constraint(op.f("ck_vote_wish_rank_positive"), "rank >= 1")
    with op.batch_alter_table("objection") as objection:
        objection.add_column(sa.Column("vote_id", BigInt))
        objection.create_foreign_key("fk_objection_vote_id", "vote", ["vote_id"], ["id"])
    op.create_index("ix_objection_vote_id", "objection", ["vote_id"])


def downgrade() -> None:
    op.drop_index("ix_objection_vote_id", "objection")
    with op.batch_alter_table("objection") as objection:
        objection.drop_constraint("fk_objection_vote_id", type_="foreignkey")
        objection.drop_column("vote_id")
    with op.batch_alter_table("vote_wish") as wish:
        wish.drop_constraint(op.f("ck_vote_wish_rank_positive"), type_="check")
        wish.drop_column("rank")
    with op.batch_alter_table("vote_choice") as choice:
        choice.drop_constraint(op.f("ck_vote_choice_reason_of_disagreement"), type_="check")
        choice.drop_column("reason")
    with op.batch_alter_table("vote") as vote:
        vote.drop_column("may_call")
