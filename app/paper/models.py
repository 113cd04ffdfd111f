"""Numbered forms on paper: each bound to one round and one entry of its register (RULES.md §4).

What a form says is keyed by two persons who do not see each other's entry; the vote itself stands
in `rounds`. State is derived from facts; `keyed` is the count of a form's entries.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Staff
from app.core.db import BigInt, Model, unique_where
from app.core.jobs import Job
from app.core.tokens import commitment, random_bytes
from app.paper.serials import Serial
from app.projects.models import PlanVersion
from app.roster.models import Building, Entrance
from app.rounds.models import RegisterEntry, Round, Vote

# Three entries at most: whoever disagrees with two others has made a form unreadable.
MOST_ENTRIES = 3


class Handing(StrEnum):
    """What came of giving a form to its household (RULES.md D8)."""

    HOUSEHOLD = "household"
    LEFT = "left"
    REFUSED = "refused"

    @property
    def label(self) -> Any:
        labels = {
            "household": _l("本户签收"),
            "left": _l("放在门口"),
            "refused": _l("不肯收，带回来了"),
        }
        return labels[self.value]


class VoidReason(StrEnum):
    """Why a form is worth nothing; the last three are what two entries, or three, said of it."""

    REPRINTED = "reprinted"
    LOST = "lost"
    SPOILED = "spoiled"
    AGAINST_RULES = "against_rules"
    UNSIGNED = "unsigned"
    UNCLEAR = "unclear"
    DIFFERING = "differing"

    @property
    def label(self) -> Any:
        labels = {
            "reprinted": _l("换了新表"),
            "lost": _l("丢了"),
            "spoiled": _l("印坏或弄坏了"),
            "against_rules": _l("按规则不能计入"),
            "unsigned": _l("没有签字"),
            "unclear": _l("看不出选了什么"),
            "differing": _l("三次录入都不一样"),
        }
        return labels[self.value]


class Flaw(StrEnum):
    """Why nothing can be keyed from a form; two persons must find the same."""

    UNSIGNED = "unsigned"
    UNCLEAR = "unclear"

    @property
    def label(self) -> Any:
        return VoidReason(self.value).label


class FormState(StrEnum):
    """How far a form has come; the furthest fact that holds."""

    PRINTED = "printed"
    DECLINED = "declined"
    OUT = "out"
    RETURNED = "returned"
    FIRST = "first"
    MISMATCH = "mismatch"
    COUNTED = "counted"
    VOID = "void"

    @property
    def label(self) -> Any:
        labels = {
            "printed": _l("还没发"),
            "declined": _l("不肯收"),
            "out": _l("已发出"),
            "returned": _l("已收回，等录入"),
            "first": _l("等第二个人录入"),
            "mismatch": _l("两次不一样，等第三个人"),
            "counted": _l("已计入"),
            "void": _l("作废"),
        }
        return labels[self.value]


# Signed paper that lies at the office and is not counted yet.
WAITING = (FormState.RETURNED, FormState.FIRST, FormState.MISMATCH)
# What no household holds and nobody has signed: it may be replaced without anybody's word.
REPLACEABLE = (FormState.PRINTED, FormState.DECLINED, FormState.OUT)


class PaperBatch(Model):
    """Forms that were ordered together; without a place they are for the whole round."""

    __tablename__ = "paper_batch"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    number: Mapped[int]
    building_id: Mapped[int | None] = mapped_column(ForeignKey("building.id"))
    entrance_id: Mapped[int | None] = mapped_column(ForeignKey("entrance.id"))
    ordered_at: Mapped[datetime]
    ordered_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"))
    round: Mapped[Round] = relationship()
    building: Mapped[Building | None] = relationship()
    entrance: Mapped[Entrance | None] = relationship()
    ordered_by: Mapped[Staff] = relationship()
    job: Mapped[Job] = relationship()

    @property
    def place(self) -> str:
        """Which building or entrance, as on its door; empty for the whole round."""
        return "".join(part.name for part in (self.building, self.entrance) if part)

    def file_at(self, now: datetime) -> str | None:
        """The name under which its PDF lies in the store, while it may be fetched."""
        kept = self.job.result or {}
        if "file" not in kept or datetime.fromisoformat(kept["expires_at"]) <= now:
            return None
        return str(kept["file"])


class PaperForm(Model):
    """One numbered sheet for one entry of a register, from the printer to the count."""

    __tablename__ = "paper_form"
    __table_args__ = (
        UniqueConstraint("round_id", "number"),
        UniqueConstraint("vote_id"),
        # The same photograph is never the evidence of two forms (THREATS.md T30).
        UniqueConstraint("photo_digest"),
        # A household holds one form at a time: the one before is counted or void.
        unique_where(
            "voided_at IS NULL AND vote_id IS NULL", "uq_paper_form_entry_id_live", "entry_id"
        ),
        Index("ix_paper_form_batch_id", "batch_id"),
        CheckConstraint("voided_at IS NULL OR vote_id IS NULL", name="void_or_counted"),
        CheckConstraint("voided_by_id <> void_asked_by_id", name="void_by_two"),
        CheckConstraint("(photo_file IS NULL) = (photo_digest IS NULL)", name="whole_photo"),
        CheckConstraint("keyed BETWEEN 0 AND 3", name="three_entries"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    number: Mapped[int]
    batch_id: Mapped[int] = mapped_column(ForeignKey("paper_batch.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("register_entry.id"))
    # The plan that is printed on it: the household read this one.
    plan_version_id: Mapped[int | None] = mapped_column(ForeignKey("plan_version.id"))
    # Empty when nobody noted it, though the form may have come back since.
    given_at: Mapped[datetime | None]
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    handing: Mapped[Handing | None]
    returned_at: Mapped[datetime | None]
    returned_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # The sealed photograph in the file store; the digest of the picture itself; what it looks like.
    photo_file: Mapped[str | None] = mapped_column(String(64))
    photo_digest: Mapped[str | None] = mapped_column(String(64))
    photo_look: Mapped[str | None] = mapped_column(String(256))
    # Whether the number was read from the photograph itself, and not only typed.
    photo_names_it: Mapped[bool] = mapped_column(default=False)
    photographed_at: Mapped[datetime | None]
    photographed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    keyed: Mapped[int] = mapped_column(default=0)
    vote_id: Mapped[int | None] = mapped_column(ForeignKey("vote.id"))
    # Who asks a second person to agree that a form that came back is worth nothing.
    void_asked_at: Mapped[datetime | None]
    void_asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    voided_at: Mapped[datetime | None]
    # Empty where what two or three persons keyed made it void.
    voided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    void_reason: Mapped[VoidReason | None]
    void_note: Mapped[str] = mapped_column(Text, default="")
    round: Mapped[Round] = relationship()
    batch: Mapped[PaperBatch] = relationship()
    entry: Mapped[RegisterEntry] = relationship()
    plan_version: Mapped[PlanVersion | None] = relationship()
    vote: Mapped[Vote | None] = relationship()
    given_by: Mapped[Staff | None] = relationship(foreign_keys=[given_by_id])
    returned_by: Mapped[Staff | None] = relationship(foreign_keys=[returned_by_id])
    photographed_by: Mapped[Staff | None] = relationship(foreign_keys=[photographed_by_id])
    void_asked_by: Mapped[Staff | None] = relationship(foreign_keys=[void_asked_by_id])
    voided_by: Mapped[Staff | None] = relationship(foreign_keys=[voided_by_id])
    entries: Mapped[list["PaperEntry"]] = relationship(order_by="PaperEntry.place")

    @property
    def serial(self) -> str:
        """The number printed on it."""
        return str(Serial(self.round_id, self.number))

    @property
    def state(self) -> FormState:
        """The furthest fact that holds (`queries.STATE` says the same in SQL)."""
        for fact, state in (
            (self.voided_at, FormState.VOID),
            (self.vote_id, FormState.COUNTED),
            (self.keyed >= 2, FormState.MISMATCH),
            (self.keyed, FormState.FIRST),
            (self.returned_at, FormState.RETURNED),
            (self.handing == Handing.REFUSED, FormState.DECLINED),
            (self.given_at, FormState.OUT),
        ):
            if fact:
                return state
        return FormState.PRINTED

    @property
    def is_waiting(self) -> bool:
        """Whether it lies at the office, signed, and is not counted yet."""
        return self.state in WAITING

    @property
    def awaits_void(self) -> bool:
        """Whether a second person is asked to agree that it is worth nothing."""
        return self.void_asked_at is not None and self.is_waiting

    def forget_request(self) -> None:
        """Ask nobody any more to agree that it is void."""
        self.void_asked_at = self.void_asked_by_id = self.void_reason = None
        self.void_note = ""

    @property
    def agreed_with(self) -> int | None:
        """The place of the entry that the last of three agreed with, if it agreed with one."""
        if self.keyed < MOST_ENTRIES:
            return None
        *earlier, last = self.entries
        return next((one.place for one in earlier if one.content == last.content), None)


class PaperEntry(Model):
    """What one person keyed from the photograph of a form; `place` counts from 1."""

    __tablename__ = "paper_entry"
    __table_args__ = (
        UniqueConstraint("form_id", "place"),
        # Nobody confirms what is their own.
        UniqueConstraint("form_id", "keyed_by_id"),
        CheckConstraint("place BETWEEN 1 AND 3", name="three_places"),
    )

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("paper_form.id"))
    place: Mapped[int]
    keyed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    keyed_at: Mapped[datetime]
    flaw: Mapped[Flaw | None]
    # Matter id → choice, and the option ids that are ticked.
    choices: Mapped[dict[str, Any]]
    wishes: Mapped[list[int]]
    signed_on: Mapped[date | None]
    # The number of the mandate when an agent signed (RULES.md §7 D7); empty when the voter did.
    mandate: Mapped[str] = mapped_column(String(60), default="")
    # Why paper is keyed although the household has spoken another way (THREATS.md T30).
    reason: Mapped[str] = mapped_column(Text, default="")
    salt: Mapped[bytes] = mapped_column(default=random_bytes)
    form: Mapped[PaperForm] = relationship(back_populates="entries")
    keyed_by: Mapped[Staff] = relationship()

    @property
    def content(self) -> tuple[object, ...]:
        """All that must be the same in two entries; who signed, and when, is not."""
        return self.flaw, self.choices, sorted(self.wishes)

    @property
    def commitment(self) -> str:
        """Names what was keyed in the journal without telling it before it is counted."""
        said = f"{self.flaw or ''}\n{sorted(self.choices.items())}\n{sorted(self.wishes)}"
        return commitment("paper", self.salt, said)
