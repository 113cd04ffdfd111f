"""What two persons change about a vote: a signed form counts instead, or nothing does."""

from collections.abc import Mapping
from dataclasses import replace

from app.core.db import db
from app.core.errors import msg
from app.core.tokens import random_token
from app.notices.actions import tell
from app.notices.models import MessageKind
from app.rounds import casting, effects
from app.rounds.cases import Decision
from app.rounds.casting import NotOnRegister
from app.rounds.counting import Choice
from app.rounds.models import Channel, RegisterEntry
from app.rounds.recording import Hand, Receipt, write
from app.rounds.steps import NotNow, locked


def replace_vote(
    entry: RegisterEntry, choices: Mapping[int, Choice], decision: Decision
) -> Receipt:
    """Record what the household's signed form says, as two persons decided, after the close too.

    Whoever proposed it keyed it. Refuses `NotNow` before the opening, `Incomplete`,
    `NotOnRegister` and `BeingSettled`.
    """
    round_ = locked(entry.round)
    if round_.opened_at is None:
        raise NotNow(msg("征询还没有开始，没有可以更正的票。"))
    casting.check_complete(entry, choices)
    casting.check_present(entry)
    casting.check_no_conflict(entry)
    # A name that nobody's browser can have chosen: it never looks like a repeated request.
    request_id = f"decision-{decision.id}-{random_token(8)}"
    before = casting.said_before(round_, entry, request_id, entry.votes)
    hand = Hand(Channel.PAPER, keyed_by_id=decision.proposed_by_id)
    # A paper gives no reasons, and asks for no call.
    ballot = replace(before, choices=choices, reasons={}, may_call=False)
    return write(round_, entry, ballot, hand, decision_id=decision.id)


def strike_out(entry: RegisterEntry) -> int:
    """Void the household's current vote; it is silent then, and told so. Returns its number.

    Refuses `NotOnRegister` without such a vote and `BeingSettled`.
    """
    casting.check_present(entry)
    casting.check_no_conflict(entry)
    vote = effects.current_vote(entry)
    if vote is None:
        raise NotOnRegister(msg("这一户没有表过态，没有可以作废的票。"))
    effects.make_current(entry, None)
    vote.is_void = True
    db.session.flush()
    if entry.household_id is not None:
        tell([entry.household_id], MessageKind.VOIDED, f"void:{vote.id}")
    return vote.number
