"""The whole life of a round: matters with rules and scopes, premises on the register, decisions

of two persons, conflicts, objections, the audit, and the outcome of recounts.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
TWO_PLANS = {"measures": ["households"], "base": "all"}


def upgrade() -> None:
    _extend_rounds()
    _extend_matters()
    _extend_register()
    _extend_votes()
    _create_cases()


def downgrade() -> None:
    for table in (
        "recount",
        "audit_item",
        "objection",
        "conflict",
        "decision",
        "vote_wish",
        "matter_option",
    ):
        op.drop_table(table)
    with op.batch_alter_table("vote") as vote:
        vote.drop_column("is_held")
        vote.drop_column("is_void")
    _reduce_register()
    _reduce_matters()
    _reduce_rounds()


def _extend_rounds() -> None:
    with op.batch_alter_table("round") as round_:
        round_.add_column(sa.Column("withdrawn_at", Moment))
        round_.add_column(sa.Column("withdrawn_by_id", sa.Integer()))
        round_.add_column(sa.Column("withdrawal_reason", sa.Text(), server_default=""))
        round_.add_column(sa.Column("predecessor_id", sa.Integer()))
        round_.add_column(sa.Column("reopening_reason", sa.Text(), server_default=""))
        round_.add_column(sa.Column("counts_from_version", sa.Integer(), server_default="0"))
        round_.add_column(sa.Column("audit_seed", sa.String(length=64)))
    with op.batch_alter_table("round") as round_:
        for name in ("withdrawal_reason", "reopening_reason", "counts_from_version"):
            round_.alter_column(name, nullable=False, server_default=None)
        round_.create_foreign_key("fk_round_withdrawn_by_id", "staff", ["withdrawn_by_id"], ["id"])
        round_.create_foreign_key("fk_round_predecessor_id", "round", ["predecessor_id"], ["id"])
    op.create_index(
        "uq_round_predecessor_id_standing",
        "round",
        ["predecessor_id"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def _reduce_rounds() -> None:
    op.drop_index("uq_round_predecessor_id_standing", "round")
    with op.batch_alter_table("round") as round_:
        round_.drop_constraint("fk_round_predecessor_id", type_="foreignkey")
        round_.drop_constraint("fk_round_withdrawn_by_id", type_="foreignkey")
        for name in (
            "withdrawn_at",
            "withdrawn_by_id",
            "withdrawal_reason",
            "predecessor_id",
            "reopening_reason",
            "counts_from_version",
            "audit_seed",
        ):
            round_.drop_column(name)


def _extend_matters() -> None:
    with op.batch_alter_table("matter") as matter:
        matter.add_column(sa.Column("preset", sa.String(length=40), server_default="henan-80"))
        matter.add_column(sa.Column("rule", sa.JSON()))
        matter.add_column(sa.Column("scope", sa.String(length=30), server_default="compound"))
        matter.add_column(sa.Column("places", sa.JSON()))
    table = sa.table(
        "matter",
        sa.column("id"),
        sa.column("threshold"),
        sa.column("rule", sa.JSON()),
        sa.column("places", sa.JSON()),
    )
    bind = op.get_bind()
    for matter_id, threshold in bind.execute(sa.select(table.c.id, table.c.threshold)).all():
        bar = {"part": threshold, "whole": 100, "inclusive": True}
        values = {"rule": {**TWO_PLANS, "approval": bar}, "places": []}
        bind.execute(sa.update(table).where(table.c.id == matter_id).values(values))
    with op.batch_alter_table("matter") as matter:
        matter.drop_constraint(op.f("ck_matter_threshold_percent"), type_="check")
        matter.drop_column("threshold")
        for name in ("preset", "scope"):
            matter.alter_column(name, nullable=False, server_default=None)
        matter.alter_column("rule", existing_type=sa.JSON(), nullable=False)
        matter.alter_column("places", existing_type=sa.JSON(), nullable=False)
    op.create_table(
        "matter_option",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name="fk_matter_option_matter_id"),
        sa.PrimaryKeyConstraint("id", name="pk_matter_option"),
        sa.UniqueConstraint("matter_id", "position", name="uq_matter_option_matter_id_position"),
    )


def _reduce_matters() -> None:
    with op.batch_alter_table("matter") as matter:
        matter.add_column(sa.Column("threshold", sa.Integer(), server_default="80"))
    table = sa.table(
        "matter", sa.column("id"), sa.column("threshold"), sa.column("rule", sa.JSON())
    )
    bind = op.get_bind()
    for matter_id, kept in bind.execute(sa.select(table.c.id, table.c.rule)).all():
        rule = json.loads(kept) if isinstance(kept, str) else kept
        bar = rule.get("approval", {"part": 100, "whole": 100})
        percent = -(-100 * bar["part"] // bar["whole"])
        bind.execute(sa.update(table).where(table.c.id == matter_id).values(threshold=percent))
    with op.batch_alter_table("matter") as matter:
        matter.alter_column("threshold", nullable=False, server_default=None)
        matter.create_check_constraint(
            op.f("ck_matter_threshold_percent"), "threshold BETWEEN 1 AND 100"
        )
        for name in ("preset", "rule", "scope", "places"):
            matter.drop_column(name)


def _extend_register() -> None:
    with op.batch_alter_table("register_entry") as entry:
        entry.add_column(sa.Column("premises_id", BigInt))
        entry.add_column(sa.Column("entrance_id", sa.Integer()))
        entry.add_column(sa.Column("case", sa.String(length=30), server_default="owned"))
        entry.add_column(sa.Column("is_household", sa.Boolean(), server_default=sa.true()))
        entry.add_column(sa.Column("is_property", sa.Boolean(), server_default=sa.true()))
        entry.add_column(sa.Column("holder", sa.String(length=200), server_default=""))
        entry.add_column(sa.Column("voice", sa.String(length=30), server_default="silent"))
        entry.add_column(sa.Column("added_at", Moment))
        entry.add_column(sa.Column("removed_at", Moment))
        entry.add_column(sa.Column("transferred_at", Moment))
    # Registers from before held households alone, each its own head.
    premises = "(SELECT h.premises_id FROM household h WHERE h.id = register_entry.household_id)"
    op.execute(f"UPDATE register_entry SET premises_id = {premises}")
    entrance = "(SELECT p.entrance_id FROM premises p WHERE p.id = register_entry.premises_id)"
    op.execute(f"UPDATE register_entry SET entrance_id = {entrance}")
    op.execute("UPDATE register_entry SET holder = 'unknown:' || premises_id")
    op.execute("UPDATE register_entry SET voice = 'counted' WHERE votes > 0")
    version = "(SELECT v.number FROM plan_version v WHERE v.id = round.plan_version_id)"
    op.execute(f"UPDATE round SET counts_from_version = COALESCE({version}, 0)")
    with op.batch_alter_table("register_entry") as entry:
        for name in (
            "premises_id",
            "entrance_id",
            "case",
            "is_household",
            "is_property",
            "holder",
            "voice",
        ):
            entry.alter_column(name, nullable=False, server_default=None)
        entry.alter_column("household_id", existing_type=BigInt, nullable=True)
        entry.create_foreign_key(
            "fk_register_entry_premises_id", "premises", ["premises_id"], ["id"]
        )
        entry.create_foreign_key(
            "fk_register_entry_entrance_id", "entrance", ["entrance_id"], ["id"]
        )
        entry.create_unique_constraint(
            "uq_register_entry_round_id_commitment", ["round_id", "commitment"]
        )
        entry.create_check_constraint(
            op.f("ck_register_entry_household"), "(household_id IS NOT NULL) = is_household"
        )
    op.create_index(
        "uq_register_entry_property",
        "register_entry",
        ["round_id", "premises_id"],
        unique=True,
        sqlite_where=sa.text("is_property AND removed_at IS NULL"),
        postgresql_where=sa.text("is_property AND removed_at IS NULL"),
    )


def _reduce_register() -> None:
    # What is no household had no place on a register before.
    op.execute(
        "DELETE FROM vote_choice WHERE vote_id IN (SELECT v.id FROM vote v JOIN register_entry e "
        "ON e.id = v.entry_id WHERE e.household_id IS NULL)"
    )
    op.execute(
        "DELETE FROM vote WHERE entry_id IN "
        "(SELECT id FROM register_entry WHERE household_id IS NULL)"
    )
    op.execute("DELETE FROM register_entry WHERE household_id IS NULL")
    op.drop_index("uq_register_entry_property", "register_entry")
    with op.batch_alter_table("register_entry") as entry:
        entry.drop_constraint(op.f("ck_register_entry_household"), type_="check")
        entry.drop_constraint("uq_register_entry_round_id_commitment", type_="unique")
        entry.drop_constraint("fk_register_entry_entrance_id", type_="foreignkey")
        entry.drop_constraint("fk_register_entry_premises_id", type_="foreignkey")
        entry.alter_column("household_id", existing_type=sa.Integer(), nullable=False)
        for name in (
            "premises_id",
            "entrance_id",
            "case",
            "is_household",
            "is_property",
            "holder",
            "voice",
            "added_at",
            "removed_at",
            "transferred_at",
        ):
            entry.drop_column(name)


def _extend_votes() -> None:
    with op.batch_alter_table("vote") as vote:
        vote.add_column(sa.Column("is_held", sa.Boolean(), server_default=sa.false()))
        vote.add_column(sa.Column("is_void", sa.Boolean(), server_default=sa.false()))
    with op.batch_alter_table("vote") as vote:
        vote.alter_column("is_held", nullable=False, server_default=None)
        vote.alter_column("is_void", nullable=False, server_default=None)
    op.create_table(
        "vote_wish",
        sa.Column("vote_id", BigInt, nullable=False),
        sa.Column("option_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["option_id"], ["matter_option.id"], name="fk_vote_wish_option_id"),
        sa.ForeignKeyConstraint(["vote_id"], ["vote.id"], name="fk_vote_wish_vote_id"),
        sa.PrimaryKeyConstraint("vote_id", "option_id", name="pk_vote_wish"),
    )


def _create_cases() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("entry_id", BigInt),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("evidence_digest", sa.String(length=64)),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_at", Moment, nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("settled_at", Moment),
        sa.Column("settled_by_id", sa.Integer()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "settled_by_id IS NULL OR settled_at IS NOT NULL", name=op.f("ck_decision_settled")
        ),
        sa.CheckConstraint(
            "outcome <> 'approved' OR settled_by_id <> proposed_by_id",
            name=op.f("ck_decision_two_persons"),
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name="fk_decision_entry_id"),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["staff.id"], name="fk_decision_proposed_by_id"
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_decision_round_id"),
        sa.ForeignKeyConstraint(["settled_by_id"], ["staff.id"], name="fk_decision_settled_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decision"),
    )
    op.create_index("ix_decision_round_id", "decision", ["round_id"])
    op.create_table(
        "conflict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("standing_vote_id", BigInt, nullable=False),
        sa.Column("held_vote_id", BigInt, nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("resolved_at", Moment),
        sa.Column("decision_id", sa.Integer()),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name="fk_conflict_decision_id"),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name="fk_conflict_entry_id"),
        sa.ForeignKeyConstraint(["held_vote_id"], ["vote.id"], name="fk_conflict_held_vote_id"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_conflict_round_id"),
        sa.ForeignKeyConstraint(
            ["standing_vote_id"], ["vote.id"], name="fk_conflict_standing_vote_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conflict"),
    )
    op.create_index("ix_conflict_round_id", "conflict", ["round_id"])
    op.create_index(
        "uq_conflict_entry_id_open",
        "conflict",
        ["entry_id"],
        unique=True,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "objection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("household_id", BigInt),
        sa.Column("place", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("raised_at", Moment, nullable=False),
        sa.Column("raised_by_id", sa.Integer()),
        sa.Column("handler_id", sa.Integer()),
        sa.Column("taken_at", Moment),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("effect", sa.String(length=30), nullable=False),
        sa.Column("closed_at", Moment),
        sa.Column("decision_id", sa.Integer()),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name="fk_objection_decision_id"),
        sa.ForeignKeyConstraint(["handler_id"], ["staff.id"], name="fk_objection_handler_id"),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name="fk_objection_household_id"
        ),
        sa.ForeignKeyConstraint(["raised_by_id"], ["staff.id"], name="fk_objection_raised_by_id"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_objection_round_id"),
        sa.PrimaryKeyConstraint("id", name="pk_objection"),
        sa.UniqueConstraint("round_id", "number", name="uq_objection_round_id_number"),
    )
    op.create_index("ix_objection_household_id", "objection", ["household_id"])
    op.create_table(
        "audit_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("vote_id", BigInt, nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("checked_at", Moment),
        sa.Column("checked_by_id", sa.Integer()),
        sa.Column("agrees", sa.Boolean()),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["staff.id"], name="fk_audit_item_checked_by_id"
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_audit_item_round_id"),
        sa.ForeignKeyConstraint(["vote_id"], ["vote.id"], name="fk_audit_item_vote_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_item"),
        sa.UniqueConstraint("round_id", "position", name="uq_audit_item_round_id_position"),
        sa.UniqueConstraint("vote_id", name="uq_audit_item_vote_id"),
    )
    op.create_table(
        "recount",
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("checked_at", Moment, nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_recount_round_id"),
        sa.PrimaryKeyConstraint("round_id", name="pk_recount"),
    )
