"""One household, two different words: paper against phone, and co-owners who disagree."""

import pytest
import sqlalchemy as sa

from app.core.db import db
from app.roster.models import Household
from app.rounds import casting, conflicts
from app.rounds.cases import Conflict
from app.rounds.casting import BeingSettled
from app.rounds.counting import Choice
from app.rounds.models import Channel, Round, Voice
from app.rounds.profile import Revote, Switches
from tests.factories import homes_of, make_building
from tests.rounds.offices import (
    GROUNDS,
    Office,
    answers,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
    votes_of,
)

pytestmark = pytest.mark.usefixtures("session")
AGREE, DISAGREE, ABSTAIN = Choice.AGREE, Choice.DISAGREE, Choice.ABSTAIN
PHONE, PAPER, VISIT, SMS = Channel.PHONE, Channel.PAPER, Channel.VISIT, Channel.SMS


@pytest.fixture
def office(session: sa.orm.Session) -> Office:
    return Office()


@pytest.fixture
def round_(session: sa.orm.Session) -> Round:
    return open_round(make_building(homes=4).compound)


@pytest.fixture
def home(round_: Round) -> Household:
    return homes_of(round_.compound.buildings[0])[0]


def only_conflict(round_: Round) -> Conflict:
    (conflict,) = conflicts.open_conflicts(round_.id)
    return conflict


# Paper against any other way (RULES.md §4).


@pytest.mark.parametrize(
    ("first", "then"),
    [(PHONE, PAPER), (PAPER, PHONE), (SMS, PAPER), (VISIT, PAPER), (PAPER, SMS), (PAPER, VISIT)],
)
def test_paper_and_another_way_that_differ_are_held_and_the_earlier_one_stands(
    round_: Round, home: Household, first: Channel, then: Channel
) -> None:
    assert not say(round_, home, AGREE, first).is_held
    held = say(round_, home, DISAGREE, then)
    assert (held.is_held, held.number) == (True, 2)
    assert figures(round_) == (4, 1, 0, 0)
    votes = votes_of(round_, home)
    assert [(v.is_current, v.is_held) for v in votes] == [(True, False), (False, True)]
    conflict = only_conflict(round_)
    assert (conflict.standing_vote, conflict.held_vote) == (votes[0], votes[1])
    assert [told["held"] for told in journal_of(round_, "VOTE")] == [0, 1]


@pytest.mark.parametrize(
    ("first", "then"), [(PHONE, PHONE), (PHONE, SMS), (VISIT, PHONE), (SMS, VISIT), (PAPER, PAPER)]
)
def test_between_ways_of_the_same_kind_the_later_word_counts(
    round_: Round, home: Household, first: Channel, then: Channel
) -> None:
    say(round_, home, AGREE, first)
    assert not say(round_, home, DISAGREE, then).is_held
    assert figures(round_) == (4, 0, 1, 0)
    assert conflicts.open_conflicts(round_.id) == []


@pytest.mark.parametrize(("first", "then"), [(PHONE, PAPER), (PAPER, PHONE)])
def test_the_same_said_on_paper_and_on_the_phone_is_no_conflict(
    round_: Round, home: Household, first: Channel, then: Channel
) -> None:
    say(round_, home, AGREE, first)
    assert not say(round_, home, AGREE, then).is_held
    assert figures(round_) == (4, 1, 0, 0)
    assert [vote.is_current for vote in votes_of(round_, home)] == [False, True]
    assert conflicts.open_conflict_count(round_.id) == 0


def test_a_difference_on_one_question_is_a_difference(round_: Round, home: Household) -> None:
    plan, management = round_.matters
    say(round_, home, AGREE)
    mixed = {plan.id: AGREE, management.id: ABSTAIN}
    assert say(round_, home, AGREE, PAPER, choices=mixed).is_held
    assert figures(round_, 0) == (4, 1, 0, 0)
    assert figures(round_, 1) == (4, 1, 0, 0)


