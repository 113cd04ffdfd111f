"""Participation over time, what it leads to, and by which way the words came."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from app.core import clock
from app.core.db import db
from app.desk.board import board_of
from app.desk.course import MOST_DAYS
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, Vote
from tests.client import PageClient
from tests.desk.ballots import fill, make_large_building, make_quick_round
from tests.factories import homes_of, make_building, make_round, make_staff

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[..., AbstractContextManager[list[str]]]


def spread(round_: Round, *ages: int) -> None:
    """Let the votes that `fill` made be so many days old, in their order."""
    votes = db.session.query(Vote).filter_by(round_id=round_.id).order_by(Vote.seq).all()
    for vote, days in zip(votes, ages, strict=True):
        vote.cast_at = clock.now() - timedelta(days=days)
    round_.revision += 1


def lasting(round_: Round, days: int, left: int) -> None:
    round_.opens_at = round_.opened_at = clock.now() - timedelta(days=days)
    round_.closes_at = clock.now() + timedelta(days=left)


def test_each_day_adds_up_what_was_said_until_then() -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=4, disagree=1)
    spread(round_, 4, 2, 2, 0, 1)
    lasting(round_, 4, 9)
    course = board_of(round_).course
    assert course is not None
    assert [line.totals for line in course.lines] == [
        (1, 1, 3, 4, 5),
        (1, 1, 3, 3, 4),
        (1, 1, 3, 3, 4),
    ]
    assert len(course.days) == 5
    assert course.needed == 8
    assert course.lines[0].points == "0,160 120,144 240,144 360,112 480,96 600,80"


def test_the_last_point_is_the_number_on_the_board_even_when_minds_change() -> None:
    round_ = make_round(make_building(homes=4).compound)
    homes = homes_of(round_.compound.buildings[0])
    for number, (home, choice) in enumerate(
        [(0, Choice.AGREE), (0, Choice.DISAGREE), (1, Choice.AGREE)]
    ):
        ballot = Ballot({m.id: choice for m in round_.matters}, f"request-{number}", number % 2, 1)
        cast(round_, homes[home].id, ballot, via=Channel.PHONE)
    board = board_of(round_)
    assert board.course is not None
    assert board.course.lines[0].totals[-1] == board.voted == 2
    assert board.course.lines[1].totals[-1] == board.standings[0].tally.agree == 1


def test_a_long_round_shows_its_last_days_and_loses_nobody() -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=2)
    spread(round_, 99, 1)
    lasting(round_, 100, 9)
    course = board_of(round_).course
    assert course is not None
    assert len(course.days) == MOST_DAYS
    assert course.lines[0].totals[0] == 1
    assert course.lines[0].totals[-1] == 2


def test_the_outlook_is_said_on_the_board(client: PageClient) -> None:
    round_ = make_quick_round(make_large_building(20))
    fill(round_, agree=6)
    spread(round_, 4, 4, 3, 2, 1, 1)
    lasting(round_, 8, 4)
    client.sign_in(make_staff())
    told = client.get("desk.board", round_id=round_.id).all("p", class_="outlook")
    assert len(told) == 2
    assert told[0].text == (
        "照最近 3 天新增 4 户，到截止约 11 户，还差 5 户。"
        " 照最近 7 天新增 6 户，到截止约 9 户，还差 7 户。 要达到，每天需要 3 户。"
    )


def test_too_few_days_tell_nothing_and_say_so(client: PageClient) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=2)
    client.sign_in(make_staff())
    page = client.get("desk.board", round_id=round_.id)
    assert "还看不出到截止时有多少户" in page.all("p", class_="outlook")[0].text


@pytest.mark.parametrize("agree", [8, 0])
def test_what_is_decided_has_no_outlook(client: PageClient, agree: int) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=agree, disagree=0 if agree else 5)
    client.sign_in(make_staff())
    assert not client.get("desk.board", round_id=round_.id).all("p", class_="outlook")


def test_a_closed_round_foretells_nothing(client: PageClient) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=2)
    lasting(round_, 9, -1)
    client.sign_in(make_staff())
    page = client.get("desk.board", round_id=round_.id)
    assert not page.all("p", class_="outlook")
    assert "逐日进展" in page.text


def test_no_resident_is_shown_what_is_foretold(client: PageClient) -> None:
    round_ = make_quick_round(make_large_building(20))
    fill(round_, agree=4)
    spread(round_, 3, 2, 2, 1)
    lasting(round_, 8, 4)
    building = round_.compound.buildings[0]
    for page in (
        client.get("rounds.building", token=building.token),
        client.get("projects.plan", token=building.token),
    ):
        assert "到截止约" not in page.text


def test_ways_are_counted_with_their_shares(client: PageClient) -> None:
    round_ = make_quick_round(make_building(homes=10))
    fill(round_, agree=4)
    votes = db.session.query(Vote).filter_by(round_id=round_.id).all()
    votes[0].channel, votes[1].channel = Channel.PAPER, Channel.VISIT
    client.sign_in(make_staff())
    panel = client.get("desk.board", round_id=round_.id).one(
        "section", **{"aria-labelledby": "channels"}
    )
    assert [row.text for row in panel.all("tr")] == [
        "手机2/4 户，50.0 %",
        "纸质表1/4 户，25.0 %",
        "上门1/4 户，25.0 %",
    ]


def test_a_board_costs_as_many_statements_with_many_homes_as_with_few(
    count_queries: Counting,
) -> None:
    costs = []
    for homes in (2, 200):
        round_ = make_quick_round(make_large_building(homes))
        fill(round_, agree=homes - 1)
        db.session.commit()
        with count_queries() as statements:
            board_of(round_)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 14
