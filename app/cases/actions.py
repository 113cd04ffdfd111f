"""What is done with a case besides settling it: taken over, given a later day, noted on.

The journal says who looks after which case and that a day was moved; words stay at the desk.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.cases.line import Case, Subject
from app.cases.models import Act, CaseEvent, CaseFile
from app.cases.queries import open_among
from app.cases.sources import TO_ANSWER
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import OFFICE_ROLES, Identity, Role
from app.journal.models import Kind
from app.rounds import objections
from app.rounds.cases import Objection
from app.rounds.models import Round
from app.rounds.steps import NotNow, locked, note

# Nobody puts a case off for longer than a round may last at most.
LATEST = timedelta(days=60)


class NothingChosen(Refused):
    """No case was named, or none of those named is open any more."""


class NotTheirs(Refused):
    """Whoever should get the case does not work where it is."""


class NotADay(Refused):
    """The day is over already, or too far away."""


class NoWords(Refused):
    """A note says something, and a day is moved with a reason."""


def take_over(subjects: Iterable[Subject], *, by: Identity, to: Identity | None = None) -> int:
    """Look after these cases, or let a colleague (`to`) do so; returns how many.

    What is settled meanwhile, or waits for a second person already, is left as it is. Refuses
    `NothingChosen`, and `NotTheirs` when the colleague does not work there.
    """
    owner = to or by
    # In one order, so that two people who take many never wait for each other.
    found = sorted(open_among(subjects, by), key=lambda case: case.round_id)
    rounds = {case.round_id: db.session.get_one(Round, case.round_id) for case in found}
    if owner.role not in (*OFFICE_ROLES, Role.ADMIN) or not all(
        owner.reaches(round_.compound.area.path) for round_ in rounds.values()
    ):
        raise NotTheirs(msg("这位同事管不到选中的小区，请换一个人。"))
    taken = [case for case in found if _take(case, owner, by)]
    if not taken:
        raise NothingChosen(msg("选中的事已经办完，或者正在等第二个人，没有什么可以接的。"))
    return len(taken)


def move_due(case: Case, until: datetime, why: str, *, by: Identity) -> None:
    """Give a case another day, with the reason; refuses `NotADay` and `NoWords`."""
    now = clock.now()
    if not now < until <= now + LATEST:
        raise NotADay(msg("期限要在今天以后、%(most)s 天以内。"), most=LATEST.days)
    if not why.strip():
        raise NoWords(msg("请写明理由。"))
    file = _file_of(case)
    file.due_at, file.due_set_at = until, now
    _keep(file, Act.DUE_MOVED, by, words=why.strip(), due_at=until)
    _record(case, "due", by)


def write_note(case: Case, words: str, *, by: Identity) -> None:
    """Leave a note for colleagues; it is never shown to residents. Refuses `NoWords`."""
    if not words.strip():
        raise NoWords(msg("请写下要留的话。"))
    _keep(_file_of(case), Act.NOTED, by, words=words.strip())
    _record(case, "noted", by)


def _take(case: Case, owner: Identity, by: Identity) -> bool:
    """Whether it changed hands; an answer that waits for a second person is nobody's to take."""
    if case.kind in TO_ANSWER and not _take_objection(case, owner, by):
        return False
    file = _file_of(case)
    file.owner_id, file.taken_at = owner.id, clock.now()
    _keep(file, Act.TAKEN, by, to_id=owner.id)
    _record(case, "taken", by, owner=owner)
    return True


def _take_objection(case: Case, owner: Identity, by: Identity) -> bool:
    objection = db.session.get_one(Objection, case.subject.id)
    try:
        objections.take(objection, by=by, handler=owner)
    except (objections.AlreadyAnswered, NotNow):
        return False
    return True


def _file_of(case: Case) -> CaseFile:
    """What the desk keeps about it, made when nobody touched it before; under the round's lock."""
    subject = case.subject
    locked(db.session.get_one(Round, case.round_id))
    found = db.session.query(CaseFile).filter_by(kind=subject.kind, subject_id=subject.id)
    file = found.one_or_none()
    if file is None:
        file = CaseFile(kind=subject.kind, subject_id=subject.id, round_id=case.round_id)
        db.session.add(file)
        db.session.flush()
    return file


def _keep(
    file: CaseFile,
    act: Act,
    by: Identity,
    *,
    words: str = "",
    to_id: int | None = None,
    due_at: datetime | None = None,
) -> None:
    event = CaseEvent(
        file_id=file.id,
        act=act,
        at=clock.now(),
        by_id=by.id,
        to_id=to_id,
        due_at=due_at,
        words=words,
    )
    db.session.add(event)
    db.session.flush()


def _record(case: Case, step: str, by: Identity, *, owner: Identity | None = None) -> None:
    facts: dict[str, object] = {"case": case.kind.value, "subject": case.subject.id, "step": step}
    if owner is not None and owner.id != by.id:
        facts["owner"] = owner.commitment
    note(db.session.get_one(Round, case.round_id), Kind.CASE, facts, by=by)
