"""The list of compounds as one looks through it: what is asked for, in which order, page by page.

The order rests on rounds and plans alone; registers are counted for the compounds of one page,
so that the list grows with rounds and not with households.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, load_only

from app.core.db import db
from app.core.guards import Identity
from app.core.paging import Stretch
from app.desk.queries import CompoundLine, PlanLine, lines_of, plans_of, within
from app.roster.models import Area, Compound
from app.rounds.models import Round, State

ROWS = 50


@dataclass(frozen=True)
class Wanted:
    """What one looks for: part of a name, and a town (all when empty)."""

    text: str = ""
    town: str = ""


@dataclass(frozen=True)
class _Found:
    id: int
    name: str
    town: str
    community: str

    def answers(self, wanted: Wanted) -> bool:
        """Whether its town is the one, and its own or its community's name holds the text."""
        text = wanted.text.casefold()
        is_there = not wanted.town or self.town == wanted.town
        return is_there and (text in self.name.casefold() or text in self.community.casefold())


@dataclass(frozen=True)
class Compounds:
    """One page of the list, with the towns to choose from; `all` counts before any choice."""

    page: Stretch[CompoundLine]
    towns: Sequence[str] = field(default_factory=tuple)
    all: int = 0


def compounds(by: Identity, wanted: Wanted, number: int | None, *, size: int = ROWS) -> Compounds:
    """A page of the compounds within a person's scope, what closes first at the top."""
    everything = _everything(by)
    ids = _in_order(by, [one for one in everything if one.answers(wanted)])
    number = min(max(number or 1, 1), max(1, -(-len(ids) // size)))
    shown = ids[(number - 1) * size : number * size]
    page = Stretch(_lines_in_order(shown), number, len(ids), size)
    return Compounds(page, sorted({one.town for one in everything}), len(everything))


def all_lines(by: Identity, wanted: Wanted) -> list[CompoundLine]:
    """Every compound that is wanted, as for a file."""
    return _lines_in_order(_in_order(by, [one for one in _everything(by) if one.answers(wanted)]))


def _lines_in_order(ids: Sequence[int]) -> list[CompoundLine]:
    place = {id_: number for number, id_ in enumerate(ids)}
    lines = lines_of(select(Compound.id).where(Compound.id.in_(ids))) if ids else []
    return sorted(lines, key=lambda line: place[line.id])


def _everything(by: Identity) -> list[_Found]:
    community, town = aliased(Area), aliased(Area)
    rows = db.session.execute(
        select(Compound.id, Compound.name, func.coalesce(town.name, ""), community.name)
        .join(community, community.id == Compound.area_id)
        .outerjoin(town, town.id == community.parent_id)
        .where(Compound.id.in_(within(by)))
    )
    return [_Found(*row) for row in rows]


def _in_order(by: Identity, found: Sequence[_Found]) -> list[int]:
    rounds, plans = _newest_rounds(by), plans_of(within(by))
    places = {
        one.id: (*_place(rounds.get(one.id), plans.get(one.id, PlanLine())), one.name, one.id)
        for one in found
    }
    return sorted(places, key=places.__getitem__)


def _place(round_: Round | None, plan: PlanLine) -> tuple[int, float]:
    """Open rounds by their deadline, what waits for a colleague, closed ones, then the rest."""
    state = round_.state if round_ else None
    if round_ and state == State.OPEN:
        return 0, _seconds(round_.closes_at)
    if plan.is_waiting or (round_ and state == State.REVIEW and round_.confirmed_at is None):
        return 1, 0
    if round_ and state in (State.CLOSED, State.PRELIMINARY):
        return 2, _seconds(round_.closes_at)
    if state in (State.CERTIFIED, State.ARCHIVED):
        return 5, 0
    return (3, 0) if round_ or plan.published or plan.draft else (4, 0)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _newest_rounds(by: Identity) -> dict[int, Round]:
    newest = (
        select(func.max(Round.id))
        .where(Round.compound_id.in_(within(by)), Round.withdrawn_at.is_(None))
        .group_by(Round.compound_id)
    )
    facts = load_only(
        Round.compound_id,
        Round.closes_at,
        Round.submitted_at,
        Round.confirmed_at,
        Round.register_published_at,
        Round.frozen_at,
        Round.opened_at,
        Round.closed_at,
        Round.preliminary_at,
        Round.certified_at,
        Round.archived_at,
        Round.withdrawn_at,
    )
    rounds = db.session.scalars(select(Round).where(Round.id.in_(newest)).options(facts))
    return {round_.compound_id: round_ for round_ in rounds}
