"""Recording attempts to reach a home, exactly once, and sharing the doors out among workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert, select

from app.accounts.models import Staff
from app.core import clock
from app.core.db import db, once
from app.core.errors import Refused, msg
from app.core.format import local
from app.core.guards import Identity
from app.doors.models import POSSIBLE, WALKERS, Assignment, AssignmentChange, Outcome, Visit, Way
from app.doors.queries import may_take_back
from app.journal.actions import book_of_round, record
from app.journal.models import Kind
from app.rounds import assisting
from app.rounds.assisting import AssistedSession
from app.rounds.effects import touch
from app.rounds.models import RegisterEntry, Round
from app.rounds.recording import Ballot, Receipt
from app.rounds.steps import locked

# How long ago a phone without a line may have been at the door.
LATEST = timedelta(days=7)
FURTHEST = timedelta(days=366)


class RoundOver(Refused):
    """The round has its final result: nobody is visited for it any more."""


class DoorGone(Refused):
    """The home is not, or no longer, on the register."""


class NotPossible(Refused):
    """This outcome does not belong to this way, or the times cannot be."""


class RequestTaken(Refused):
    """The id of this request belongs to another record."""


class NoDoors(Refused):
    """No door of this round was chosen."""


class NotTheirs(Refused):
    """The doors lie outside the scope of whom they are given to, or that one walks nowhere."""


class TooLate(Refused):
    """What was shared out or tapped can be taken back for ten minutes, once, by whoever did it."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to reach a home, as it is told; `made_at` is None for now."""

    outcome: Outcome
    request_id: str
    way: Way = Way.VISIT
    note: str = ""
    proof: str = ""
    next_on: date | None = None
    made_at: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """The row that stands for an attempt, whether it was made now or by the same request before."""

    visit_id: int
    is_new: bool


@dataclass(frozen=True)
class Shared:
    """How many doors changed hands, and by which change."""

    change_id: int
    doors: int


def record_visit(entry: RegisterEntry, attempt: Attempt, *, by: Identity) -> Recorded:
    """Put an attempt on the ledger; the same request makes it once (FAULTS.md F06).

    Refuses `RequestTaken`, `RoundOver`, `DoorGone` and `NotPossible`. The journal learns that a
    home was tried and how, never what came of it.
    """
    first = _first(entry, attempt, by)
    if first is not None:
        return first
    _check(entry, attempt)
    now = clock.now()
    made_at = min(attempt.made_at or now, now)
    visit = Visit(
        round_id=entry.round_id,
        entry_id=entry.id,
        request_id=attempt.request_id,
        way=attempt.way,
        outcome=attempt.outcome,
        note=attempt.note,
        proof=attempt.proof,
        next_on=attempt.next_on,
        made_at=made_at,
        recorded_at=now,
        made_by_id=by.id,
    )
    try:
        with once(_taken()):
            db.session.add(visit)
    except RequestTaken:
        # The same request came in through another connection at this moment.
        first = _first(entry, attempt, by)
        if first is None:
            raise
        return first
    # Boards show it; the round before the journal, in the order in which votes lock them.
    touch(entry.round)
    facts = {"round": entry.round_id, "hh": entry.commitment, "way": attempt.way.value}
    at = made_at.isoformat(timespec="seconds")
    record(book_of_round(entry.round_id), Kind.VISIT, {**facts, "at": at}, actor=by.commitment)
    return Recorded(visit.id, is_new=True)


def submit_helped(session: AssistedSession, ballot: Ballot, *, by: Identity) -> Receipt:
    """Record what a home said at its door, and that somebody was there; refuses as `submit` does.

    The same request again makes neither a second vote nor a second attempt.
    """
    receipt = assisting.submit(session, ballot, by=by)
    was_there = Attempt(Outcome.SPOKEN, f"helped-{session.id}", made_at=receipt.at)
    record_visit(session.entry, was_there, by=by)
    return receipt


def take_back_visit(visit: Visit, *, by: Identity) -> None:
    """Mark an attempt that was tapped by mistake; refuses `TooLate` once anything came after it."""
    locked(visit.entry.round)
    db.session.refresh(visit)
    if not may_take_back(visit, by):
        raise TooLate(msg("只有刚记下的人十分钟以内可以撤销，而且这一户后来没有别的记录。"))
    visit.taken_back_at = clock.now()
    touch(visit.entry.round)
    facts = {"round": visit.round_id, "hh": visit.entry.commitment, "way": visit.way.value}
    facts |= {"at": visit.made_at.isoformat(timespec="seconds"), "taken_back": True}
    record(book_of_round(visit.round_id), Kind.VISIT, facts, actor=by.commitment)