@pytest.mark.parametrize("via", [PHONE, PAPER])
def test_until_it_is_settled_the_household_is_told_so_and_changes_nothing(
    round_: Round, home: Household, via: Channel
) -> None:
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, PAPER)
    for choice in (AGREE, DISAGREE):
        with pytest.raises(BeingSettled):
            say(round_, home, choice, via)
    assert figures(round_) == (4, 1, 0, 0)
    assert len(votes_of(round_, home)) == 2


@pytest.mark.parametrize(("keep_held", "counted"), [(True, (4, 0, 1, 0)), (False, (4, 1, 0, 0))])
def test_two_persons_say_which_vote_counts_and_the_household_may_speak_again(
    round_: Round,
    home: Household,
    office: Office,
    keep_held: bool,
    counted: tuple[int, int, int, int],
) -> None:
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, PAPER)
    decision = conflicts.propose_resolution(
        only_conflict(round_), keep_held=keep_held, grounds=GROUNDS, by=office.first
    )
    assert figures(round_) == (4, 1, 0, 0)
    office.agrees(decision)
    assert figures(round_) == counted
    assert conflicts.open_conflicts(round_.id) == []
    assert [v.is_current for v in votes_of(round_, home)] == [not keep_held, keep_held]
    assert not any(vote.is_held for vote in votes_of(round_, home))
    (told,) = journal_of(round_, "CONFLICT")
    assert (told["kept"], told["hh"]) == (1 + keep_held, home.commitment)
    say(round_, home, ABSTAIN, PAPER if keep_held else PHONE)
    assert figures(round_) == (4, 0, 0, 1)


def test_a_conflict_is_settled_once(round_: Round, home: Household, office: Office) -> None:
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, PAPER)
    conflict = only_conflict(round_)
    both = [
        conflicts.propose_resolution(conflict, keep_held=keep, grounds=GROUNDS, by=office.first)
        for keep in (True, False)
    ]
    office.agrees(both[0])
    with pytest.raises(conflicts.AlreadyResolved):
        office.agrees(both[1])
    with pytest.raises(conflicts.AlreadyResolved):
        conflicts.propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=office.first)
    assert figures(round_) == (4, 0, 1, 0)


