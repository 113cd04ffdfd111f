"""The short way of a plain first vote leaves exactly what the long way leaves."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.roster.models import Household
from app.rounds import casting, recording, recounting, tallies
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, Round, Scope, Subject, Vote
from app.rounds.reasons import Reason
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_building
from tests.rounds.offices import entry_at, open_round

TELLING = ("seq", "receipt", "request_id", "id", "entry_id", "round_id", "session_id", "cast_at")


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    """Plan, management, the maintenance fund, an elevator of the first entrance, and a menu."""
    building = make_building(homes=4, entrances=2)
    place = (Scope.ENTRANCES, (building.entrances[0].id,))
    lift = MatterTerms(Subject.ELEVATOR, "加装电梯", "同意吗？", "elevator-entrance", *place)
    fund = MatterTerms(Subject.USE_FUND, "使用维修资金", "同意吗？", "owners-ordinary")
    menu = MatterTerms(Subject.MENU, "先改什么", "想要哪些？", "menu", options=("灯", "树"))
    return open_round(building.compound, fund, lift, menu)


def send(client: PageClient, round_: Round, home: Household, **others: Any) -> Vote:
    """The household answers everything it is asked on its phone, as a browser does."""
    client.enter(round_.compound.buildings[0], issue_code(home))
    page = client.get("rounds.vote", round_id=round_.id)
    values = page.form_values("/review")
    for matter in casting.matters_asked(round_, entry_at(round_, home)):
        wished = str(matter.options[1].id) if matter.options else ""
        values[f"matter-{matter.id}"] = wished or Choice.AGREE.value
    client.post("rounds.cast", {**values, **others}, round_id=round_.id)
    return db.session.scalars(sa.select(Vote).order_by(Vote.id.desc())).first() or Vote()


def rows_of(vote: Vote) -> dict[str, Any]:
    """Everything a vote left, but its names and its moment."""
    columns = {c.name: getattr(vote, c.name) for c in Vote.__table__.columns}
    kept = {name: value for name, value in columns.items() if name not in TELLING}
    choices = {c.matter_id: (c.choice, c.reason) for c in vote.choices}
    return {**kept, "choices": choices, "wishes": {(w.option_id, w.rank) for w in vote.wishes}}


def test_the_short_way_leaves_what_the_long_way_leaves(client: PageClient, round_: Round) -> None:
    short, long = homes_of(round_.compound.buildings[0])[0::2]
    sent = send(client, round_, short, comment="谢谢")
    ballot = Ballot(
        {c.matter_id: c.choice for c in sent.choices},
        "request-by-the-long-way",
        0,
        1,
        "谢谢",
        frozenset(w.option_id for w in sent.wishes),
    )
    casting.cast(round_, long.id, ballot, via=Channel.PHONE)
    other = db.session.scalars(sa.select(Vote).order_by(Vote.id.desc())).first()
    assert other is not None
    assert rows_of(sent) == rows_of(other)
    assert entry_at(round_, short).voice == entry_at(round_, long).voice
    assert recounting.differences(round_) == []
    assert tallies.results(round_).matters[0].tally.agree == 2


def test_an_owners_question_may_stay_open_on_the_short_way_too(
    client: PageClient, round_: Round
) -> None:
    home = homes_of(round_.compound.buildings[0])[1]
    fund = next(m for m in round_.matters if m.subject == Subject.USE_FUND)
    vote = send(client, round_, home, **{f"matter-{fund.id}": ""})
    assert fund.id not in {choice.matter_id for choice in vote.choices}
    assert recounting.differences(round_) == []


def test_reasons_ranks_and_the_wish_for_a_call_go_the_short_way_too(
    client: PageClient, round_: Round
) -> None:
    home, other = homes_of(round_.compound.buildings[0])[1:3]
    plan, management, *_, menu = round_.matters
    lamps, trees = menu.options
    said = {
        f"matter-{plan.id}": "disagree",
        f"reason-{plan.id}": "cost",
        f"reason-{management.id}": "fee",
        f"matter-{menu.id}": str(lamps.id),
        f"rank-{menu.id}": [str(trees.id), "", str(lamps.id)],
        "may_call": "y",
    }
    vote = send(client, round_, home, **said)
    assert not db.session.scalars(sa.select(Vote).filter_by(session_id=None)).all()
    whys = {choice.matter_id: choice.reason for choice in vote.choices}
    assert (whys[plan.id], whys[management.id]) == (Reason.COST, None)
    assert {wish.option_id: wish.rank for wish in vote.wishes} == {trees.id: 1, lamps.id: 2}
    assert vote.may_call
    ballot = recording.said_in(vote, "request-by-the-long-way", 0, 1)
    asked = {m.id for m in casting.matters_asked(round_, entry_at(round_, other))}
    ballot = replace(ballot, choices={m: c for m, c in ballot.choices.items() if m in asked})
    casting.cast(round_, other.id, ballot, via=Channel.PHONE)
    assert recounting.differences(round_) == []
    assert tallies.results(round_).menus[0].wishes[0].place.firsts == 2
