"""Owners' questions on the phone: nobody is forced to answer, and tenants are told why not."""

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.roster.models import Occupancy
from app.rounds import casting
from app.rounds.counting import Choice
from app.rounds.models import Channel, Subject, Vote
from app.rounds.tallies import results
from tests.client import PageClient
from tests.factories import homes_of, make_building
from tests.rounds.asking import HIRE, Asked, asked, at_home, ballot, vote
from tests.rounds.offices import answers, entry_at, say


def without(home: Asked) -> dict[str, str]:
    """What a form sends that leaves the owners' question open."""
    return {f"matter-{home.matter(Subject.HIRE).id}": ""}


def participants(home: Asked) -> int:
    return results(home.round).owners[0].tallies[0].voted


def test_an_owners_question_may_be_left_open_and_is_no_participation(client: PageClient) -> None:
    home = asked(client, HIRE)
    form = client.get("rounds.vote", round_id=home.round.id)
    assert "不表决可以不选，不选不算参加" in form.text
    owners = f"matter-{home.matter(Subject.HIRE).id}"
    assert all(radio.get("required") is None for radio in form.all("input", name=owners))
    values = ballot(form, **without(home))
    review = client.follow(client.post("rounds.prepare", values, round_id=home.round.id))
    assert "选聘物业公司 不表决，不算参加" in review.text
    sent = review.form_values(f"/rounds/{home.round.id}/vote")
    receipt = client.follow(client.post("rounds.cast", sent, round_id=home.round.id))
    assert receipt.h1 == "已经计入"
    assert "选聘物业公司 没有表决，不算参加" in receipt.text
    assert participants(home) == 0


def test_a_consultation_may_not_be_left_open(client: PageClient) -> None:
    home = asked(client, HIRE)
    form = client.get("rounds.vote", round_id=home.round.id)
    values = ballot(form, **{f"matter-{home.matter(Subject.PLAN).id}": ""})
    again = client.post("rounds.prepare", values, 422, round_id=home.round.id)
    assert "这一项还没有选" in again.text


def test_what_a_later_vote_leaves_out_is_withdrawn(client: PageClient) -> None:
    home = asked(client, HIRE)
    vote(client, home, "agree")
    assert participants(home) == 1
    vote(client, home, "agree", **without(home))
    db.session.expire_all()
    assert participants(home) == 0


def test_the_same_request_with_less_in_it_is_no_repetition(client: PageClient) -> None:
    home = asked(client, HIRE)
    values = ballot(client.get("rounds.vote", round_id=home.round.id))
    client.post("rounds.cast", values, round_id=home.round.id)
    less = {**values, **without(home)}
    client.post("rounds.cast", less, 409, round_id=home.round.id)
    assert participants(home) == 1


@pytest.mark.parametrize("via", [Channel.PHONE, Channel.PAPER])
def test_a_vote_on_owners_questions_alone_is_incomplete_where_a_household_is_asked_more(
    client: PageClient, via: Channel
) -> None:
    home = asked(client, HIRE)
    alone = {home.matter(Subject.HIRE).id: Choice.AGREE}
    with pytest.raises(casting.Incomplete):
        say(home.round, home.home, Choice.AGREE, via, choices=alone)
    left_open = answers(entry_at(home.round, home.home), Choice.AGREE)
    del left_open[home.matter(Subject.HIRE).id]
    say(home.round, home.home, Choice.AGREE, via, choices=left_open)
    assert participants(home) == 0


def test_a_first_vote_begins_empty_and_a_change_with_ones_own_answers(client: PageClient) -> None:
    home = asked(client, HIRE)
    first = client.get("rounds.vote", round_id=home.round.id)
    assert not [r for r in first.all("input", type="radio") if r.get("checked") is not None]
    vote(client, home, "disagree", **without(home))
    changed = client.get("rounds.vote", round_id=home.round.id)
    chosen = [r for r in changed.all("input", type="radio") if r.get("checked") is not None]
    assert [radio["value"] for radio in chosen] == ["disagree", "disagree"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"ownership": "公房"}, "业主是产权单位，由产权单位交纸质表"),
        ({"ownership": "未售", "occupancy": Occupancy.OWNER}, "业主是开发商，由开发商交纸质表"),
    ],
)
def test_whoever_lives_in_somebody_elses_home_is_told_who_answers_as_owner(
    client: PageClient, session: sa.orm.Session, facts: dict[str, str], said: str
) -> None:
    building = make_building(homes=6, entrances=2)
    for name, value in facts.items():
        setattr(homes_of(building)[0].premises, name, value)
    home = at_home(client, building, HIRE)
    form = client.get("rounds.vote", round_id=home.round.id)
    for page in (client.get("rounds.home"), form):
        assert "由业主表决、不问您家的：选聘物业公司" in page.text
        assert said in page.text
    assert "没有表决" not in vote(client, home).text
    assert session.scalar(sa.select(sa.func.count(Vote.id))) == 1


def test_an_owner_is_told_of_nobody_else(client: PageClient) -> None:
    asked(client, HIRE)
    assert "不问您家" not in client.get("rounds.home").text
