"""A round that goes on: its end moves later only, and its plan may get a new version."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core.db import db
from app.projects.models import Mode, PlanVersion
from app.roster.models import Household
from app.rounds import actions, casting, changes, conflicts, register, tallies
from app.rounds.cases import Decision
from app.rounds.changes import NoNewPlan, NotEditorial, NotLater
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, Voice
from app.rounds.profile import Revote, Switches
from app.rounds.steps import NotNow
from tests.factories import homes_of, make_building, make_plan
from tests.rounds.offices import (
    GROUNDS,
    Office,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
    votes_of,
)

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    return open_round(make_building(homes=5).compound)


@pytest.fixture
def homes(round_: Round) -> list[Household]:
    return homes_of(round_.compound.buildings[0])


def later(round_: Round, office: Office, closes_at: datetime) -> Decision:
    return changes.propose_extension(round_, closes_at, GROUNDS, by=office.first)


# The end.


def test_the_end_moves_later_when_two_persons_say_so(round_: Round, office: Office) -> None:
    before = round_.closes_at
    decision = later(round_, office, before + timedelta(days=3))
    assert round_.closes_at == before
    office.agrees(decision)
    assert round_.closes_at == before + timedelta(days=3)
    (told,) = journal_of(round_, "DEADLINE_CHANGE")
    assert (told["from"], told["to"]) == (before.isoformat(), round_.closes_at.isoformat())
    assert told["proposer"] == office.first.commitment


@pytest.mark.parametrize("seconds", [0, -1, -86_400])
def test_the_end_never_moves_earlier(round_: Round, office: Office, seconds: int) -> None:
    with pytest.raises(NotLater):
        later(round_, office, round_.closes_at + timedelta(seconds=seconds))


def test_a_round_never_lasts_longer_than_sixty_days(round_: Round, office: Office) -> None:
    assert round_.opened_at is not None
    longest = round_.opened_at + timedelta(days=60)
    with pytest.raises(NotLater):
        later(round_, office, longest + timedelta(seconds=1))
    office.agrees(later(round_, office, longest))
    assert round_.closes_at == longest


def test_of_two_extensions_the_earlier_one_never_takes_back_the_later_one(
    round_: Round, office: Office
) -> None:
    before = round_.closes_at
    short = later(round_, office, before + timedelta(days=1))
    office.agrees(later(round_, office, before + timedelta(days=2)))
    with pytest.raises(NotLater):
        office.agrees(short)
    assert round_.closes_at == before + timedelta(days=2)


def test_an_extension_comes_in_time_to_the_last_moment_and_not_at_the_minute_itself(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    end = round_.closes_at
    first = later(round_, office, end + timedelta(days=1))
    with time_machine.travel(end - timedelta(milliseconds=1), tick=False):
        office.agrees(first)
    with time_machine.travel(end, tick=False):
        say(round_, homes[0], AGREE)
    second = later(round_, office, end + timedelta(days=2))
    with time_machine.travel(end + timedelta(days=1), tick=False):
        with pytest.raises(NotNow):
            office.agrees(second)
        with pytest.raises(NotNow):
            later(round_, office, end + timedelta(days=3))
        with pytest.raises(casting.NotOpen):
            say(round_, homes[1], AGREE)
        assert actions.close_due_rounds() == [round_]
        assert figures(round_) == (5, 1, 0, 0)


def test_only_an_open_round_is_extended(office: Office) -> None:
    frozen = open_round(make_building(homes=1).compound, until="frozen")
    with pytest.raises(NotNow):
        later(frozen, office, frozen.closes_at + timedelta(days=1))


# The plan.


def change_plan(round_: Round, office: Office, *, is_material: bool) -> PlanVersion:
    """A new version is published and the round put on it by two persons."""
    version = make_plan(round_.compound)
    assert changes.newer_version(round_) == version
    decision = changes.propose_plan_change(
        round_, version, is_material=is_material, grounds=GROUNDS, by=office.first
    )
    office.agrees(decision)
    assert changes.newer_version(round_) is None
    return version


def again(round_: Round, home: Household, request_id: str, seen: int) -> casting.Receipt:
    """The household confirms what it said, on the version that it sees."""
    assert round_.plan_version is not None
    number = round_.plan_version.number
    return casting.reaffirm(round_, home.id, request_id, seen, plan_number=number)


def standing(round_: Round) -> tuple[int, int, int]:
    """Households whose word counts, waits to be confirmed, is disputed."""
    tally = tallies.results(round_)
    return tally.voted, tally.to_confirm, tally.disputed


def test_a_change_of_wording_keeps_the_votes_with_the_version_they_were_cast_on(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    version = change_plan(round_, office, is_material=False)
    say(round_, homes[1], DISAGREE)
    assert figures(round_) == (5, 1, 1, 0)
    assert standing(round_) == (2, 0, 0)
    numbers = [votes_of(round_, home)[0].plan_version.number for home in homes[:2]]
    assert numbers == [1, 2]
    assert round_.plan_version == version
    (told,) = journal_of(round_, "PLAN_CHANGE")
    assert (told["number"], told["material"], told["plan"]) == (2, 0, version.plan_hash)


def test_a_material_change_counts_nobody_until_they_have_confirmed(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    for home, choice in zip(homes, (AGREE, AGREE, DISAGREE), strict=False):
        say(round_, home, choice)
    change_plan(round_, office, is_material=True)
    assert figures(round_) == (5, 0, 0, 0)
    assert standing(round_) == (0, 3, 0)
    assert journal_of(round_, "PLAN_CHANGE")[0]["material"] == 1
    receipt = again(round_, homes[0], "again-000001", 1)
    assert again(round_, homes[0], "again-000001", 1) == receipt
    say(round_, homes[1], DISAGREE)
    assert figures(round_) == (5, 1, 1, 0)
    assert standing(round_) == (2, 1, 0)
    said = [choice.choice for choice in votes_of(round_, homes[0])[1].choices]
    assert said == [AGREE, AGREE]


def test_who_voted_meanwhile_confirms_nothing_unseen(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    change_plan(round_, office, is_material=True)
    say(round_, homes[0], DISAGREE)
    with pytest.raises(casting.VotedMeanwhile):
        again(round_, homes[0], "again-000001", 1)
    assert figures(round_) == (5, 0, 1, 0)


def test_nobody_confirms_a_version_that_came_after_the_page(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    change_plan(round_, office, is_material=True)
    change_plan(round_, office, is_material=False)
    with pytest.raises(casting.PlanChanged):
        casting.reaffirm(round_, homes[0].id, "again-000001", 1, plan_number=2)
    assert standing(round_) == (0, 1, 0)


def test_who_said_nothing_has_nothing_to_confirm(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    change_plan(round_, office, is_material=True)
    with pytest.raises(casting.Incomplete):
        again(round_, homes[0], "again-000001", 0)
    assert figures(round_) == (5, 0, 0, 0)


def test_a_second_material_change_asks_again_and_wording_after_it_does_not(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    change_plan(round_, office, is_material=True)
    again(round_, homes[0], "again-000001", 1)
    change_plan(round_, office, is_material=True)
    assert standing(round_) == (0, 1, 0)
    again(round_, homes[0], "again-000002", 2)
    change_plan(round_, office, is_material=False)
    assert standing(round_) == (1, 0, 0)
    assert figures(round_) == (5, 1, 0, 0)


def test_an_open_conflict_is_no_question_any_more_after_a_material_change(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    say(round_, homes[0], DISAGREE, Channel.PAPER, keyed_by_id=office.first.id)
    assert conflicts.open_conflict_count(round_.id) == 1
    change_plan(round_, office, is_material=True)
    assert conflicts.open_conflict_count(round_.id) == 0
    assert not any(vote.is_held for vote in votes_of(round_, homes[0]))
    say(round_, homes[0], DISAGREE)
    assert figures(round_) == (5, 0, 1, 0)


def test_co_owners_who_disagreed_before_a_material_change_still_do(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    entry = entry_at(round_, homes[0])
    office.agrees(conflicts.propose_dispute(entry, GROUNDS, by=office.first))
    change_plan(round_, office, is_material=True)
    assert standing(round_) == (0, 0, 1)
    assert entry_at(round_, homes[0]).voice == Voice.DISPUTED
    with pytest.raises(casting.BeingSettled):
        again(round_, homes[0], "again-000001", 1)
    assert figures(round_) == (5, 0, 0, 0)


def test_a_home_that_comes_back_after_a_material_change_confirms_like_the_others(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    say(round_, homes[0], AGREE)
    gone = entry_at(round_, homes[0])
    office.agrees(register.propose_removal(gone, GROUNDS, by=office.first))
    change_plan(round_, office, is_material=True)
    office.agrees(
        register.propose_addition(round_, homes[0].premises, GROUNDS, by=office.first),
    )
    assert figures(round_) == (5, 0, 0, 0)
    assert standing(round_) == (0, 1, 0)
    again(round_, homes[0], "again-000001", 1)
    assert figures(round_) == (5, 1, 0, 0)


def test_a_form_on_the_old_version_is_refused_after_either_change(
    round_: Round, office: Office, homes: list[Household]
) -> None:
    old = casting.Ballot({m.id: AGREE for m in round_.matters}, "request-old-1", 0, 1)
    change_plan(round_, office, is_material=False)
    with pytest.raises(casting.PlanChanged):
        casting.cast(round_, homes[0].id, old, via=Channel.PHONE)
    assert figures(round_) == (5, 0, 0, 0)


def test_a_round_is_put_on_no_version_but_the_newest(round_: Round, office: Office) -> None:
    assert round_.plan_version is not None
    with pytest.raises(NoNewPlan):
        changes.propose_plan_change(
            round_, round_.plan_version, is_material=True, grounds=GROUNDS, by=office.first
        )
    second = make_plan(round_.compound)
    decision = changes.propose_plan_change(
        round_, second, is_material=True, grounds=GROUNDS, by=office.first
    )
    make_plan(round_.compound)
    with pytest.raises(NoNewPlan):
        office.agrees(decision)
    db.session.refresh(round_)
    assert round_.plan_version.number == 1


def test_saying_again_what_a_new_plan_put_in_question_uses_up_no_change(office: Office) -> None:
    round_ = open_round(make_building(homes=2).compound, switches=Switches(revote=Revote.ONCE))
    home = homes_of(round_.compound.buildings[0])[0]
    say(round_, home, AGREE)
    change_plan(round_, office, is_material=True)
    for choice in (AGREE, DISAGREE):
        say(round_, home, choice)
    with pytest.raises(casting.NoMoreChanges):
        say(round_, home, Choice.ABSTAIN)
    assert figures(round_) == (2, 0, 1, 0)


# What a household pays is no matter of wording.

DEARER: list[dict[str, object]] = [
    {"share_per_household": 20_000},
    {"share_per_area": 100},
    {"fee_per_area": 41},
    {"fee_per_area": None},
    {"mode": Mode.SELF},
]


def newer_plan(round_: Round, facts: dict[str, object]) -> PlanVersion:
    version = make_plan(round_.compound)
    for name, value in facts.items():
        setattr(version, name, value)
    db.session.flush()
    return version


@pytest.mark.parametrize("facts", DEARER)
def test_a_version_that_changes_what_a_household_pays_is_never_called_editorial(
    round_: Round, office: Office, facts: dict[str, object]
) -> None:
    version = newer_plan(round_, facts)
    with pytest.raises(NotEditorial):
        changes.propose_plan_change(
            round_, version, is_material=False, grounds=GROUNDS, by=office.first
        )
    made = changes.propose_plan_change(
        round_, version, is_material=True, grounds=GROUNDS, by=office.first
    )
    made.params = {**made.params, "material": False}
    with pytest.raises(NotEditorial):
        office.agrees(made)
    assert round_.plan_version is not None
    assert round_.plan_version.number == 1
    made.params = {**made.params, "material": True}
    office.agrees(made)
    assert round_.counts_from_version == version.number


def test_it_is_compared_with_the_version_of_the_round_not_with_the_one_between(
    round_: Round, office: Office
) -> None:
    newer_plan(round_, {"fee_per_area": 60})
    newest = newer_plan(round_, {"fee_per_area": 60})
    with pytest.raises(NotEditorial):
        changes.propose_plan_change(
            round_, newest, is_material=False, grounds=GROUNDS, by=office.first
        )
