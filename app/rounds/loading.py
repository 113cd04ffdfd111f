"""How pages of the desk find a round or an entry: within what the signed-in person reaches."""

from app.core.db import db
from app.core.guards import must_reach
from app.rounds.models import RegisterEntry, Round


def load_round(round_id: int) -> Round:
    """The round, or 404; 403 outside one's own area."""
    round_: Round = db.get_or_abort(Round, round_id)
    must_reach(round_.compound.area.path)
    return round_


def load_entry(entry_id: int) -> RegisterEntry:
    """The entry of a register, or 404; 403 outside one's own area."""
    entry: RegisterEntry = db.get_or_abort(RegisterEntry, entry_id)
    must_reach(entry.round.compound.area.path)
    return entry
