"""Two people of an office with a round between them, and what happens to it in their tests."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.core import clock
from app.core.db import db
from app.core.guards import Identity
from app.journal.models import JournalEntry
from app.roster.models import (
    Compound,
    Entrance,
    Household,
    Occupancy,
    Owner,
    Premises,
    Tenure,
    Use,
)
from app.rounds import actions, decisions, matters, recounting, tallies
from app.rounds.cases import Decision
from app.rounds.casting import Ballot, Receipt, cast
from app.rounds.counting import Choice, Track
from app.rounds.decisions import Grounds
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, RegisterEntry, Round, Vote
from app.rounds.profile import Switches
from tests.factories import issue_all_codes, make_plan, make_staff

GROUNDS = Grounds("房产证上登记的是这样，已核对原件。", "不动产权证复印件")
_requests = itertools.count(1)


@dataclass(frozen=True)
class Office:
    """One person who proposes, and another who agrees."""

    first: Identity = field(default_factory=lambda: make_staff().identity)
    second: Identity = field(default_factory=lambda: make_staff().identity)

    def agrees(self, decision: Decision) -> Decision:
        """The second person approves what the first proposed."""
        decisions.approve(decision, by=self.second)
        return decision


def open_round(
    compound: Compound,
    *terms: MatterTerms,
    switches: Switches | None = None,
    until: str = "open",
    days: int = 15,
) -> Round:
    """A round that asks these questions too, frozen or open, with a plan and all codes."""
    make_plan(compound)
    office, now = Office(), clock.now()
    of_round = actions.RoundTerms("第一轮", now, now + timedelta(days=days), "0953-5550100")
    round_ = actions.draft_round(compound, of_round, by=office.first)
    matters.choose_profile(round_, "henan-80", switches or Switches(), by=office.first)
    for one in terms:
        matters.add_matter(round_, one, by=office.first)
    actions.submit_round(round_, by=office.first)
    actions.confirm_profile(round_, by=office.second)
    actions.publish_register(round_, by=office.first)
    if until != "published":
        actions.freeze_register(round_, by=office.first)
    if until == "open":
        issue_all_codes(compound)
        actions.note_posters_printed(compound, by=office.first)
        actions.open_round(round_, by=office.first)
    return round_


def make_premises(entrance: Entrance, room: str, *owners: Owner, **facts: Any) -> Premises:
    """Premises of these owners; a dwelling is a household, anything else is none."""
    use = facts.pop("use", Use.DWELLING)
    kind = {"occupancy": Occupancy.OWNER, "size": 8000, **facts}
    premises = Premises(entrance=entrance, room=room, position=int(room), use=use, **kind)
    premises.tenures = [Tenure(owner=owner, since=clock.now()) for owner in owners]
    db.session.add(Household(premises=premises) if use == Use.DWELLING else premises)
    db.session.flush()
    return premises


def make_owner(compound: Compound, name: str = "赵一曼") -> Owner:
    """Somebody who may own several premises."""
    owner = Owner(compound_id=compound.id, name=name)
    db.session.add(owner)
    db.session.flush()
    return owner


def home_in(premises: Premises) -> Household:
    """The household of a dwelling."""
    return db.session.scalars(sa.select(Household).filter_by(premises_id=premises.id)).one()


def entry_at(round_: Round, place: Household | Premises) -> RegisterEntry:
    """Where a household or premises stand on the register."""
    premises_id = place.id if isinstance(place, Premises) else place.premises_id
    found = sa.select(RegisterEntry).filter_by(round_id=round_.id, premises_id=premises_id)
    # Where the resident is not the owner there is another entry, `landlord_at`.
    homes_first = (RegisterEntry.removed_at.is_not(None), RegisterEntry.is_household.desc())
    return next(iter(db.session.scalars(found.order_by(*homes_first))))


def landlord_at(round_: Round, place: Household | Premises) -> RegisterEntry:
    """Where the owner of premises stands who is not their resident."""
    premises_id = place.id if isinstance(place, Premises) else place.premises_id
    found = sa.select(RegisterEntry).filter_by(round_id=round_.id, premises_id=premises_id)
    return db.session.scalars(found.filter_by(household_id=None)).one()


def answers(entry: RegisterEntry, choice: Choice) -> dict[int, Choice]:
    """The same choice on every decision that this entry is asked."""
    asked = [m for m in entry.round.matters if m.counts(entry) and m.is_decision]
    return {matter.id: choice for matter in asked}


def say(
    round_: Round, home: Household, choice: Choice, via: Channel = Channel.PHONE, **others: Any
) -> Receipt:
    """The household says the same on everything it is asked, having seen all that was said."""
    entry = entry_at(round_, home)
    number = round_.plan_version.number if round_.plan_version else 0
    ballot = Ballot(
        others.pop("choices", answers(entry, choice)),
        f"request-{next(_requests):06d}",
        entry.votes,
        number,
        wishes=others.pop("wishes", frozenset()),
    )
    return cast(round_, home.id, ballot, via=via, **others)


def figures(round_: Round, matter: int = 0) -> tuple[int, int, int, int]:
    """Total, agree, disagree, abstain of one consultation, after the journal confirmed them."""
    check_counted(round_)
    tally = tallies.results(round_).matters[matter].tally
    return tally.total, tally.agree, tally.disagree, tally.abstain


def check_counted(round_: Round) -> None:
    """The caches are what the journal tells, and told again from the rows as they are stored."""
    db.session.flush()
    db.session.expire_all()
    assert recounting.counters_agree(round_)
    assert tallies.results(round_) == recounting.recount(round_)


def votes_of(round_: Round, place: Household | Premises) -> list[Vote]:
    """Everything a household has said, in its order."""
    entry = entry_at(round_, place)
    return list(db.session.scalars(sa.select(Vote).filter_by(entry_id=entry.id).order_by("number")))


def journal_of(round_: Round, kind: str = "") -> list[Mapping[str, Any]]:
    """The book of a round as facts, in its order; of one kind only when it is named."""
    book = sa.select(JournalEntry).filter_by(book=f"round-{round_.id}").order_by("seq")
    told = [json.loads(entry.entry) for entry in db.session.scalars(book)]
    return [facts for facts in told if kind in ("", facts["type"])]


def owners_matter(round_: Round) -> Any:
    """The first decision of owners of a round."""
    return next(matter for matter in round_.matters if matter.track == Track.OWNERS)
