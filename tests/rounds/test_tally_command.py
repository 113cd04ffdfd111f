"""`flask rounds tally`: the words of the contract, in every state, and what a difference says."""

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import db
from app.rounds import matters
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.lifecycle import State
from app.rounds.matters import MatterTerms
from app.rounds.models import Channel, Counter, Matter, Scope, Subject
from tests.rounds.lives import Life, go_to, life_in

pytestmark = pytest.mark.usefixtures("session")
OF_MATTER = {
    "id",
    "title",
    "track",
    "agree",
    "disagree",
    "abstain",
    "silent",
    "total",
    "needed",
    "missing",
    "percent",
    "passed",
    "reachable",
}


def run(app: Flask, *args: object) -> Any:
    """The command with these words; what the test changed is in its database."""
    db.session.commit()
    words = ["rounds", "tally", *(str(arg) for arg in args)]
    return app.test_cli_runner().invoke(args=words)


def told(app: Flask, life: Life) -> dict[str, Any]:
    """What the command tells of a round as JSON."""
    answer: dict[str, Any] = json.loads(run(app, life.round.id, "--json", "--recount").output)
    return answer


@pytest.mark.parametrize("state", State)
def test_a_round_is_told_in_the_words_of_the_contract(app: Flask, state: State) -> None:
    with life_in(state) as life:
        facts = told(app, life)
        assert {"round", "state", "households", "matters", "buildings"} <= set(facts)
        assert (facts["round"], facts["state"]) == (life.round.id, state.value)
        is_frozen = state not in (State.DRAFT, State.REVIEW, State.REGISTER)
        assert facts["households"] == (6 if is_frozen else 0)
        assert [set(matter) for matter in facts["matters"]] == [OF_MATTER] * 2
        for building in facts["buildings"]:
            assert set(building) == {"building", "households", "matters"}
            assert [set(matter) for matter in building["matters"]] == [OF_MATTER] * 2


def test_the_numbers_are_those_of_the_votes(app: Flask) -> None:
    with life_in(State.OPEN) as life:
        for place, choice in enumerate((Choice.AGREE, Choice.AGREE, Choice.DISAGREE)):
            life.vote(place, choice)
        facts = told(app, life)
        wanted = {
            "title": "改造方案",
            "track": "consultation",
            "agree": 2,
            "disagree": 1,
            "abstain": 0,
            "silent": 3,
            "total": 6,
            "needed": 5,
            "missing": 3,
            "percent": "33.3",
            "passed": False,
            "reachable": True,
        }
        assert wanted.items() <= facts["matters"][0].items()
        assert wanted.items() <= facts["buildings"][0]["matters"][0].items()
        assert (facts["to_confirm"], facts["disputed"]) == (0, 0)


def test_a_withdrawn_round_is_told_too(app: Flask) -> None:
    with life_in(State.FROZEN, withdrawn=True) as life:
        assert told(app, life)["state"] == "archived"


def with_three_tracks(life: Life) -> tuple[Matter, Matter]:
    """Give a draft an owners' decision and a menu; the two that were added."""
    hire = MatterTerms(Subject.HIRE, "选聘物业", "选聘这家物业吗？", "owners-ordinary")
    menu = MatterTerms(
        Subject.MENU, "先改什么", "您家最想先改哪些？", "menu", Scope.COMPOUND, (), ("路灯", "车棚")
    )
    added = [matters.add_matter(life.round, terms, by=life.first) for terms in (hire, menu)]
    return added[0], added[1]


def test_owners_are_told_by_heads_and_area_and_a_menu_by_its_ranking(app: Flask) -> None:
    with life_in(State.DRAFT) as life:
        hire, menu = with_three_tracks(life)
        go_to(life, State.OPEN)
        choices = {m.id: Choice.AGREE for m in life.round.matters if m.is_decision}
        light = menu.options[0].id
        for place in range(4):
            ballot = Ballot(choices, f"request-{place}", 0, 1, "", frozenset({light}))
            cast(life.round, life.home(place).id, ballot, via=Channel.PHONE)
        facts = told(app, life)
        by_id = {matter["id"]: matter for matter in facts["matters"]}
        owners = by_id[hire.id]
        assert set(owners) == OF_MATTER | {"divided", "area"}
        assert (owners["track"], owners["agree"], owners["total"]) == ("owners", 4, 7)
        assert (owners["area"]["agree"], owners["area"]["total"]) == ("320.00", "560.00")
        assert (owners["area"]["percent"], owners["passed"]) == ("100.0", False)
        assert by_id[menu.id] == {
            "id": menu.id,
            "title": "先改什么",
            "track": "preference",
            "total": 7,
            "options": [
                {"title": "路灯", "households": 4, "rank": 1},
                {"title": "车棚", "households": 0, "rank": 2},
            ],
        }
        text = run(app, life.round.id).output
        assert "改造方案: 4/7 57.1 % 2 missing" in text
        assert "    heads: 4/4 100.0 % 1 missing (4/7 57.1 % take part)" in text
        assert "    area: 320.00/320.00 m² 100.0 % 53.34 m² missing" in text
        assert "(320.00/560.00 m² 57.1 % take part)" in text
        assert "先改什么: 路灯 4, 车棚 0" in text


@pytest.mark.parametrize("state", [State.OPEN, State.CLOSED, State.CERTIFIED, State.ARCHIVED])
def test_a_counter_that_differs_fails_the_command_and_is_named(app: Flask, state: State) -> None:
    with life_in(state) as life:
        assert run(app, life.round.id, "--recount").exit_code == 0
        matter = life.round.matters[1].id
        one = (Counter.matter_id == matter, Counter.choice == Choice.ABSTAIN)
        db.session.execute(sa.update(Counter).where(*one).values(households=3))
        assert run(app, life.round.id).exit_code == 0
        failed = run(app, life.round.id, "--recount")
        assert failed.exit_code == 1
        assert "differ from the recount" in failed.output
        assert "matters[1] tallies[0] abstain: cached 3, recounted 0" in failed.output


def test_a_round_that_is_not_there_is_said_plainly(app: Flask) -> None:
    failed = run(app, 999_999)
    assert failed.exit_code == 1
    assert "no round 999999" in failed.output
