"""Two persons who do not see each other's entry; what agrees counts, and nothing else (T30)."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.journal.actions import book_of_round
from app.journal.models import JournalEntry, Kind
from app.paper import actions, queries
from app.paper.actions import StrangePhoto, WrongState
from app.paper.keying import Became, NeedsReason, OldPlan, key
from app.paper.models import FormState, PaperEntry, VoidReason
from app.rounds import casting
from app.rounds.actions import close_due_rounds
from app.rounds.audit import check_item, may_compare, sample_of
from app.rounds.casting import Incomplete, NotOnRegister, NotOpen
from app.rounds.conflicts import open_conflicts, propose_resolution
from app.rounds.counting import Choice
from app.rounds.decisions import approve, may_judge
from app.rounds.models import Channel, Vote
from app.rounds.pending import pending_within
from app.rounds.steps import NotYourself
from app.rounds.tallies import results
from tests.factories import make_plan, make_staff, mark_invited
from tests.paper.papers import UNCLEAR, UNSIGNED, Desk, make_desk, photo_of
from tests.rounds.offices import GROUNDS, Office, say


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk()


def votes(desk: Desk) -> list[Vote]:
    return list(db.session.scalars(sa.select(Vote).filter_by(round_id=desk.round.id)))


def test_two_persons_who_read_the_same_make_a_vote(desk: Desk) -> None:
    form = desk.photographed()
    assert desk.keys(form, 0).became == Became.FIRST
    assert votes(desk) == []
    assert desk.keys(form, 1).became == Became.COUNTED
    [vote] = votes(desk)
    assert (vote.channel, vote.keyed_by_id, vote.is_current) == (Channel.PAPER, desk.first.id, True)
    assert vote.checked_by_id == desk.second.id
    assert form.vote_id == vote.id
    assert form.state == FormState.COUNTED
    assert results(desk.round).matters[0].tally.agree == 1


def test_nobody_makes_the_second_entry_of_their_own_form(desk: Desk) -> None:
    form = desk.photographed()
    desk.keys(form, 0)
    with pytest.raises(NotYourself):
        desk.keys(form, 0)
    assert form.keyed == 1
    assert votes(desk) == []


def test_who_made_the_account_of_the_first_is_no_second_person(desk: Desk) -> None:
    form = desk.photographed()
    mark_invited(desk.people[0], by=desk.people[1])
    db.session.flush()
    desk.keys(form, 0)
    with pytest.raises(NotYourself):
        desk.keys(form, 1)
    assert desk.keys(form, 2).became == Became.COUNTED


def test_two_that_differ_wait_for_a_third_who_decides_between_them(desk: Desk) -> None:
    form = desk.photographed()
    desk.keys(form, 0, Choice.AGREE)
    assert desk.keys(form, 1, Choice.DISAGREE).became == Became.MISMATCH
    assert (votes(desk), form.state) == ([], FormState.MISMATCH)
    for before in (0, 1):
        with pytest.raises(NotYourself):
            desk.keys(form, before)
    assert desk.keys(form, 2, Choice.DISAGREE).became == Became.COUNTED
    [vote] = votes(desk)
    assert {choice.choice for choice in vote.choices} == {Choice.DISAGREE}
    assert (vote.keyed_by_id, vote.checked_by_id) == (desk.second.id, desk.third.id)
    assert form.agreed_with == 2


def test_three_that_all_differ_make_the_form_void_and_the_household_silent(desk: Desk) -> None:
    form = desk.photographed()
    for who, choice in enumerate(Choice):
        outcome = desk.keys(form, who, choice)
    assert (outcome.became, outcome.why) == (Became.VOID, VoidReason.DIFFERING)
    assert (form.state, votes(desk)) == (FormState.VOID, [])
    assert queries.wanting_paper(desk.round.id) == [form.entry]
    assert desk.print_one().number == form.number + 1
    assert queries.wanting_paper(desk.round.id) == []


@pytest.mark.parametrize(
    ("flawed", "why"), [(UNSIGNED, VoidReason.UNSIGNED), (UNCLEAR, VoidReason.UNCLEAR)]
)
def test_a_form_without_signature_is_void_only_when_two_persons_say_so(
    desk: Desk, flawed: object, why: VoidReason
) -> None:
    form = desk.photographed()
    assert key(form, flawed, by=desk.first).became == Became.FIRST  # type: ignore[arg-type]
    outcome = key(form, flawed, by=desk.second)  # type: ignore[arg-type]
    assert (outcome.became, outcome.why) == (Became.VOID, why)
    assert (form.void_reason, form.voided_by, votes(desk)) == (why, None, [])


def test_one_person_alone_cannot_throw_a_form_away_by_saying_it_is_unsigned(desk: Desk) -> None:
    form = desk.photographed()
    key(form, UNSIGNED, by=desk.first)
    assert desk.keys(form, 1).became == Became.MISMATCH
    assert desk.keys(form, 2).became == Became.COUNTED


def test_the_date_beside_the_signature_need_not_be_read_alike(desk: Desk) -> None:
    form = desk.photographed()
    desk.keys(form, 0, signed_on=form.batch.ordered_at.date())
    assert desk.keys(form, 1).became == Became.COUNTED


def test_what_is_not_answered_is_not_taken(desk: Desk) -> None:
    form = desk.photographed()
    with pytest.raises(Incomplete):
        key(form, desk.said(form).__class__(), by=desk.first)
    assert form.keyed == 0


def test_nothing_is_keyed_without_a_photograph(desk: Desk) -> None:
    form = desk.print_one()
    with pytest.raises(WrongState):
        desk.keys(form, 0)
    assert form.keyed == 0


def test_a_counted_form_is_never_used_again(desk: Desk) -> None:
    form = desk.counted()
    with pytest.raises(WrongState):
        desk.keys(form, 2)
    with pytest.raises(WrongState):
        actions.photograph(form, photo_of(form, seed=99), by=desk.third)
    assert len(votes(desk)) == 1


def test_a_void_form_is_never_used(desk: Desk) -> None:
    old = desk.print_one()
    new = desk.print_one()
    assert (old.state, old.void_reason, new.number) == (FormState.VOID, VoidReason.REPRINTED, 2)
    with pytest.raises(WrongState):
        actions.photograph(old, photo_of(old), by=desk.first)


def test_nothing_is_photographed_or_keyed_after_the_close(desk: Desk) -> None:
    form, other = desk.photographed(0), desk.print_one(1)
    desk.keys(form, 0)
    desk.round.closes_at = form.photographed_at or desk.round.closes_at
    db.session.flush()
    with pytest.raises(NotOpen):
        desk.keys(form, 1)
    with pytest.raises(NotOpen):
        actions.photograph(other, photo_of(other), by=desk.first)
    assert votes(desk) == []
    # That it came back too late is told all the same.
    actions.take_in([other], by=desk.first)
    assert queries.sums_of(desk.round.id).waiting == 2


def test_a_household_that_was_struck_off_is_refused(desk: Desk) -> None:
    form = desk.photographed()
    form.entry.removed_at = form.batch.ordered_at
    db.session.flush()
    with pytest.raises(NotOnRegister):
        desk.keys(form, 0)
    assert form.keyed == 0


def test_paper_over_a_phone_vote_wants_a_reason_and_opens_a_conflict(desk: Desk) -> None:
    say(desk.round, desk.home(), Choice.AGREE)
    form = desk.photographed()
    with pytest.raises(NeedsReason):
        desk.keys(form, 0, Choice.DISAGREE)
    desk.keys(form, 0, Choice.DISAGREE, reason="本人来社区说手机上按错了。")
    assert desk.keys(form, 1, Choice.DISAGREE).became == Became.HELD
    [conflict] = open_conflicts(desk.round.id)
    assert conflict.held_vote_id == form.vote_id
    assert results(desk.round).matters[0].tally.agree == 1
    assert queries.sums_of(desk.round.id).held == 1


def test_a_phone_vote_between_both_entries_asks_the_second_person_for_the_reason(
    desk: Desk,
) -> None:
    form = desk.photographed()
    desk.keys(form, 0)
    say(desk.round, desk.home(), Choice.AGREE)
    with pytest.raises(NeedsReason):
        desk.keys(form, 1)
    assert desk.keys(form, 1, reason="先交表，后在手机上又说了一次。").became == Became.COUNTED


def test_a_form_of_the_plan_before_a_material_change_wants_a_new_one(desk: Desk) -> None:
    form = desk.photographed()
    version = make_plan(desk.building.compound)
    desk.round.plan_version, desk.round.counts_from_version = version, version.number
    db.session.flush()
    with pytest.raises(OldPlan):
        desk.keys(form, 0)


def test_a_form_of_the_plan_before_an_editorial_change_counts(desk: Desk) -> None:
    form = desk.photographed()
    desk.round.plan_version = make_plan(desk.building.compound)
    db.session.flush()
    desk.keys(form, 0)
    assert desk.keys(form, 1).became == Became.COUNTED


def test_a_home_in_conflict_is_refused_before_anything_is_keyed(desk: Desk) -> None:
    say(desk.round, desk.home(), Choice.AGREE)
    form = desk.photographed()
    desk.keys(form, 0, Choice.DISAGREE, reason="来过社区")
    desk.keys(form, 1, Choice.DISAGREE)
    again = desk.print_one()
    actions.photograph(again, photo_of(again), by=desk.first)
    with pytest.raises(casting.BeingSettled):
        desk.keys(again, 0, reason="又来了")
    assert again.keyed == 0


def test_the_same_photograph_is_never_the_evidence_of_two_forms(desk: Desk) -> None:
    form, other = desk.print_one(0), desk.print_one(1)
    actions.photograph(form, photo_of(form, with_code=False), by=desk.first)
    with pytest.raises(StrangePhoto):
        actions.photograph(other, photo_of(form, with_code=False), by=desk.first)
    assert (other.state, other.photo_file) == (FormState.PRINTED, None)


def test_a_photograph_of_another_form_is_refused(desk: Desk) -> None:
    form, other = desk.print_one(0), desk.print_one(1)
    with pytest.raises(StrangePhoto):
        actions.photograph(form, photo_of(other), by=desk.first)
    assert form.photo_file is None


def test_a_better_photograph_replaces_the_first_until_the_form_is_keyed(desk: Desk) -> None:
    form = desk.photographed()
    before = form.photo_digest
    actions.photograph(form, photo_of(form, seed=77), by=desk.second)
    assert form.photo_digest != before
    desk.keys(form, 0)
    with pytest.raises(WrongState):
        actions.photograph(form, photo_of(form, seed=78), by=desk.second)


def test_the_journal_names_every_step_and_tells_no_choice_before_it_counts(desk: Desk) -> None:
    form = desk.photographed()
    desk.keys(form, 0)
    book = sa.select(JournalEntry).filter_by(book=book_of_round(desk.round.id))
    book = book.order_by(JournalEntry.seq)
    told = [e for e in db.session.scalars(book) if e.kind.value.startswith("PAPER")]
    assert [e.kind for e in told] == [
        Kind.PAPER_PRINTED,
        Kind.PAPER_RETURNED,
        Kind.PAPER_PHOTO,
        Kind.PAPER_KEYED,
    ]
    keyed = json.loads(told[-1].entry)
    assert (keyed["form"], keyed["place"], keyed["photo"]) == (1, 1, form.photo_digest)
    assert "agree" not in told[-1].entry
    [entry] = db.session.scalars(sa.select(PaperEntry).filter_by(form_id=form.id))
    assert keyed["said"] == entry.commitment


def test_the_queue_holds_what_this_person_may_key_and_nothing_else(desk: Desk) -> None:
    form, mine = desk.photographed(0), desk.photographed(1)
    desk.keys(form, 0)
    desk.keys(mine, 1)
    stranger = make_staff(Role.WORKER, make_desk().building.compound.area).identity

    def waiting(by: object) -> list[int]:
        rows = db.session.scalars(queries.waiting_for(by))  # type: ignore[arg-type]
        return [one.id for one in rows]

    assert (waiting(desk.first), waiting(desk.second)) == ([mine.id], [form.id])
    assert sorted(waiting(desk.third)) == sorted([form.id, mine.id])
    assert waiting(stranger) == []
    [counts] = queries.forms_waiting(desk.first)
    assert (counts.first, counts.again, counts.voids) == (0, 1, 0)
    desk.keys(form, 1, Choice.DISAGREE)
    assert queries.forms_waiting(desk.third)[0].again == 2
    assert queries.forms_waiting(desk.second)[0].again == 0


def test_the_queue_leaves_out_whose_account_is_kin(desk: Desk) -> None:
    form = desk.photographed()
    mark_invited(desk.people[1], by=desk.people[0])
    db.session.flush()
    desk.keys(form, 0)
    assert queries.forms_waiting(desk.second)[0].again == 0
    assert queries.forms_waiting(desk.third)[0].again == 1


@pytest.mark.usefixtures("session")
def test_both_who_keyed_a_held_form_leave_the_conflict_to_others() -> None:
    desk = make_desk(role=Role.OFFICE)
    say(desk.round, desk.home(), Choice.AGREE)
    form = desk.photographed()
    desk.keys(form, 0, Choice.DISAGREE, reason="来过社区")
    desk.keys(form, 1, Choice.DISAGREE)
    [conflict] = open_conflicts(desk.round.id)
    resolution = propose_resolution(
        conflict, keep_held=True, grounds=GROUNDS, by=make_staff().identity
    )
    for keyer in (desk.first, desk.second):
        assert not may_judge(resolution, keyer)
        with pytest.raises(NotYourself):
            approve(resolution, by=keyer)
        assert [line.yours for line in pending_within(keyer)] == [0]
    assert [line.yours for line in pending_within(desk.third)] == [1]
    approve(resolution, by=desk.third)


@pytest.mark.usefixtures("session")
def test_both_who_keyed_a_form_leave_its_audit_to_others() -> None:
    desk = make_desk(role=Role.OFFICE)
    desk.counted()
    desk.round.opened_at = desk.round.opens_at = clock.now() - timedelta(days=9)
    desk.round.closes_at = clock.now() - timedelta(minutes=1)
    close_due_rounds()
    [item] = sample_of(desk.round.id)
    for keyer in (desk.first, desk.second):
        assert not may_compare(item, keyer)
        with pytest.raises(NotYourself):
            check_item(desk.round, item, agrees=True, why="", by=keyer)
    check_item(desk.round, item, agrees=True, why="", by=desk.third)
    assert item.checked_by_id == desk.third.id


def test_a_settled_conflict_lets_the_form_count(desk: Desk) -> None:
    say(desk.round, desk.home(), Choice.AGREE)
    form = desk.photographed()
    desk.keys(form, 0, Choice.DISAGREE, reason="来过社区")
    desk.keys(form, 1, Choice.DISAGREE)
    office = Office()
    [conflict] = open_conflicts(desk.round.id)
    resolution = propose_resolution(conflict, keep_held=True, grounds=GROUNDS, by=office.first)
    office.agrees(resolution)
    assert results(desk.round).matters[0].tally.disagree == 1
    assert queries.sums_of(desk.round.id).held == 0
