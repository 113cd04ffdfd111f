"""A vote within a day of a new phone is recorded, takes nothing away, waits (THREATS.md T33)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.roster.models import Household
from app.rounds import actions as rounds
from app.rounds import casting, conflicts, objections, recounting, tallies
from app.rounds.cases import Effect, ObjectionKind
from app.rounds.casting import Ballot, Receipt
from app.rounds.counting import Choice
from app.rounds.fates import End, fates_of
from app.rounds.models import Channel, Round, Voice
from app.rounds.objections import Answer, Complaint
from app.rounds.profile import Revote, Switches
from tests.client import PageClient
from tests.factories import homes_of, issue_all_codes, issue_code, make_building
from tests.rounds.asking import Asked, ballot, change_plan
from tests.rounds.new_phones import NEW, OLD, browser_of, come_in_by, put_on_file
from tests.rounds.offices import (
    Office,
    check_counted,
    entry_at,
    figures,
    journal_of,
    open_round,
    say,
    votes_of,
)

START = datetime(2027, 5, 10, 6, 5, tzinfo=UTC)
AGREE, DISAGREE = Choice.AGREE, Choice.DISAGREE
DAY = timedelta(hours=24)


@pytest.fixture(autouse=True)
def then(session: sa.orm.Session) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@dataclass
class Case:
    """A home of an open round, whose new phone came after the opening."""

    round: Round
    home: Household
    phone: int

    @property
    def voice(self) -> Voice:
        return entry_at(self.round, self.home).voice

    @property
    def ends(self) -> list[End]:
        votes = votes_of(self.round, self.home)
        fates = fates_of(entry_at(self.round, self.home), votes)
        return [fates[vote.id].end for vote in votes]

    def confirm(self, session_id: int | None = None) -> Receipt:
        seen = entry_at(self.round, self.home).votes
        version = self.round.plan_version.number if self.round.plan_version else 0
        return casting.reaffirm(
            self.round,
            self.home.id,
            f"confirm-{seen}",
            seen,
            plan_number=version,
            session_id=session_id,
        )


def case(then: time_machine.Traveller, switches: Switches | None = None) -> Case:
    """The phone is an hour younger than the round."""
    building = make_building(homes=6)
    round_ = open_round(building.compound, switches=switches)
    then.shift(timedelta(hours=1))
    home = homes_of(building)[0]
    return Case(round_, home, browser_of(put_on_file(home)))


def test_the_first_vote_is_recorded_and_does_not_count(then: time_machine.Traveller) -> None:
    here = case(then)
    receipt = say(here.round, here.home, AGREE, session_id=here.phone)
    assert receipt.waits_until == clock.now() + DAY
    assert (here.voice, here.ends) == (Voice.TO_CONFIRM, [End.WAITS])
    assert figures(here.round) == (6, 0, 0, 0)
    [told] = journal_of(here.round, "VOTE")
    assert told["waits_until"] == (clock.now() + DAY).isoformat()
    assert tallies.results(here.round).to_confirm == 1


def test_it_takes_nothing_away_that_counts(then: time_machine.Traveller) -> None:
    here = case(then)
    say(here.round, here.home, AGREE)
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    assert (here.voice, here.ends) == (Voice.COUNTED, [End.COUNTED, End.WAITS])
    assert figures(here.round) == (6, 1, 0, 0)


def test_a_day_later_one_tap_on_the_same_phone_makes_it_count(
    then: time_machine.Traveller,
) -> None:
    here = case(then)
    say(here.round, here.home, AGREE)
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    then.shift(DAY - timedelta(microseconds=1))
    assert here.confirm(here.phone).waits_until is not None
    assert figures(here.round) == (6, 1, 0, 0)
    then.shift(timedelta(microseconds=1))
    assert here.confirm(here.phone).waits_until is None
    assert figures(here.round) == (6, 0, 1, 0)
    assert here.ends == [End.REPLACED, End.REPLACED, End.REPLACED, End.COUNTED]


def test_the_slip_and_an_older_phone_confirm_at_once(then: time_machine.Traveller) -> None:
    here = case(then)
    say(here.round, here.home, AGREE, session_id=here.phone)
    assert here.confirm().waits_until is None
    assert figures(here.round) == (6, 1, 0, 0)
    older = browser_of(put_on_file(here.home, OLD, since=START - timedelta(days=9)))
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    assert here.confirm(older).waits_until is None
    assert figures(here.round) == (6, 0, 1, 0)


def test_a_form_on_paper_confirms_and_what_waits_contradicts_nobody(
    then: time_machine.Traveller,
) -> None:
    here = case(then)
    say(here.round, here.home, AGREE, session_id=here.phone)
    say(here.round, here.home, DISAGREE, Channel.PAPER)
    assert figures(here.round) == (6, 0, 1, 0)
    say(here.round, here.home, AGREE, session_id=here.phone)
    assert not conflicts.open_conflicts(here.round.id)
    assert figures(here.round) == (6, 0, 1, 0)
    then.shift(DAY)
    # Now it is as any other word by phone that says something else than the paper.
    assert here.confirm(here.phone).is_held
    assert len(conflicts.open_conflicts(here.round.id)) == 1
    assert figures(here.round) == (6, 0, 1, 0)


@pytest.mark.parametrize("days", [0, 3])
def test_a_phone_that_was_there_at_the_opening_waits_for_nothing(
    then: time_machine.Traveller, days: int
) -> None:
    building = make_building(homes=2)
    home = homes_of(building)[0]
    contact = put_on_file(home, OLD, since=START - timedelta(days=days))
    round_ = open_round(building.compound)
    assert say(round_, home, AGREE, session_id=browser_of(contact)).waits_until is None
    assert figures(round_) == (2, 1, 0, 0)


def test_a_phone_that_came_between_the_freezing_and_the_opening_waits_as_well(
    client: PageClient, then: time_machine.Traveller
) -> None:
    building = make_building(homes=2)
    round_ = open_round(building.compound, until="frozen")
    then.shift(timedelta(hours=1))
    home = homes_of(building)[0]
    contact = put_on_file(home)
    then.shift(timedelta(hours=1))
    issue_all_codes(building.compound)
    by = Office().first
    rounds.note_posters_printed(building.compound, by=by)
    rounds.open_round(round_, by=by)
    come_in_by(client, contact)
    form = client.get("rounds.vote", round_id=round_.id)
    receipt = client.follow(client.post("rounds.cast", ballot(form), round_id=round_.id))
    assert receipt.h1 == "先记下了，还不计入"
    said = say(round_, home, AGREE, session_id=browser_of(contact))
    assert said.waits_until == contact.since + DAY
    assert figures(round_) == (2, 0, 0, 0)


def test_a_material_change_of_the_plan_leaves_both_to_be_confirmed(
    client: PageClient, then: time_machine.Traveller
) -> None:
    here = case(then)
    say(here.round, here.home, AGREE)
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    office, building = Office(), here.round.compound.buildings[0]
    change_plan(Asked(building, here.round, here.home, office))
    assert (here.voice, figures(here.round)) == (Voice.TO_CONFIRM, (6, 0, 0, 0))
    client.enter(building, issue_code(here.home))
    here.confirm()
    assert figures(here.round) == (6, 0, 1, 0)


def test_struck_out_what_counted_leaves_what_waits_to_be_confirmed(
    then: time_machine.Traveller,
) -> None:
    here, office = case(then), Office()
    say(here.round, here.home, AGREE)
    counted = votes_of(here.round, here.home)[0]
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    complaint = Complaint(
        ObjectionKind.NOT_ME, "1号楼1单元101", "不是我", here.home.id, vote_id=counted.id
    )
    objection = objections.raise_objection(here.round, complaint, by=office.first)
    answer = Answer("查过了，不是这一户填的。", Effect.STRIKE_OUT, evidence="监控")
    office.agrees(objections.propose_answer(objection, answer, by=office.first))
    assert (here.voice, here.ends) == (Voice.SILENT, [End.VOID, End.WAITS])
    check_counted(here.round)
    here.confirm()
    assert figures(here.round) == (6, 0, 1, 0)


def test_the_one_change_that_a_profile_allows_is_not_used_up(then: time_machine.Traveller) -> None:
    here = case(then, Switches(Revote.ONCE))
    say(here.round, here.home, AGREE)
    say(here.round, here.home, DISAGREE, session_id=here.phone)
    assert casting.changes_left(here.round, entry_at(here.round, here.home)) == 1
    here.confirm()
    assert casting.changes_left(here.round, entry_at(here.round, here.home)) == 0
    assert figures(here.round) == (6, 0, 1, 0)


def test_where_no_change_is_allowed_a_new_phone_changes_nothing(
    then: time_machine.Traveller,
) -> None:
    here = case(then, Switches(Revote.NONE))
    say(here.round, here.home, AGREE)
    with pytest.raises(casting.NoMoreChanges):
        say(here.round, here.home, DISAGREE, session_id=here.phone)
    assert figures(here.round) == (6, 1, 0, 0)


def test_unconfirmed_at_the_close_it_never_counts(then: time_machine.Traveller) -> None:
    here = case(then)
    say(here.round, here.home, AGREE, session_id=here.phone)
    then.move_to(here.round.closes_at)
    with pytest.raises(casting.NotOpen):
        here.confirm(here.phone)
    assert figures(here.round) == (6, 0, 0, 0)


def test_the_same_request_again_has_the_same_answer(then: time_machine.Traveller) -> None:
    here = case(then)
    said = Ballot({m.id: AGREE for m in here.round.matters}, "again", 0, 1)
    by = {"via": Channel.PHONE, "session_id": here.phone}
    first = casting.cast(here.round, here.home.id, said, **by)  # type: ignore[arg-type]
    then.shift(DAY)
    assert casting.cast(here.round, here.home.id, said, **by) == first  # type: ignore[arg-type]
    assert figures(here.round) == (6, 0, 0, 0)


def test_the_short_way_of_first_votes_leaves_it_to_the_long_one(
    client: PageClient, then: time_machine.Traveller
) -> None:
    here = case(then)
    come_in_by(client, put_on_file(here.home, "13900000077"))
    form = client.get("rounds.vote", round_id=here.round.id)
    sent = client.post("rounds.cast", ballot(form), round_id=here.round.id)
    receipt = client.follow(sent)
    assert receipt.h1 == "先记下了，还不计入"
    assert "5月11日" in receipt.text
    assert here.voice == Voice.TO_CONFIRM
    assert figures(here.round) == (6, 0, 0, 0)


def test_an_older_phone_still_takes_the_short_way(
    client: PageClient, then: time_machine.Traveller
) -> None:
    here = case(then)
    come_in_by(client, put_on_file(here.home, OLD, since=START - DAY))
    form = client.get("rounds.vote", round_id=here.round.id)
    receipt = client.follow(client.post("rounds.cast", ballot(form), round_id=here.round.id))
    assert receipt.h1 == "已经计入"
    assert figures(here.round) == (6, 1, 0, 0)


def test_the_household_reads_when_it_can_confirm_and_then_does(
    client: PageClient, then: time_machine.Traveller
) -> None:
    here = case(then)
    say(here.round, here.home, AGREE)
    contact = put_on_file(here.home, "13900000077")
    come_in_by(client, contact)
    form = client.get("rounds.vote", round_id=here.round.id)
    client.post("rounds.prepare", ballot(form, "disagree"), round_id=here.round.id)
    review = client.get("rounds.review", round_id=here.round.id)
    assert "登记还不到 24 小时" in review.text
    client.post("rounds.cast", ballot(form, "disagree"), round_id=here.round.id)
    home = client.get("rounds.home")
    assert "先记下了，还不计入" in home.text
    assert "现在算数的还是" in home.text
    assert "以后再点一次确认" in home.text
    assert not [b for b in home.all("button") if "确认" in b.text]
    then.shift(DAY)
    come_in_by(client, contact)
    home = client.get("rounds.home")
    values = home.form_values("/reaffirm")
    client.post("rounds.reaffirm", values, round_id=here.round.id)
    assert figures(here.round) == (6, 0, 1, 0)
    assert "您家已经表态" in client.get("rounds.home").text


def test_the_slip_shows_the_button_at_once(
    client: PageClient, then: time_machine.Traveller
) -> None:
    here = case(then)
    say(here.round, here.home, AGREE, session_id=here.phone)
    building = here.round.compound.buildings[0]
    home = client.enter(building, issue_code(here.home))
    values = client.get("rounds.home").form_values("/reaffirm")
    assert "先记下了，还不计入" in home.text
    client.post("rounds.reaffirm", values, round_id=here.round.id)
    assert figures(here.round) == (6, 1, 0, 0)
    assert recounting.differences(here.round) == []
    assert NEW not in home.text
