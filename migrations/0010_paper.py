"""Numbered forms on paper, their batches, and what two persons key from each."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BigInt = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)
LIVE = sa.text("voided_at IS NULL AND vote_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "paper_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("building_id", sa.Integer()),
        sa.Column("entrance_id", sa.Integer()),
        sa.Column("ordered_at", Moment, nullable=False),
        sa.Column("ordered_by_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        *_keys(
            "paper_batch",
            round_id="round",
            building_id="building",
            entrance_id="entrance",
            ordered_by_id="staff",
            job_id="job",
        ),
        sa.UniqueConstraint("round_id", "number", name="uq_paper_batch_round_id_number"),
        sa.PrimaryKeyConstraint("id", name="pk_paper_batch"),
    )
    _create_forms()
    _create_entries()


def downgrade() -> None:
    for table in ("paper_entry", "paper_form", "paper_batch"):
        op.drop_table(table)


def _create_forms() -> None:
    op.create_table(
        "paper_form",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", BigInt, nullable=False),
        sa.Column("plan_version_id", sa.Integer()),
        sa.Column("given_at", Moment),
        sa.Column("given_by_id", sa.Integer()),
        sa.Column("handing", sa.String(length=30)),
        sa.Column("returned_at", Moment),
        sa.Column("returned_by_id", sa.Integer()),
        sa.Column("photo_file", sa.String(length=64)),
        sa.Column("photo_digest", sa.String(length=64)),
        sa.Column("photo_look", sa.String(length=256)),
        sa.Column("photo_names_it", sa.Boolean(), nullable=False),
        sa.Column("photographed_at", Moment),
        sa.Column("photographed_by_id", sa.Integer()),
        sa.Column("keyed", sa.Integer(), nullable=False),
        sa.Column("vote_id", BigInt),
        sa.Column("voided_at", Moment),
        sa.Column("voided_by_id", sa.Integer()),
        sa.Column("void_reason", sa.String(length=30)),
        sa.Column("void_note", sa.Text(), nullable=False),
        *_keys(
            "paper_form",
            round_id="round",
            batch_id="paper_batch",
            entry_id="register_entry",
            plan_version_id="plan_version",
            given_by_id="staff",
            returned_by_id="staff",
            photographed_by_id="staff",
            voided_by_id="staff",
            vote_id="vote",
        ),
        sa.UniqueConstraint("round_id", "number", name="uq_paper_form_round_id_number"),
        sa.UniqueConstraint("vote_id", name="uq_paper_form_vote_id"),
        sa.UniqueConstraint("photo_digest", name="uq_paper_form_photo_digest"),
        sa.CheckConstraint(
            "returned_at IS NULL OR given_at IS NOT NULL", name=op.f("ck_paper_form_given_first")
        ),
        sa.CheckConstraint(
            "voided_at IS NULL OR vote_id IS NULL", name=op.f("ck_paper_form_void_or_counted")
        ),
        sa.CheckConstraint(
            "(photo_file IS NULL) = (photo_digest IS NULL)",
            name=op.f("ck_paper_form_whole_photo"),
        ),
        sa.CheckConstraint("keyed BETWEEN 0 AND 3", name=op.f("ck_paper_form_three_entries")),
        sa.PrimaryKeyConstraint("id", name="pk_paper_form"),
    )
    op.create_index("ix_paper_form_batch_id", "paper_form", ["batch_id"])
    op.create_index(
        "uq_paper_form_entry_id_live",
        "paper_form",
        ["entry_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )


def _create_entries() -> None:
    op.create_table(
        "paper_entry",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("form_id", BigInt, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("keyed_by_id", sa.Integer(), nullable=False),
        sa.Column("keyed_at", Moment, nullable=False),
        sa.Column("flaw", sa.String(length=30)),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("wishes", sa.JSON(), nullable=False),
        sa.Column("signed_on", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        *_keys("paper_entry", form_id="paper_form", keyed_by_id="staff"),
        sa.UniqueConstraint("form_id", "place", name="uq_paper_entry_form_id_place"),
        sa.UniqueConstraint("form_id", "keyed_by_id", name="uq_paper_entry_form_id_keyed_by_id"),
        sa.CheckConstraint("place BETWEEN 1 AND 3", name=op.f("ck_paper_entry_three_places")),
        sa.PrimaryKeyConstraint("id", name="pk_paper_entry"),
    )
    op.create_index("ix_paper_entry_keyed_by_id", "paper_entry", ["keyed_by_id"])


def _keys(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")
        for column, target in columns.items()
    ]
