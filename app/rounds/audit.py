"""The random audit of votes on paper: drawn at the close from a seed fixed there (THREATS T30).

Anybody can draw the same sample again from the seed and the journal. What begins to count on
paper after the close had no part in the lot: all of it is compared (`effects.audit_late`).
"""

import hashlib
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from app.accounts.queries import are_two_persons
from app.accounts.vouching import check_second_person
from app.core import clock
from app.core.db import db
from app.core.errors import Refused, msg
from app.core.guards import Identity
from app.journal.models import Kind
from app.rounds import effects
from app.rounds.cases import AuditItem, ObjectionKind
from app.rounds.lifecycle import Verb
from app.rounds.models import Round, Vote
from app.rounds.objections import Complaint, write_down
from app.rounds.steps import NotYourself, note, require


class AlreadyChecked(Refused):
    """Somebody compared this form with its vote before."""


def draw(seed: str, seqs: Iterable[int], size: int) -> list[int]:
    """The `size` journal places that come first by SHA-256(seed ‖ place), in that order."""

    def lot(seq: int) -> bytes:
        return hashlib.sha256(f"{seed} {seq}".encode()).digest()

    return sorted(seqs, key=lot)[:size]


def draw_sample(round_: Round, seed: str) -> list[int]:
    """Draw among the votes on paper that count at the close; returns their journal places."""
    votes = {vote.seq: vote for vote in effects.paper_votes(round_.id)}
    drawn = draw(seed, votes, round_.switches.audit_votes)
    for position, seq in enumerate(drawn, start=1):
        item = AuditItem(round_id=round_.id, position=position, vote_id=votes[seq].id)
        db.session.add(item)
    return drawn


def check_item(round_: Round, item: AuditItem, *, agrees: bool, why: str, by: Identity) -> None:
    """Say whether a drawn form says what was keyed; a difference becomes an objection.

    Refuses `NotNow`, `AlreadyChecked`, and `NotYourself` to both who keyed it.
    """
    round_ = require(round_, Verb.AUDIT)
    db.session.refresh(item)
    if item.checked_at is not None:
        raise AlreadyChecked(msg("这张表已经核对过了。"))
    own = NotYourself(msg("这张表是您录入的，要由另一个人核对。"))
    for keyer in _keyers(item):
        check_second_person(keyer, by, own)
    item.agrees, item.note = agrees, why.strip()
    item.checked_at, item.checked_by_id = clock.now(), by.id
    note(round_, Kind.AUDIT, {"vote": item.vote.seq, "agrees": int(agrees)}, by=by)
    if not agrees:
        complaint = Complaint(
            ObjectionKind.KEYED_WRONGLY,
            item.vote.entry.label,
            item.note or msg("抽查时发现录入的和纸质表不一样。"),
            household_id=item.vote.entry.household_id,
        )
        write_down(round_, complaint, by=by)
    effects.touch(round_)


def may_compare(item: AuditItem, by: Identity) -> bool:
    """Whether `by` is a second person to both who keyed a drawn form."""
    return all(are_two_persons(keyer, by) for keyer in _keyers(item))


def _keyers(item: AuditItem) -> list[int]:
    both = (item.vote.keyed_by_id, item.vote.checked_by_id)
    return [keyer for keyer in both if keyer is not None]


def sample_of(round_id: int) -> list[AuditItem]:
    """The drawn forms in the order of the lot."""
    items = select(AuditItem).where(AuditItem.round_id == round_id).order_by(AuditItem.position)
    loaded = items.options(
        joinedload(AuditItem.vote).joinedload(Vote.entry), joinedload(AuditItem.checked_by)
    )
    return list(db.session.scalars(loaded))


def unchecked(round_id: int) -> int:
    """How many drawn forms nobody has compared yet."""
    open_ = (AuditItem.round_id == round_id, AuditItem.checked_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(AuditItem).where(*open_)) or 0
