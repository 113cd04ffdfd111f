"""The short way of a plain first vote leaves exactly what the long way leaves."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.roster.models import Household
from app.rounds import casting, recounting, tallies
from app.rounds.casting import Ballot
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, Round, Scope, Subject, Vote
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
    choices = {c.matter_id: c.choice for c in vote.choices}
    return {**kept, "choices": choices, "wishes": {w.option_id for w in vote.wishes}}


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
