"""Where few are asked, numbers would tell who said what: only the outcome is published."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.reports.notice import notice_of
from app.rounds import actions, tallies
from app.rounds.counting import Choice
from app.rounds.matters import MatterTerms
from app.rounds.models import Round, Scope, Subject
from tests.client import PageClient
from tests.factories import homes_of, make_building, make_staff
from tests.rounds.offices import open_round, say


def lift(entrance_id: int) -> MatterTerms:
    return MatterTerms(
        Subject.ELEVATOR,
        "加装电梯",
        "同意吗？",
        "elevator-entrance",
        Scope.ENTRANCES,
        (entrance_id,),
    )


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    """Twelve homes in two entrances; an elevator is asked of the first."""
    building = make_building(homes=12, entrances=2)
    return open_round(building.compound, lift(building.entrances[0].id))


def speak(round_: Round, agree: int, disagree: int) -> None:
    """That many homes of the entrance with the elevator, by turns the first and the second."""
    homes = homes_of(round_.compound.buildings[0])[::2]
    said = [Choice.AGREE] * agree + [Choice.DISAGREE] * disagree
    for home, choice in zip(homes, said, strict=False):
        say(round_, home, choice)


@pytest.mark.parametrize(
    ("agree", "disagree", "is_told"), [(6, 0, True), (5, 0, True), (5, 1, False), (2, 0, False)]
)
def test_an_elevator_of_few_owners_is_told_by_its_outcome_alone(
    client: PageClient, round_: Round, agree: int, disagree: int, is_told: bool
) -> None:
    speak(round_, agree, disagree)
    assert tallies.results(round_).owners[0].is_tellable == is_told
    assert all(matter.is_tellable for matter in tallies.results(round_).matters)
    with time_machine.travel(round_.closes_at + timedelta(hours=1)):
        actions.publish_result(round_, by=make_staff().identity)
        token = round_.compound.buildings[0].token
        page = client.get("rounds.building", token=token)
        notice = notice_of(round_)
    assert ("问的人家少" not in page.text) == is_told
    assert (len(notice.owners), len(notice.withheld)) == ((1, 0) if is_told else (0, 1))
