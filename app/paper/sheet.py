"""What stands on a printed form, as plain values (RULES.md §7 D3); drawing it is `printing`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.core.db import db
from app.core.format import as_area, masked_name
from app.core.qr import qr_png
from app.paper.models import PaperBatch, PaperForm
from app.roster.models import Owner, Tenure
from app.rounds.models import Matter, RegisterEntry, Round


@dataclass(frozen=True)
class Question:
    """One matter on a form: with three boxes, or a menu whose items are ticked."""

    title: str
    words: str
    options: tuple[str, ...]
    is_menu: bool


@dataclass(frozen=True)
class Heading:
    """What all forms of a round say alike."""

    compound: str
    area: str
    title: str
    closes_at: datetime
    phone: str
    plan_number: int
    plan_hash: str
    management_hash: str

    @property
    def fingerprints(self) -> str:
        """The first eight signs of both plans' hashes: enough to compare with the notice."""
        return f"{self.plan_hash[:8]} · {self.management_hash[:8]}"


@dataclass(frozen=True)
class Sheet:
    """One form; `owners` are masked, for a sheet may lie before a door (RULES.md §5)."""

    serial: str
    label: str
    owners: str
    is_property: bool
    size: str
    questions: tuple[Question, ...]

    @property
    def code(self) -> str:
        """The picture of the address at which it is keyed: only the office can open that."""
        base: str = current_app.extensions["juyi_config"].base_url
        return qr_png(f"{base}/desk/paper/s/{self.serial}")


def heading_of(round_: Round) -> Heading:
    """What stands on every form of a round."""
    version = round_.plan_version
    return Heading(
        compound=round_.compound.name,
        area=round_.compound.area.name,
        title=round_.title,
        closes_at=round_.closes_at,
        phone=round_.phone or round_.compound.phone,
        plan_number=version.number if version else 0,
        plan_hash=(version.plan_hash or "") if version else "",
        management_hash=(version.management_hash or "") if version else "",
    )


def sheets_of(batch: PaperBatch) -> list[Sheet]:
    """The forms of a batch that are not void, by their numbers."""
    live = (PaperForm.batch_id == batch.id, PaperForm.voided_at.is_(None))
    forms = db.session.scalars(
        select(PaperForm)
        .where(*live)
        .options(joinedload(PaperForm.entry))
        .order_by(PaperForm.number)
    ).all()
    names = owners_of([form.entry for form in forms])
    matters = batch.round.matters
    asked: dict[tuple[int, ...], tuple[Question, ...]] = {}
    return [_sheet(form, names, matters, asked) for form in forms]


def owners_of(entries: Sequence[RegisterEntry]) -> dict[int, list[str]]:
    """Premises id → the names of those who own them now."""
    wanted = {entry.premises_id for entry in entries}
    rows = db.session.execute(
        select(Tenure.premises_id, Owner.name)
        .join(Owner, Owner.id == Tenure.owner_id)
        .where(Tenure.until.is_(None), Tenure.premises_id.in_(wanted))
        .order_by(Tenure.premises_id, Tenure.id)
    )
    found: dict[int, list[str]] = {}
    for premises_id, name in rows:
        found.setdefault(premises_id, []).append(name)
    return found


def _sheet(
    form: PaperForm,
    names: dict[int, list[str]],
    matters: Iterable[Matter],
    asked: dict[tuple[int, ...], tuple[Question, ...]],
) -> Sheet:
    entry = form.entry
    mine = [matter for matter in matters if matter.counts(entry)]
    which = tuple(matter.id for matter in mine)
    if which not in asked:
        asked[which] = tuple(_question(matter) for matter in mine)
    return Sheet(
        serial=form.serial,
        label=entry.label,
        owners="、".join(masked_name(name) for name in names.get(entry.premises_id, ())),
        is_property=entry.is_property,
        size=as_area(entry.size),
        questions=asked[which],
    )


def _question(matter: Matter) -> Question:
    options = tuple(option.title for option in matter.options)
    return Question(matter.title, matter.question, options, not matter.is_decision)
