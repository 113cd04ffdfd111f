"""The first tables: roster, accounts, plans, rounds, comments, journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The journal only grows: the database itself refuses to change or delete an entry.
SQLITE_TRIGGERS = (
    "CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
)
POSTGRESQL_TRIGGERS = (
    "CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$",
    "CREATE TRIGGER journal_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
    "ON journal_entry EXECUTE FUNCTION journal_is_append_only()",
)


def upgrade() -> None:
    _create_tables()
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL_TRIGGERS if is_postgresql else SQLITE_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    _drop_tables()
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION journal_is_append_only()")


def _create_tables() -> None:
    op.create_table(
        "area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["area.id"], name=op.f("fk_area_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_area")),
        sa.UniqueConstraint("parent_id", "name", name=op.f("uq_area_parent_id_name")),
    )
    op.create_index("ix_area_path", "area", ["path"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_key"), "attempt", ["key"], unique=False)
    op.create_table(
        "journal_entry",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("book", sa.String(length=40), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("book", "seq", name=op.f("uq_journal_entry_book_seq")),
    )
    op.create_table(
        "journal_head",
        sa.Column("book", sa.String(length=40), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "compound",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("cluster", sa.String(length=80), nullable=False),
        sa.Column("built_year", sa.Integer(), nullable=True),
        sa.Column("ownership", sa.String(length=80), nullable=False),
        sa.Column("manager", sa.String(length=120), nullable=False),
        sa.Column("property_status", sa.String(length=200), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("hazards", sa.Text(), nullable=False),
        sa.Column("inspection", sa.Text(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_compound_area_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compound")),
        sa.UniqueConstraint("area_id", "name", name=op.f("uq_compound_area_id_name")),
    )
    op.create_index(op.f("ix_compound_area_id"), "compound", ["area_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("session_stamp", sa.String(length=20), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["area.id"], name=op.f("fk_staff_area_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_staff_made_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "building",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("floors", sa.Integer(), nullable=True),
        sa.Column("token", sa.String(length=20), nullable=False),
        sa.Column("check_phrase", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_building_compound_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_building")),
        sa.UniqueConstraint("compound_id", "name", name=op.f("uq_building_compound_id_name")),
        sa.UniqueConstraint("token", name=op.f("uq_building_token")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_job_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_table(
        "owner",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_owner_compound_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
    )
    op.create_index(op.f("ix_owner_compound_id"), "owner", ["compound_id"], unique=False)
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("construction_unit", sa.String(length=120), nullable=False),
        sa.Column("supervising_unit", sa.String(length=120), nullable=False),
        sa.Column("responsible_person", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("designer", sa.String(length=120), nullable=False),
        sa.Column("builder", sa.String(length=120), nullable=False),
        sa.Column("budget", BigInt, nullable=False),
        sa.Column("safeguards", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("finishes_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_project_compound_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("compound_id", name=op.f("uq_project_compound_id")),
    )
    op.create_table(
        "entrance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("building_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["building.id"], name=op.f("fk_entrance_building_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entrance")),
        sa.UniqueConstraint("building_id", "name", name=op.f("uq_entrance_building_id_name")),
    )
    op.create_table(
        "plan_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("share_per_household", BigInt, nullable=False),
        sa.Column("share_per_area", BigInt, nullable=False),
        sa.Column("share_note", sa.Text(), nullable=False),
        sa.Column("design", sa.Text(), nullable=False),
        sa.Column("construction", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("finishes_on", sa.Date(), nullable=True),
        sa.Column("mode", sa.String(length=30), nullable=True),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("fee_per_area", BigInt, nullable=True),
        sa.Column("fee_note", sa.Text(), nullable=False),
        sa.Column("subsidy", sa.Text(), nullable=False),
        sa.Column("change_note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.Column("return_note", sa.Text(), nullable=False),
        sa.Column("plan_hash", sa.String(length=64), nullable=True),
        sa.Column("management_hash", sa.String(length=64), nullable=True),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "published_by_id IS NULL OR published_by_id <> submitted_by_id",
            name=op.f("ck_plan_version_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff.id"], name=op.f("fk_plan_version_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_plan_version_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["published_by_id"], ["staff.id"], name=op.f("fk_plan_version_published_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["staff.id"], name=op.f("fk_plan_version_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_version")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_plan_version_project_id_number")),
    )
    op.create_table(
        "attachment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=30), nullable=False),
        sa.Column("caption", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_version.id"], name=op.f("fk_attachment_plan_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_digest"), "attachment", ["digest"], unique=False)
    op.create_index(
        op.f("ix_attachment_plan_version_id"), "attachment", ["plan_version_id"], unique=False
    )
    op.create_table(
        "funding_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_version_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=30), nullable=False),
        sa.Column("amount", BigInt, nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_funding_source_amount_not_negative")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_version.id"], name=op.f("fk_funding_source_plan_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_source")),
        sa.UniqueConstraint(
            "plan_version_id", "source", name=op.f("uq_funding_source_plan_version_id_source")
        ),
    )
    op.create_table(
        "premises",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("entrance_id", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=True),
        sa.Column("use", sa.String(length=30), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("ownership", sa.String(length=40), nullable=False),
        sa.Column("occupancy", sa.String(length=30), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_premises_size_positive")),
        sa.ForeignKeyConstraint(
            ["entrance_id"], ["entrance.id"], name=op.f("fk_premises_entrance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_premises")),
        sa.UniqueConstraint("entrance_id", "room", name=op.f("uq_premises_entrance_id_room")),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("plan_version_id", sa.Integer(), nullable=True),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("objection_days", sa.Integer(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("profile_hash", sa.String(length=64), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("register_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("register_hash", sa.String(length=64), nullable=True),
        sa.Column("posters_printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("preliminary_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("preliminary_by_id", sa.Integer(), nullable=True),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("certified_by_id", sa.Integer(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> submitted_by_id",
            name=op.f("ck_round_two_persons"),
        ),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_round_opens_before_it_closes")),
        sa.ForeignKeyConstraint(
            ["certified_by_id"], ["staff.id"], name=op.f("fk_round_certified_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_round_compound_id")
        ),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["staff.id"], name=op.f("fk_round_confirmed_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["drafted_by_id"], ["staff.id"], name=op.f("fk_round_drafted_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_version.id"], name=op.f("fk_round_plan_version_id")
        ),
        sa.ForeignKeyConstraint(
            ["preliminary_by_id"], ["staff.id"], name=op.f("fk_round_preliminary_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["staff.id"], name=op.f("fk_round_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
        sa.UniqueConstraint("compound_id", "number", name=op.f("uq_round_compound_id_number")),
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_version_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("quantity", BigInt, nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("cost", BigInt, nullable=False),
        sa.Column("is_safety", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_work_item_cost_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_work_item_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_version.id"], name=op.f("fk_work_item_plan_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
    )
    op.create_index(
        op.f("ix_work_item_plan_version_id"), "work_item", ["plan_version_id"], unique=False
    )
    op.create_table(
        "household",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("premises_id", BigInt, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["premises_id"], ["premises.id"], name=op.f("fk_household_premises_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
        sa.UniqueConstraint("premises_id", name=op.f("uq_household_premises_id")),
    )
    op.create_table(
        "matter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("track", sa.String(length=30), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.CheckConstraint("threshold BETWEEN 1 AND 100", name=op.f("ck_matter_threshold_percent")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_matter_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matter")),
        sa.UniqueConstraint("round_id", "position", name=op.f("uq_matter_round_id_position")),
    )
    op.create_table(
        "tenure",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("premises_id", BigInt, nullable=False),
        sa.Column("owner_id", BigInt, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["owner.id"], name=op.f("fk_tenure_owner_id")),
        sa.ForeignKeyConstraint(
            ["premises_id"], ["premises.id"], name=op.f("fk_tenure_premises_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenure")),
        sa.UniqueConstraint(
            "premises_id", "owner_id", "since", name=op.f("uq_tenure_premises_id_owner_id_since")
        ),
    )
    op.create_index(op.f("ix_tenure_owner_id"), "tenure", ["owner_id"], unique=False)
    op.create_table(
        "comment",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("compound_id", sa.Integer(), nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("section", sa.String(length=30), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by_id", sa.Integer(), nullable=True),
        sa.Column("removal_reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["compound_id"], ["compound.id"], name=op.f("fk_comment_compound_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_comment_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["removed_by_id"], ["staff.id"], name=op.f("fk_comment_removed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    op.create_index(
        "ix_comment_compound_id_written_at", "comment", ["compound_id", "written_at"], unique=False
    )
    op.create_index(op.f("ix_comment_household_id"), "comment", ["household_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_contact_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_phone"), "contact", ["phone"], unique=False)
    op.create_index(
        "uq_contact_household_id_phone",
        "contact",
        ["household_id", "phone"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "counter",
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("building_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(length=30), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.CheckConstraint("households >= 0", name=op.f("ck_counter_households_not_negative")),
        sa.ForeignKeyConstraint(
            ["building_id"], ["building.id"], name=op.f("fk_counter_building_id")
        ),
        sa.ForeignKeyConstraint(["matter_id"], ["matter.id"], name=op.f("fk_counter_matter_id")),
        sa.PrimaryKeyConstraint("matter_id", "building_id", "choice", name=op.f("pk_counter")),
    )
    op.create_table(
        "household_code",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("building_id", sa.Integer(), nullable=False),
        sa.Column("selector", sa.String(length=4), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["building_id"], ["building.id"], name=op.f("fk_household_code_building_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_household_code_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["staff.id"], name=op.f("fk_household_code_issued_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_code")),
    )
    op.create_index(
        "uq_household_code_building_id_selector",
        "household_code",
        ["building_id", "selector"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index(
        "uq_household_code_household_id",
        "household_code",
        ["household_id"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "register_entry",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("building_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["building_id"], ["building.id"], name=op.f("fk_register_entry_building_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_register_entry_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["round.id"], name=op.f("fk_register_entry_round_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_entry")),
        sa.UniqueConstraint(
            "round_id", "household_id", name=op.f("uq_register_entry_round_id_household_id")
        ),
    )
    op.create_index(
        op.f("ix_register_entry_household_id"), "register_entry", ["household_id"], unique=False
    )
    op.create_index(
        "ix_register_entry_round_id_building_id",
        "register_entry",
        ["round_id", "building_id"],
        unique=False,
    )
    op.create_table(
        "household_session",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("household_id", BigInt, nullable=False),
        sa.Column("code_id", BigInt, nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["code_id"], ["household_code.id"], name=op.f("fk_household_session_code_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["household.id"], name=op.f("fk_household_session_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_household_session_token_digest")),
    )
    op.create_index(
        op.f("ix_household_session_code_id"), "household_session", ["code_id"], unique=False
    )
    op.create_index(
        op.f("ix_household_session_household_id"),
        "household_session",
        ["household_id"],
        unique=False,
    )
    op.create_table(
        "reply",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("comment_id", BigInt, nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("signed_as", sa.String(length=80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_reply_comment_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_reply_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")),
    )
    op.create_index(op.f("ix_reply_comment_id"), "reply", ["comment_id"], unique=False)
    op.create_table(
        "vote",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("seq", BigInt, nullable=False),
        sa.Column("receipt", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=30), nullable=False),
        sa.Column("plan_version_id", sa.Integer(), nullable=False),
        sa.Column("session_id", BigInt, nullable=True),
        sa.Column("keyed_by_id", sa.Integer(), nullable=True),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["register_entry.id"], name=op.f("fk_vote_entry_id")),
        sa.ForeignKeyConstraint(["keyed_by_id"], ["staff.id"], name=op.f("fk_vote_keyed_by_id")),
        sa.ForeignKeyConstraint(
            ["plan_version_id"], ["plan_version.id"], name=op.f("fk_vote_plan_version_id")
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_vote_round_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["household_session.id"], name=op.f("fk_vote_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote")),
        sa.UniqueConstraint("entry_id", "number", name=op.f("uq_vote_entry_id_number")),
        sa.UniqueConstraint("receipt", name=op.f("uq_vote_receipt")),
        sa.UniqueConstraint("round_id", "request_id", name=op.f("uq_vote_round_id_request_id")),
    )
    op.create_index(
        "uq_vote_entry_id_current",
        "vote",
        ["entry_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "vote_choice",
        sa.Column("vote_id", BigInt, nullable=False),
        sa.Column("matter_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(length=30), nullable=False),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matter.id"], name=op.f("fk_vote_choice_matter_id")
        ),
        sa.ForeignKeyConstraint(["vote_id"], ["vote.id"], name=op.f("fk_vote_choice_vote_id")),
        sa.PrimaryKeyConstraint("vote_id", "matter_id", name=op.f("pk_vote_choice")),
    )


def _drop_tables() -> None:
    op.drop_table("vote_choice")
    op.drop_index(
        "uq_vote_entry_id_current",
        table_name="vote",
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.drop_table("vote")
    op.drop_index(op.f("ix_reply_comment_id"), table_name="reply")
    op.drop_table("reply")
    op.drop_index(op.f("ix_household_session_household_id"), table_name="household_session")
    op.drop_index(op.f("ix_household_session_code_id"), table_name="household_session")
    op.drop_table("household_session")
    op.drop_index("ix_register_entry_round_id_building_id", table_name="register_entry")
    op.drop_index(op.f("ix_register_entry_household_id"), table_name="register_entry")
    op.drop_table("register_entry")
    op.drop_index(
        "uq_household_code_household_id",
        table_name="household_code",
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_index(
        "uq_household_code_building_id_selector",
        table_name="household_code",
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_table("household_code")
    op.drop_table("counter")
    op.drop_index(
        "uq_contact_household_id_phone",
        table_name="contact",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_contact_phone"), table_name="contact")
    op.drop_table("contact")
    op.drop_index(op.f("ix_comment_household_id"), table_name="comment")
    op.drop_index("ix_comment_compound_id_written_at", table_name="comment")
    op.drop_table("comment")
    op.drop_index(op.f("ix_tenure_owner_id"), table_name="tenure")
    op.drop_table("tenure")
    op.drop_table("matter")
    op.drop_table("household")
    op.drop_index(op.f("ix_work_item_plan_version_id"), table_name="work_item")
    op.drop_table("work_item")
    op.drop_table("round")
    op.drop_table("premises")
    op.drop_table("funding_source")
    op.drop_index(op.f("ix_attachment_plan_version_id"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_digest"), table_name="attachment")
    op.drop_table("attachment")
    op.drop_table("plan_version")
    op.drop_table("entrance")
    op.drop_table("project")
    op.drop_index(op.f("ix_owner_compound_id"), table_name="owner")
    op.drop_table("owner")
    op.drop_table("job")
    op.drop_table("building")
    op.drop_table("staff")
    op.drop_index(op.f("ix_compound_area_id"), table_name="compound")
    op.drop_table("compound")
    op.drop_table("journal_head")
    op.drop_table("journal_entry")
    op.drop_index(op.f("ix_attempt_key"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index("ix_area_path", table_name="area")
    op.drop_table("area")
