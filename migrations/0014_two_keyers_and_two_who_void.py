"""Both keyers stand on a vote; two persons void a form that came back; mandates of agents."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

Moment = sa.DateTime(timezone=True)
GIVEN_FIRST, VOID_BY_TWO = "ck_paper_form_given_first", "ck_paper_form_void_by_two"
# The last entry of a counted form is the one that agreed with an earlier one.
LAST_KEYER = """
    SELECT paper_entry.keyed_by_id FROM paper_form
    JOIN paper_entry ON paper_entry.form_id = paper_form.id AND paper_entry.place = paper_form.keyed
    WHERE paper_form.vote_id = vote.id
"""
# Taking a form in invented that it had been given out at the same moment.
INVENTED = "given_at = returned_at AND given_by_id = returned_by_id AND handing = 'household'"


def upgrade() -> None:
    with op.batch_alter_table("vote") as vote:
        vote.add_column(sa.Column("checked_by_id", sa.Integer()))
    with op.batch_alter_table("vote") as vote:
        vote.create_foreign_key("fk_vote_checked_by_id", "staff", ["checked_by_id"], ["id"])
    op.execute(f"UPDATE vote SET checked_by_id = ({LAST_KEYER})")
    with op.batch_alter_table("paper_form") as form:
        form.drop_constraint(op.f(GIVEN_FIRST), type_="check")
        form.add_column(sa.Column("void_asked_at", Moment))
        form.add_column(sa.Column("void_asked_by_id", sa.Integer()))
    with op.batch_alter_table("paper_form") as form:
        form.create_foreign_key(
            "fk_paper_form_void_asked_by_id", "staff", ["void_asked_by_id"], ["id"]
        )
        form.create_check_constraint(op.f(VOID_BY_TWO), "voided_by_id <> void_asked_by_id")
    op.execute(
        "UPDATE paper_form SET given_at = NULL, given_by_id = NULL, handing = NULL"
        f" WHERE {INVENTED}"
    )
    with op.batch_alter_table("paper_entry") as entry:
        entry.add_column(sa.Column("mandate", sa.String(length=60)))
    op.execute("UPDATE paper_entry SET mandate = ''")
    with op.batch_alter_table("paper_entry") as entry:
        entry.alter_column("mandate", existing_type=sa.String(length=60), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("paper_entry") as entry:
        entry.drop_column("mandate")
    op.execute(
        "UPDATE paper_form SET given_at = returned_at, given_by_id = returned_by_id,"
        " handing = 'household' WHERE given_at IS NULL AND returned_at IS NOT NULL"
    )
    with op.batch_alter_table("paper_form") as form:
        form.drop_constraint(op.f(VOID_BY_TWO), type_="check")
        form.drop_constraint("fk_paper_form_void_asked_by_id", type_="foreignkey")
        form.drop_column("void_asked_by_id")
        form.drop_column("void_asked_at")
        form.create_check_constraint(
            op.f(GIVEN_FIRST), "returned_at IS NULL OR given_at IS NOT NULL"
        )
    with op.batch_alter_table("vote") as vote:
        vote.drop_constraint("fk_vote_checked_by_id", type_="foreignkey")
        vote.drop_column("checked_by_id")
