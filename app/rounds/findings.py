"""What certifying a result rests on, gathered from everything that befell the round."""

from app.core import clock
from app.rounds import audit, conflicts, queries
from app.rounds.lifecycle import ResultFacts
from app.rounds.models import Round
from app.rounds.recounting import counters_agree


def result_facts(round_: Round) -> ResultFacts:
    """What the list of conditions for certifying is made from."""
    return ResultFacts(
        now=clock.now(),
        objections_end=queries.objections_end(round_),
        open_objections=queries.open_objections(round_.id),
        open_conflicts=conflicts.open_conflict_count(round_.id),
        waiting_decisions=queries.waiting_decisions(round_.id),
        audit_unchecked=audit.unchecked(round_.id),
        recount_agrees=counters_agree(round_),
    )