def test_a_home_may_come_into_conflict_again(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    for choice, via, keep in ((DISAGREE, PAPER, True), (ABSTAIN, PHONE, True)):
        assert say(round_, home, choice, via).is_held
        office.agrees(
            conflicts.propose_resolution(
                only_conflict(round_), keep_held=keep, grounds=GROUNDS, by=office.first
            )
        )
    assert figures(round_) == (4, 0, 0, 1)


# Co-owners (RULES.md §2.2).


def dispute(round_: Round, home: Household, office: Office) -> None:
    """Two persons note that the co-owners of a home disagree."""
    office.agrees(
        conflicts.propose_dispute(entry_at(round_, home), GROUNDS, by=office.first),
    )


def test_co_owners_who_disagree_are_not_counted_until_they_file_one_signed_form(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    proposal = conflicts.propose_dispute(entry_at(round_, home), GROUNDS, by=office.first)
    assert figures(round_) == (4, 1, 0, 0)
    office.agrees(proposal)
    assert figures(round_) == (4, 0, 0, 0)
    entry = entry_at(round_, home)
    assert conflicts.disputed_entries(round_.id) == [entry]
    for via in (PHONE, PAPER):
        with pytest.raises(BeingSettled):
            say(round_, home, DISAGREE, via)
    signed = answers(entry, DISAGREE)
    settlement = conflicts.propose_settlement(entry, signed, GROUNDS, by=office.first)
    assert figures(round_) == (4, 0, 0, 0)
    office.agrees(settlement)
    assert figures(round_) == (4, 0, 1, 0)
    assert conflicts.disputed_entries(round_.id) == []
    last = votes_of(round_, home)[-1]
    assert (last.channel, last.keyed_by_id, last.is_current) == (PAPER, office.first.id, True)
    assert [told["step"] for told in journal_of(round_, "DISPUTE")] == ["opened", "settled"]


@pytest.mark.parametrize("via", [PHONE, PAPER])
def test_co_owners_may_disagree_before_anybody_voted_and_no_one_of_them_ends_it(
    round_: Round, home: Household, office: Office, via: Channel
) -> None:
    dispute(round_, home, office)
    with pytest.raises(BeingSettled):
        say(round_, home, AGREE, via)
    assert figures(round_) == (4, 0, 0, 0)
    assert entry_at(round_, home).voice == Voice.DISPUTED


def test_a_dispute_is_noted_once_and_ended_once(
    round_: Round, home: Household, office: Office
) -> None:
    entry = entry_at(round_, home)
    signed = answers(entry, AGREE)
    with pytest.raises(conflicts.AlreadyResolved):
        conflicts.propose_settlement(entry, signed, GROUNDS, by=office.first)
    dispute(round_, home, office)
    with pytest.raises(conflicts.AlreadyDisputed):
        conflicts.propose_dispute(entry, GROUNDS, by=office.first)
    with pytest.raises(casting.Incomplete):
        conflicts.propose_settlement(entry, {}, GROUNDS, by=office.first)
    first = conflicts.propose_settlement(entry, signed, GROUNDS, by=office.first)
    other = answers(entry, DISAGREE)
    second = conflicts.propose_settlement(entry, other, GROUNDS, by=office.first)
    office.agrees(first)
    with pytest.raises(conflicts.AlreadyResolved):
        office.agrees(second)
    assert figures(round_) == (4, 1, 0, 0)


def test_a_dispute_over_a_conflict_leaves_both_to_be_settled(
    round_: Round, home: Household, office: Office
) -> None:
    say(round_, home, AGREE)
    say(round_, home, DISAGREE, PAPER)
    dispute(round_, home, office)
    entry = entry_at(round_, home)
    settlement = conflicts.propose_settlement(
        entry, answers(entry, AGREE), GROUNDS, by=office.first
    )
    with pytest.raises(BeingSettled):
        office.agrees(settlement)
    office.agrees(
        conflicts.propose_resolution(
            only_conflict(round_), keep_held=True, grounds=GROUNDS, by=office.first
        )
    )
    assert figures(round_) == (4, 0, 0, 0)
    assert entry_at(round_, home).voice == Voice.DISPUTED
    office.agrees(settlement)
    assert figures(round_) == (4, 1, 0, 0)


# How often a household may change its word (RULES.md §3).


@pytest.mark.parametrize(
    ("revote", "changes"), [(Revote.NONE, 0), (Revote.ONCE, 1), (Revote.UNTIL_CLOSE, 7)]
)
def test_a_household_changes_its_word_as_often_as_the_profile_says(
    office: Office, revote: Revote, changes: int
) -> None:
    round_ = open_round(make_building(homes=2).compound, switches=Switches(revote=revote))
    home = homes_of(round_.compound.buildings[0])[0]
    say(round_, home, AGREE)
    for number in range(changes):
        say(round_, home, list(Choice)[number % 3])
    last = votes_of(round_, home)[-1].choices[0].choice
    if revote != Revote.UNTIL_CLOSE:
        with pytest.raises(casting.NoMoreChanges):
            say(round_, home, ABSTAIN)
    assert figures(round_)[1:] == tuple(int(last == choice) for choice in Choice)
    assert len(votes_of(round_, home)) == changes + 1


def test_a_page_that_was_read_before_the_last_word_was_said_is_stale_under_the_lock(
    round_: Round, home: Household
) -> None:
    read = entry_at(round_, home)
    assert read.votes == 0
    old = casting.Ballot(answers(read, DISAGREE), "request-stale-1", 0, 1)
    say(round_, home, AGREE)
    # As it was read before: what the database says under the lock is what counts.
    sa.orm.attributes.set_committed_value(read, "votes", 0)
    with pytest.raises(casting.VotedMeanwhile):
        casting.cast(round_, home.id, old, via=PHONE)
    db.session.expire_all()
    assert figures(round_) == (4, 1, 0, 0)
