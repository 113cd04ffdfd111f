"""The story of one case: who did what when, from its rows and from what the desk kept.

It tells facts that everybody at the desk may know; what a household chose is none of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Staff
from app.cases.kinds import CaseKind
from app.cases.line import Subject
from app.cases.models import Act, CaseEvent, CaseFile
from app.cases.queries import case_of
from app.cases.sources import OF_OBJECTIONS
from app.core.db import db
from app.core.format import as_moment
from app.core.guards import Identity
from app.rounds.cases import AuditItem, Conflict, Decision, DecisionKind, Objection, Outcome
from app.rounds.models import Vote


@dataclass(frozen=True)
class Happening:
    """One thing that happened: when, what in words, who did it, and what they said."""

    at: datetime
    what: str
    who: str = ""
    words: str = ""


def filed(subject: Subject, by: Identity) -> dict[str, Any]:
    """What the page of a case shows of its file: its line while it is open, and its story."""
    return {"open_case": case_of(subject, by), "story": story_of(subject)}


def about_objection(objection: Objection) -> Subject:
    """A report and what is left of it, or any other objection."""
    if objection.vote_id is None:
        return Subject(CaseKind.OBJECTION, objection.id)
    kind = CaseKind.SLIP if objection.closed_at else CaseKind.REPORT
    return Subject(kind, objection.id)


def about(decision: Decision) -> Subject:
    """The case that a proposal is a step of; its own where it is none of another."""
    if decision.kind == DecisionKind.CONFLICT:
        return Subject(CaseKind.CONFLICT, decision.params["conflict"])
    if decision.kind == DecisionKind.OBJECTION:
        return about_objection(db.session.get_one(Objection, decision.params["objection"]))
    if decision.kind == DecisionKind.DISPUTE_END and decision.entry_id:
        return Subject(CaseKind.DISPUTE, decision.entry_id)
    return Subject(CaseKind.DECISION, decision.id)


def story_of(subject: Subject) -> list[Happening]:
    """Everything that happened with a case, in order."""
    events = _events(subject)
    told = [*_begun(subject), *_proposed(subject), *_at_the_desk(events)]
    if not any(event.act == Act.TAKEN for event in events):
        told += _taken_with_the_answer(subject)
    return sorted(told, key=lambda one: one.at)


def _begun(subject: Subject) -> Iterator[Happening]:
    if subject.kind == CaseKind.CONFLICT:
        yield from _of_conflict(db.session.get_one(Conflict, subject.id))
    elif subject.kind in OF_OBJECTIONS:
        yield from _of_objection(db.session.get_one(Objection, subject.id))
    elif subject.kind == CaseKind.AUDIT:
        item = db.session.get_one(AuditItem, subject.id)
        yield _cast(item.vote)


def _of_conflict(conflict: Conflict) -> Iterator[Happening]:
    yield _cast(conflict.standing_vote)
    yield _cast(conflict.held_vote)
    if conflict.resolved_at and conflict.decision_id is None:
        yield Happening(conflict.resolved_at, _("方案换版，两次都要重新确认"))


def _cast(vote: Vote) -> Happening:
    what = _(
        "第 %(number)s 次表态：%(channel)s", number=vote.number, channel=str(vote.channel.label)
    )
    keyer = db.session.get(Staff, vote.keyed_by_id) if vote.keyed_by_id else None
    who = _("%(name)s录入", name=keyer.name) if keyer else ""
    return Happening(vote.cast_at, what, who)


def _of_objection(objection: Objection) -> Iterator[Happening]:
    raised_by = db.session.get(Staff, objection.raised_by_id) if objection.raised_by_id else None
    who = raised_by.name if raised_by else _("住户自己提的")
    what = _("登记为第 %(number)s 号异议", number=objection.number)
    yield Happening(objection.raised_at, what, who)


def _taken_with_the_answer(subject: Subject) -> Iterator[Happening]:
    """Whoever writes the answer to an objection takes it with that."""
    if subject.kind in OF_OBJECTIONS:
        objection = db.session.get_one(Objection, subject.id)
        if objection.handler and objection.taken_at:
            yield Happening(objection.taken_at, _("接手"), objection.handler.name)


def _proposed(subject: Subject) -> Iterator[Happening]:
    """Every proposal about it: made, agreed to, declined with why, or taken back."""
    about = _about(subject)
    if about is None:
        return
    people = (joinedload(Decision.proposed_by), joinedload(Decision.settled_by))
    for made in db.session.scalars(select(Decision).where(about).options(*people)):
        proposed = _("提出：%(what)s", what=str(made.kind.label))
        yield Happening(made.proposed_at, proposed, made.proposed_by.name, made.reason)
        if made.settled_at and made.settled_by:
            done = _("已同意，生效") if made.outcome == Outcome.APPROVED else str(made.standing)
            yield Happening(made.settled_at, done, made.settled_by.name, made.note)


def _about(subject: Subject) -> ColumnElement[bool] | None:
    id_ = subject.id
    if subject.kind == CaseKind.DECISION:
        return Decision.id == id_
    if subject.kind == CaseKind.CONFLICT:
        same = Decision.params["conflict"].as_integer() == id_
        entry = select(Conflict.entry_id).where(Conflict.id == id_).scalar_subquery()
        return and_(Decision.kind == DecisionKind.CONFLICT, Decision.entry_id == entry, same)
    if subject.kind == CaseKind.DISPUTE:
        kinds = (DecisionKind.DISPUTE, DecisionKind.DISPUTE_END)
        return and_(Decision.kind.in_(kinds), Decision.entry_id == id_)
    if subject.kind == CaseKind.AUDIT:
        return None
    of_round = select(Objection.round_id).where(Objection.id == id_).scalar_subquery()
    same = Decision.params["objection"].as_integer() == id_
    return and_(Decision.kind == DecisionKind.OBJECTION, Decision.round_id == of_round, same)


def _events(subject: Subject) -> Sequence[CaseEvent]:
    # A home that waits for its slip was reported before.
    is_slip = subject.kind == CaseKind.SLIP
    kinds = [CaseKind.SLIP, CaseKind.REPORT] if is_slip else [subject.kind]
    people = (joinedload(CaseEvent.by), joinedload(CaseEvent.to))
    events = (
        select(CaseEvent)
        .join(CaseFile, CaseFile.id == CaseEvent.file_id)
        .where(CaseFile.kind.in_(kinds), CaseFile.subject_id == subject.id)
        .options(*people)
    )
    return db.session.scalars(events).all()


def _at_the_desk(events: Sequence[CaseEvent]) -> Iterator[Happening]:
    for event in events:
        yield Happening(event.at, _in_words(event), event.by.name, event.words)


def _in_words(event: CaseEvent) -> str:
    if event.act == Act.NOTED:
        return _("留言")
    if event.act == Act.DUE_MOVED and event.due_at:
        return _("期限改到 %(day)s", day=as_moment(event.due_at))
    if event.to and event.to_id != event.by_id:
        return _("交给%(name)s办", name=event.to.name)
    return _("接手")