def share_out(
    round_: Round, entry_ids: Sequence[int], worker: Staff | None, *, by: Identity
) -> Shared:
    """Give doors of a round to a worker, or to nobody; refuses `NoDoors` and `NotTheirs`."""
    if worker is not None:
        _check_walker(round_, worker)
    # Two people may share out the same doors at once.
    round_ = locked(round_)
    here = (RegisterEntry.round_id == round_.id, RegisterEntry.is_household)
    on_register = select(RegisterEntry.id).where(*here, RegisterEntry.removed_at.is_(None))
    wanted = set(entry_ids)
    doors = [id_ for id_ in db.session.scalars(on_register) if id_ in wanted]
    if not doors or len(doors) != len(wanted):
        raise NoDoors(msg("没有选中任何一户，或者选的不在这一轮里。请刷新后重新选。"))
    held = _held(round_.id)
    change = AssignmentChange(
        round_id=round_.id,
        worker_id=worker.id if worker else None,
        before={str(door): held.get(door, (None, 0))[0] for door in doors},
        made_at=clock.now(),
        made_by_id=by.id,
    )
    db.session.add(change)
    db.session.flush()
    _hand_over(dict.fromkeys(doors, worker.id if worker else None), change.id)
    return Shared(change.id, len(doors))


def take_back(change: AssignmentChange, *, by: Identity) -> Shared:
    """Give the doors of a change back to whose they were; refuses `TooLate`.

    Doors that were given to somebody else since stay with that one.
    """
    locked(change.round)
    db.session.refresh(change)
    if not change.may_be_taken_back(by):
        raise TooLate(msg("只有刚分完的人十分钟以内可以撤销，而且只能撤销一次。请重新分。"))
    change.undone_at = clock.now()
    held = _held(change.round_id)
    # What was given to nobody has no row now, unless it changed hands since.
    untouched = (0, change.id if change.worker_id is None else 0)
    doors = {
        int(door): worker_id
        for door, worker_id in change.before.items()
        if held.get(int(door), untouched)[1] == change.id
    }
    _hand_over(doors, change.id)
    return Shared(change.id, len(doors))


def _first(entry: RegisterEntry, attempt: Attempt, by: Identity) -> Recorded | None:
    found = db.session.scalar(select(Visit).where(Visit.request_id == attempt.request_id))
    if found is None:
        return None
    same = (found.entry_id, found.outcome, found.way, found.note, found.next_on, found.made_by_id)
    told = (entry.id, attempt.outcome, attempt.way, attempt.note, attempt.next_on, by.id)
    if same != told:
        raise _taken()
    return Recorded(found.id, is_new=False)


def _taken() -> RequestTaken:
    return RequestTaken(msg("这一页已经记过一次，请刷新后再记。"))


def _check(entry: RegisterEntry, attempt: Attempt) -> None:
    if entry.round.is_over:
        raise RoundOver(msg("这一轮已经结束，不用再上门。"))
    if entry.removed_at is not None or not entry.is_household:
        raise DoorGone(msg("这一户已经不在登记册里了，不用再上门。"))
    if attempt.outcome not in POSSIBLE[attempt.way]:
        raise NotPossible(msg("这种方式没有这样的结果，请重新选。"))
    now = clock.now()
    if attempt.made_at is not None and not now - LATEST <= attempt.made_at <= now:
        raise NotPossible(msg("时间不对：不能晚于现在，也不能早于七天以前。"))
    today = local(now).date()
    if attempt.next_on is not None and not today <= attempt.next_on <= today + FURTHEST:
        raise NotPossible(msg("下次上门的日子要从今天起，一年以内。"))


def _check_walker(round_: Round, worker: Staff) -> None:
    path = worker.area.path if worker.area else "/"
    is_here = round_.compound.area.path.startswith(path)
    if worker.closed_at is not None or worker.role not in WALKERS or not is_here:
        raise NotTheirs(msg("这个人不负责这个小区，不能分给他。"))


def _held(round_id: int) -> dict[int, tuple[int, int]]:
    """Entry id → whose door it is, and since which change."""
    rows = db.session.execute(
        select(Assignment.entry_id, Assignment.worker_id, Assignment.change_id)
        .join(RegisterEntry, RegisterEntry.id == Assignment.entry_id)
        .where(RegisterEntry.round_id == round_id)
    )
    return {entry_id: (worker_id, change_id) for entry_id, worker_id, change_id in rows}


def _hand_over(doors: Mapping[int, int | None], change_id: int) -> None:
    """Let each door be this worker's, or nobody's."""
    ids = list(doors)
    for start in range(0, len(ids), 500):
        gone = delete(Assignment).where(Assignment.entry_id.in_(ids[start : start + 500]))
        db.session.execute(gone.execution_options(synchronize_session=False))
    rows = [
        {"entry_id": door, "worker_id": worker_id, "change_id": change_id}
        for door, worker_id in doors.items()
        if worker_id is not None
    ]
    if rows:
        db.session.execute(insert(Assignment), rows)
