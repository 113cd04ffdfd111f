"""One case of every kind in one round, and the photographs people send."""

import io
from dataclasses import dataclass
from datetime import timedelta

from PIL import Image
from werkzeug.datastructures import FileStorage

from app.accounts.models import Staff
from app.cases.kinds import CaseKind
from app.cases.line import Subject
from app.core import clock
from app.core.db import db
from app.roster.models import Building, Compound
from app.rounds import actions, changes, disowning, objections
from app.rounds.cases import AuditItem, Conflict, Decision, Effect, Objection, ObjectionKind
from app.rounds.conflicts import propose_dispute
from app.rounds.counting import Choice
from app.rounds.decisions import approve
from app.rounds.effects import current_vote
from app.rounds.models import RegisterEntry, Round
from app.rounds.objections import Answer, Complaint, raise_objection
from tests.factories import homes_of, make_building, make_round, make_staff
from tests.rounds.disagreeing import GROUNDS, make_conflict, on_paper, place_of
from tests.rounds.voters import cast_quickly


@dataclass(frozen=True)
class Quarrels:
    """A round in which something of every kind waits; `clerk` keyed and proposed all of it."""

    building: Building
    round: Round
    clerk: Staff
    conflict: Conflict
    disputed: RegisterEntry
    objection: Objection
    report: Objection
    slip: Objection
    extension: Decision
    drawn: AuditItem | None = None

    @property
    def subjects(self) -> dict[CaseKind, Subject]:
        """The case of each kind."""
        rows = {
            CaseKind.CONFLICT: self.conflict,
            CaseKind.DISPUTE: self.disputed,
            CaseKind.OBJECTION: self.objection,
            CaseKind.REPORT: self.report,
            CaseKind.SLIP: self.slip,
            CaseKind.DECISION: self.extension,
            CaseKind.AUDIT: self.drawn,
        }
        return {kind: Subject(kind, row.id) for kind, row in rows.items() if row is not None}


def every_kind(compound: Compound | None = None) -> Quarrels:
    """Everything that can wait while a round is open; the audit comes with the close."""
    building = make_building(compound, homes=8)
    round_, clerk = make_round(building.compound), make_staff()
    homes, by = homes_of(building), clerk.identity
    conflict = make_conflict(round_, homes[0], clerk)
    disputed = place_of(round_, homes[1])
    approve(propose_dispute(disputed, GROUNDS, by=by), by=make_staff().identity)
    complaint = Complaint(ObjectionKind.CONTENT, "1号楼东头平房", "不好")
    slip = _reported(round_, building, 2)
    answer = Answer("查过了，不是这一户填的。", Effect.STRIKE_OUT, evidence="监控")
    approve(objections.propose_answer(slip, answer, by=by), by=make_staff().identity)
    until = round_.closes_at + timedelta(days=2)
    return Quarrels(
        building,
        round_,
        clerk,
        conflict,
        disputed,
        raise_objection(round_, complaint, by=by),
        _reported(round_, building, 3),
        slip,
        changes.propose_extension(round_, until, GROUNDS, by=by),
    )


def drawn_at_the_close(quarrels: Quarrels) -> AuditItem:
    """A form on paper is drawn when the round closes."""
    home = homes_of(quarrels.building)[4]
    on_paper(quarrels.round, home, Choice.AGREE, quarrels.clerk, "paper-9999")
    quarrels.round.opened_at = quarrels.round.opens_at = clock.now() - timedelta(days=9)
    quarrels.round.closes_at = clock.now() - timedelta(minutes=1)
    actions.close_due_rounds()
    return db.session.query(AuditItem).one()


def _reported(round_: Round, building: Building, place: int) -> Objection:
    home = homes_of(building)[place]
    cast_quickly(round_, home, Choice.AGREE, f"phone-of-{place}")
    vote = current_vote(place_of(round_, home))
    assert vote is not None
    return disowning.disown(vote, "不是我们家填的", session_id=0)


def a_photo(size: int = 64) -> FileStorage:
    """A photograph as a phone sends it, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "canary-camera"
    content = io.BytesIO()
    sheet = Image.linear_gradient("L").resize((size, size)).convert("RGB")
    sheet.save(content, "JPEG", exif=exif)
    content.seek(0)
    return FileStorage(content, "IMG_0001.jpg", content_type="image/jpeg")
