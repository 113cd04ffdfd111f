"""What waits, for a round and for a person: each kind counted once, and only within reach."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask import Flask, render_template

from app.core import clock
from app.core.guards import Role
from app.roster.models import AreaKind
from app.rounds import actions, changes, pending
from app.rounds.cases import ObjectionKind
from app.rounds.conflicts import propose_dispute
from app.rounds.counting import Choice
from app.rounds.decisions import approve
from app.rounds.objections import Complaint, raise_objection
from app.rounds.pending import CaseCounts
from tests.factories import (
    homes_of,
    make_area,
    make_building,
    make_compound,
    make_round,
    make_staff,
    mark_invited,
)
from tests.rounds.disagreeing import GROUNDS, make_conflict, on_paper, place_of


@pytest.mark.usefixtures("session")
def test_each_kind_that_waits_is_counted_once_in_one_statement(
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    building = make_building()
    round_, clerk = make_round(building.compound), make_staff()
    other = make_round(make_building().compound)
    homes = homes_of(building)
    make_conflict(round_, homes[0], clerk)
    dispute = propose_dispute(place_of(round_, homes[1]), GROUNDS, by=clerk.identity)
    approve(dispute, by=make_staff().identity)
    propose_dispute(place_of(round_, homes[2]), GROUNDS, by=clerk.identity)
    raise_objection(round_, Complaint(ObjectionKind.CONTENT, "东头", "不好"), by=clerk.identity)
    on_paper(round_, homes[3], Choice.AGREE, clerk, "paper-9999")
    with count_queries() as statements:
        assert pending.case_counts(round_.id) == CaseCounts(1, 1, 1, 1, 0)
    assert len(statements) == 1
    round_.opened_at = round_.opens_at = clock.now() - timedelta(days=9)
    round_.closes_at = clock.now() - timedelta(minutes=1)
    actions.close_due_rounds()
    assert pending.case_counts(round_.id) == CaseCounts(1, 1, 1, 1, 1)
    assert pending.case_counts(other.id).total == 0


@pytest.mark.usefixtures("session")
def test_what_waits_within_reach_says_what_this_person_may_decide(
    count_queries: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    town = make_area(AreaKind.TOWN)
    compound = make_compound(area=make_area(parent=town))
    building = make_building(compound)
    round_ = make_round(building.compound)
    elsewhere = make_round(make_building().compound)
    maker, made, other = make_staff(), make_staff(), make_staff(area=town)
    mark_invited(made, by=maker)
    far = make_staff(area=make_area(AreaKind.TOWN))
    for each in (round_, elsewhere):
        until = each.closes_at + timedelta(days=3)
        changes.propose_extension(each, until, GROUNDS, by=maker.identity)
    with count_queries() as statements:
        [own] = pending.pending_within(other.identity)
    assert len(statements) == 1
    assert (own.round_id, own.compound, own.counts.total, own.yours) == (
        round_.id,
        compound.name,
        1,
        1,
    )
    assert [one.yours for one in pending.pending_within(maker.identity)] == [0, 0]
    assert [one.yours for one in pending.pending_within(made.identity)] == [0, 0]
    worker = make_staff(Role.WORKER, area=town)
    assert [one.yours for one in pending.pending_within(worker.identity)] == [0]
    assert pending.pending_within(far.identity) == []


@pytest.mark.usefixtures("session")
def test_whose_maker_proposed_it_may_not_decide_either() -> None:
    round_ = make_round(make_building().compound)
    maker, made = make_staff(), make_staff()
    mark_invited(made, by=maker)
    until = round_.closes_at + timedelta(days=3)
    changes.propose_extension(round_, until, GROUNDS, by=made.identity)
    [found] = pending.pending_within(maker.identity)
    assert found.yours == 0
    [found] = pending.pending_within(make_staff().identity)
    assert found.yours == 1


@pytest.mark.usefixtures("session")
def test_the_list_of_what_waits_leads_to_each_page_and_is_empty_otherwise(app: Flask) -> None:
    round_ = make_round(make_building().compound)
    with app.test_request_context():
        nothing = render_template("rounds/staff/_waiting.html", round=round_, cases=CaseCounts())
        full = render_template(
            "rounds/staff/_waiting.html", round=round_, cases=CaseCounts(1, 2, 3, 4, 5)
        )
    assert "<section" not in nothing
    for page in ("decisions", "conflicts", "objections", "audit"):
        assert f"/desk/rounds/{round_.id}/{page}" in full
