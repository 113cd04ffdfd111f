"""The sample district as it stands in the database after `flask demo`."""

import json
from contextlib import closing
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.accounts.codes import read_code
from app.demo.actions import NotEmpty, fill_sample, summary_of
from app.demo.synthetic import fill_synthetic
from app.journal.actions import book_of_round
from app.journal.queries import books, entries, first_flaw
from app.projects.models import PlanVersion
from app.roster.models import Building, Compound, Household, Premises
from app.rounds import recounting, tallies
from app.rounds.audit import sample_of, unchecked
from app.rounds.cases import DecisionKind
from app.rounds.conflicts import open_conflicts
from app.rounds.decisions import waiting
from app.rounds.models import Channel, Matter, Round, State, Vote, VoteChoice
from app.rounds.objections import objections_of
from app.rounds.tallies import RoundTally
from tests.client import PageClient
from tests.factories import CODE_KEY

LITONG = (20, 55, 1845, 16_020_000)


@pytest.fixture
def sample(session: sa.orm.Session) -> dict[str, list[dict[str, str]]]:
    """The sample, and what `flask demo --json` says of it."""
    made = fill_sample(CODE_KEY)
    session.commit()
    return json.loads(json.dumps(summary_of(made, "http://127.0.0.1:8000")))


def test_the_sample_is_whole_true_and_usable(
    sample: dict[str, list[dict[str, str]]], session: sa.orm.Session, client: PageClient, app: Flask
) -> None:
    _its_figures_are_those_of_litong(session)
    _its_rounds_are_counted_as_their_votes_say(session)
    assert [r["state"] for r in sample["rounds"]] == ["certified", "closed", "open", "open"]
    assert {s["role"] for s in sample["staff"]} == {"admin", "district", "office", "worker"}
    assert len(sample["buildings"]) == 55
    assert len(sample["households"]) == 19 + 18 + 59 + 217
    assert [first_flaw(book) for book in books()] == [None] * 5
    _each_round_shows_another_thing(session)
    _its_days_are_those_of_an_office(session)
    _a_household_enters_with_its_code(sample, session, client)
    with pytest.raises(NotEmpty):
        fill_sample(CODE_KEY)


def _its_figures_are_those_of_litong(session: sa.orm.Session) -> None:
    def count(model: type) -> int | None:
        return session.scalar(sa.select(sa.func.count()).select_from(model))

    area = session.scalar(sa.select(sa.func.sum(Premises.size)))
    assert (count(Compound), count(Building), count(Household), area) == LITONG
    versions = session.scalars(sa.select(PlanVersion)).all()
    assert sum(v.cost for v in versions) == sum(v.funds for v in versions) == 4_900_000_000
    assert all(v.is_published and v.published_by_id != v.submitted_by_id for v in versions)


def _its_rounds_are_counted_as_their_votes_say(session: sa.orm.Session) -> None:
    for round_ in session.scalars(sa.select(Round)):
        by_hand = dict(
            session.execute(
                sa.select(VoteChoice.matter_id, sa.func.count())
                .join(Vote, Vote.id == VoteChoice.vote_id)
                .join(Matter, Matter.id == VoteChoice.matter_id)
                .where(Vote.round_id == round_.id, Vote.is_current, VoteChoice.choice == "agree")
                .where(Matter.track == "consultation")
                .group_by(VoteChoice.matter_id)
            ).all()
        )
        tally = tallies.results(round_)
        assert {m.matter_id: m.tally.agree for m in tally.matters} == by_hand
        assert recounting.counters_agree(round_)


def _each_round_shows_another_thing(session: sa.orm.Session) -> None:
    certified, closed, plain, mixed = session.scalars(sa.select(Round).order_by(Round.id))
    tallied = [tallies.results(round_) for round_ in (certified, closed, plain, mixed)]
    assert [t.channels[Channel.PAPER] for t in tallied] == [4, 8, 5, 24]
    assert tallied[0].passed
    assert [(item.agrees, item.checked_by.name) for item in sample_of(certified.id)] == [
        (True, "丁海波")
    ] * 4
    assert [o.closed_at is None for o in objections_of(certified.id)] == [False]
    assert len(open_conflicts(closed.id)) == 1
    assert unchecked(closed.id) == 8
    assert [o.closed_at is None for o in objections_of(closed.id)] == [True, False]
    assert [d.kind for d in waiting(plain.id)] == [DecisionKind.EXTENSION]
    assert waiting(mixed.id) == waiting(closed.id) == waiting(certified.id) == []
    assert [m.subject for m in plain.matters] == ["plan", "management"]
    _many_things_are_asked_at_once(mixed, tallied[3])


def _its_days_are_those_of_an_office(session: sa.orm.Session) -> None:
    for round_ in session.scalars(sa.select(Round)):
        assert round_.register_published_at is not None
        assert round_.frozen_at is not None
        assert round_.frozen_at - round_.register_published_at >= timedelta(days=3)
        for objection in objections_of(round_.id):
            moments = [objection.raised_at, objection.taken_at, objection.closed_at]
            named = [moment for moment in moments if moment]
            assert sorted(named) == named
            assert _recorded(round_, objection.number) == named


def _recorded(round_: Round, number: int) -> list[datetime]:
    """When the journal was told of an objection."""
    with closing(entries(book_of_round(round_.id))) as streamed:
        told = [(entry.at, json.loads(entry.entry)) for entry in streamed]
    return [at for at, entry in told if entry.get("objection") == number]


def _many_things_are_asked_at_once(mixed: Round, tally: RoundTally) -> None:
    subjects = [m.subject for m in mixed.matters]
    assert subjects == ["plan", "management", "use_fund", "elevator", "menu"]
    fund, elevator = tally.owners
    # Tenants of public landlords brought forms, which say nothing for the owner.
    assert fund.divided == 0
    assert 0 < fund.tally.voted < fund.tally.total < tally.total
    assert 0 < elevator.tally.voted < elevator.tally.total == 12
    wished = [wish.place.households for wish in tally.menus[0].wishes]
    assert len(wished) == 6
    assert sorted(wished, reverse=True) == wished
    assert wished[-1] > 0


def _a_household_enters_with_its_code(
    sample: dict[str, list[dict[str, str]]], session: sa.orm.Session, client: PageClient
) -> None:
    home = next(h for h in sample["households"] if h["round"] == sample["rounds"][2]["id"])
    assert read_code(home["code"])
    building = session.scalars(
        sa.select(Building)
        .join(Compound, Compound.id == Building.compound_id)
        .where(Compound.name == "利水南苑", Building.name == home["building"])
    ).one()
    page = client.enter(building, home["code"])
    assert home["room"] in page.text


def test_a_synthetic_district_has_the_size_asked_for(session: sa.orm.Session) -> None:
    sample = fill_synthetic(61, CODE_KEY)
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Household)) == 61
    assert [r.state for r in sample.rounds] == [State.OPEN]
    assert len(sample.codes) == 61
