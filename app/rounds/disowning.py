"""“This was not us”: a household names a vote that it says is not its own (THREATS.md T22).

The vote stays as it is until two persons have looked into it; their answer may strike it out
(`objections`). Whoever else was signed in for this home is not any more, and its phones are told.
"""

from collections.abc import Sequence

from sqlalchemy import func, select

from app.accounts.sessions import end_others
from app.core.db import db
from app.core.errors import Refused, msg
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.rounds.cases import Objection, ObjectionKind
from app.rounds.lifecycle import Verb
from app.rounds.models import Vote
from app.rounds.objections import Complaint, check_time, write_down
from app.rounds.steps import require

# Each takes two persons; who votes and reports in turns cannot bury the office.
MOST_REPORTS = 3
MANY_REPORTS = msg("您家已有 %(most)s 件报告正在核实，请等答复，或者打社区电话。")


class AlreadyReported(Refused):
    """The household has named this vote before, and gets one answer."""


class TooManyReports(Refused):
    """This household already waits for several answers of this kind."""


class AlreadyVoid(Refused):
    """The vote does not count any more; there is nothing to look into."""


def disown(vote: Vote, words: str, *, session_id: int) -> Objection:
    """Record that a household says a vote is not its own, and end all its sessions but this one.

    Whatever else it objected to. Refuses `NotNow` outside the days for objections,
    `AlreadyReported`, `TooManyReports` and `AlreadyVoid`.
    """
    entry = vote.entry
    round_ = require(entry.round, Verb.OBJECT)
    check_time(round_)
    db.session.refresh(vote)
    if vote.is_void:
        raise AlreadyVoid(msg("这一次已经作废了，不用再报告。"))
    if reports_on([vote]):
        raise AlreadyReported(msg("您家已经报告过这一次，社区会答复，不用再报告。"))
    if open_reports(round_.id, entry.household_id) >= MOST_REPORTS:
        raise TooManyReports(MANY_REPORTS, most=MOST_REPORTS)
    complaint = Complaint(
        ObjectionKind.NOT_ME, entry.label, words, entry.household_id, vote_id=vote.id
    )
    case = write_down(round_, complaint, by=None)
    if entry.household_id is not None:
        end_others(entry.household_id, but=session_id)
        tell([entry.household_id], MessageKind.REPORTED, f"report:{case.id}")
    return case


def open_reports(round_id: int, household_id: int | None) -> int:
    """How many votes this household named in this round that nobody has answered about yet."""
    own = (Objection.round_id == round_id, Objection.household_id == household_id)
    waiting = (Objection.vote_id.is_not(None), Objection.closed_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(Objection).where(*own, *waiting)) or 0


def reports_on(votes: Sequence[Vote]) -> dict[int, Objection]:
    """Vote id → what the household reported about it."""
    if not votes:
        return {}
    about = select(Objection).where(Objection.vote_id.in_([vote.id for vote in votes]))
    return {one.vote_id: one for one in db.session.scalars(about) if one.vote_id}
