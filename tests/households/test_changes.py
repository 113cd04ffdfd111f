"""Two persons change who speaks for a home; each step can be refused, none is silent."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.accounts import sessions
from app.accounts.models import HouseholdCode, HouseholdSession
from app.core import clock
from app.core.db import db
from app.core.sheets import Sheet
from app.households import actions, queries
from app.households.actions import Evidence, PhoneChange
from app.households.models import HomeChange, Outcome
from app.journal.models import JournalEntry, Kind
from app.notices.models import Message, MessageKind
from app.reports.notice import notice_of
from app.roster import actions as roster
from app.roster.areas import Placement
from app.roster.importer import read_ledger
from app.roster.models import Contact
from app.rounds import actions as rounds
from tests.factories import (
    issue_all_codes,
    issue_code,
    make_compound,
    make_round,
    make_staff,
    mark_invited,
)
from tests.households.homes import EVIDENCE, NEW, OLD, Place
from tests.notices.postbox import Postbox


def journal(kind: Kind) -> list[dict[str, Any]]:
    rows = sa.select(JournalEntry.entry).where(
        JournalEntry.book == "office", JournalEntry.kind == kind
    )
    return [json.loads(entry) for entry in db.session.scalars(rows.order_by(JournalEntry.seq))]


def on_file(place: Place) -> list[str]:
    db.session.expire_all()
    return [c.phone for c in queries.contacts_of(place.home.id) if c.ended_at is None]


def test_nothing_happens_before_a_second_person_agrees(place: Place, postbox: Postbox) -> None:
    change = place.proposes(ending=place.contact)
    assert on_file(place) == [OLD]
    actions.approve(change, by=place.second.identity)
    assert on_file(place) == [NEW]
    [told] = journal(Kind.IDENTITY_CHANGE)
    assert (told["change"], told["added"], told["ended"]) == ("phone", 1, 1)
    assert told["hh"] == place.home.commitment
    assert told["proposer"] == place.worker.identity.commitment
    assert told["actor"] == place.second.identity.commitment
    assert NEW not in json.dumps(told)
    assert OLD not in json.dumps(told)


def test_the_old_phone_is_told_without_the_number_and_the_new_one_is_not(
    place: Place, postbox: Postbox
) -> None:
    actions.approve(place.proposes(ending=place.contact), by=place.second.identity)
    [message] = db.session.scalars(sa.select(Message))
    assert (message.kind, message.phone) == (MessageKind.PHONE_CHANGED, OLD)
    assert NEW not in (message.body or "")
    assert "登记的手机号有变动" in (message.body or "")


def test_browsers_of_an_ended_phone_end_and_those_of_the_slip_stay(place: Place) -> None:
    code = issue_code(place.home)
    assert code
    sessions.begin(place.home.id, contact_id=place.contact.id)
    slip = db.session.scalars(sa.select(HouseholdCode.id)).one()
    sessions.begin(place.home.id, code_id=slip)
    actions.approve(place.proposes("", ending=place.contact), by=place.second.identity)
    db.session.expire_all()
    ended = {s.contact_id: s.ended_at for s in db.session.scalars(sa.select(HouseholdSession))}
    assert ended[place.contact.id] is not None
    assert ended[None] is None


@pytest.mark.parametrize(
    "phone", ["123", "1380000000", "12345678901", "abc", "13800000001 13800000002"]
)
def test_what_is_no_number_is_refused(place: Place, phone: str) -> None:
    with pytest.raises(actions.BadPhone):
        place.proposes(phone)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("139 0000 0009", NEW), ("+86 13900000009", NEW), ("0953-5550333", "0953-5550333")],
)
def test_numbers_are_read_as_a_ledger_reads_them(place: Place, typed: str, kept: str) -> None:
    assert place.proposes(typed).phone == kept


def test_a_number_that_is_on_file_is_refused_when_proposed_and_when_approved(place: Place) -> None:
    with pytest.raises(actions.OnFileAlready):
        place.proposes(OLD)
    change = place.proposes(NEW)
    db.session.add(Contact(household_id=place.home.id, phone=NEW, since=clock.now()))
    db.session.flush()
    with pytest.raises(actions.OnFileAlready):
        actions.approve(change, by=place.second.identity)
    assert change.is_waiting


def test_nobody_agrees_to_what_they_proposed_nor_for_whom_they_made(place: Place) -> None:
    change = place.proposes()
    with pytest.raises(actions.NotYourself):
        actions.approve(change, by=place.worker.identity)
    made = make_staff(area=place.building.compound.area)
    mark_invited(made, by=place.worker)
    db.session.flush()
    with pytest.raises(actions.NotYourself):
        actions.approve(change, by=made.identity)
    assert on_file(place) == [OLD]


def test_neither_without_reason_nor_without_paper_nor_without_anything_to_change(
    place: Place,
) -> None:
    for evidence in (Evidence(" ", "身份证"), Evidence("换号", " ")):
        with pytest.raises(actions.NoEvidence):
            actions.propose_phone(place.home, PhoneChange(NEW), evidence, by=place.worker.identity)
    with pytest.raises(actions.NothingToChange):
        actions.propose_phone(place.home, PhoneChange(), EVIDENCE, by=place.worker.identity)
    place.contact.ended_at = clock.now()
    with pytest.raises(actions.NothingToChange):
        place.proposes("", ending=place.contact)


def test_one_thing_waits_at_a_time_and_is_decided_once(place: Place) -> None:
    change = place.proposes()
    with pytest.raises(actions.WaitsAlready):
        place.proposes("13900000010")
    actions.decline(change, "材料不全", by=place.second.identity)
    assert (change.outcome, change.note) == (Outcome.DECLINED, "材料不全")
    for again in (
        lambda: actions.approve(change, by=place.second.identity),
        lambda: actions.decline(change, "不", by=place.second.identity),
    ):
        with pytest.raises(actions.AlreadySettled):
            again()
    own = place.proposes()
    actions.decline(own, "填错了", by=place.worker.identity)
    assert own.outcome == Outcome.TAKEN_BACK
    assert on_file(place) == [OLD]


def test_a_home_that_changed_hands_loses_its_phones_its_code_and_its_browsers(
    place: Place, postbox: Postbox
) -> None:
    issue_code(place.home)
    sessions.begin(place.home.id, contact_id=place.contact.id)
    since = clock.now() - timedelta(days=3)
    change = actions.propose_owners(
        place.home, ["赵一曼", " "], since, EVIDENCE, by=place.worker.identity
    )
    assert queries.owners_named(change) == ["赵一曼"]
    actions.approve(change, by=place.second.identity)
    db.session.expire_all()
    owners = {t.owner.name: (t.since, t.until) for t in place.home.premises.tenures}
    assert owners["赵一曼"] == (since, None)
    assert owners["王小明"][1] == since
    assert on_file(place) == []
    assert not db.session.scalars(sa.select(HouseholdCode).filter_by(revoked_at=None)).all()
    assert not db.session.scalars(sa.select(HouseholdSession).filter_by(ended_at=None)).all()
    assert [m.phone for m in db.session.scalars(sa.select(Message))] == [OLD]


def test_owners_change_by_the_register_while_a_round_counts(place: Place) -> None:
    make_round(place.building.compound, opened=False)
    with pytest.raises(actions.RegisterIsFrozen):
        actions.propose_owners(
            place.home, ["赵一曼"], clock.now(), EVIDENCE, by=place.worker.identity
        )


def test_a_round_that_froze_meanwhile_stops_a_transfer(place: Place) -> None:
    change = actions.propose_owners(
        place.home, ["赵一曼"], clock.now(), EVIDENCE, by=place.worker.identity
    )
    make_round(place.building.compound, opened=False)
    with pytest.raises(actions.RegisterIsFrozen):
        actions.approve(change, by=place.second.identity)
    assert change.is_waiting


def test_a_transfer_names_somebody_and_no_day_to_come(place: Place) -> None:
    by = {"by": place.worker.identity}
    with pytest.raises(actions.NothingToChange):
        actions.propose_owners(place.home, [" "], clock.now(), EVIDENCE, **by)
    tomorrow = clock.now() + timedelta(days=1)
    with pytest.raises(actions.BadDate):
        actions.propose_owners(place.home, ["赵一曼"], tomorrow, EVIDENCE, **by)


def test_signing_out_ends_every_browser_at_once_and_is_recorded(place: Place) -> None:
    issue_code(place.home)
    code = db.session.scalars(sa.select(HouseholdCode.id)).one()
    sessions.begin(place.home.id, code_id=code)
    sessions.begin(place.home.id, contact_id=place.contact.id)
    actions.sign_out(place.home, by=place.worker.identity)
    assert not db.session.scalars(sa.select(HouseholdSession).filter_by(ended_at=None)).all()
    assert [told["hh"] for told in journal(Kind.SESSIONS_ENDED)] == [place.home.commitment]


def test_changes_of_phones_and_codes_since_the_opening_are_counted_once_a_home(
    place: Place,
) -> None:
    round_ = make_round(place.building.compound)
    assert queries.identity_changes(round_.id) == queries.IdentityChanges(0, 0, 0)
    actions.approve(place.proposes(ending=place.contact), by=place.second.identity)
    issue_code(place.home)
    assert queries.identity_changes(round_.id) == queries.IdentityChanges(1, 1, 1)
    assert (
        "登记册锁定以后改过手机号、或开始以后换过户码的有 1 户。" in notice_of(round_).record.lines
    )


def test_what_waits_is_told_to_whose_area_it_is(place: Place) -> None:
    place.proposes()
    elsewhere = make_staff(area=make_compound().area)
    waits = queries.ChangesWaiting
    assert queries.changes_waiting(place.second.identity) == waits(yours=1, own=0)
    assert queries.changes_waiting(place.worker.identity) == waits(yours=0, own=1)
    assert queries.changes_waiting(elsewhere.identity) == waits(yours=0, own=0)
    assert [c.household_id for c in queries.waiting_changes(place.second.identity)] == [
        place.home.id
    ]


def test_the_database_itself_wants_two_persons(place: Place) -> None:
    change = place.proposes()
    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        db.session.execute(
            sa.update(HomeChange)
            .where(HomeChange.id == change.id)
            .values(outcome=Outcome.APPROVED, settled_at=clock.now(), settled_by_id=place.worker.id)
        )


def takes(place: Place, **cells: object) -> None:
    """Import one row about the home of this place; what is not said stays as it is."""
    compound, home = place.building.compound, place.home
    row = {
        "小区名称": compound.name,
        "楼栋": place.building.name,
        "单元": "1单元",
        "房号": home.premises.room,
        "建筑面积": 80,
        "业主姓名": "王小明",
        "联系电话": OLD,
        "备注": "",
        **cells,
    }
    sheet = Sheet("台账", [tuple(row), tuple(row.values())])
    roster.import_roster(
        read_ledger([sheet]), Placement(compound.area.name), by=place.worker.identity
    )
    db.session.expire_all()


def owners_of(place: Place) -> list[str]:
    return [t.owner.name for t in place.home.premises.tenures if t.until is None]


@pytest.mark.parametrize("opened", [False, True])
def test_a_ledger_changes_no_owner_and_no_phone_from_the_freezing_to_the_result(
    place: Place, opened: bool
) -> None:
    round_ = make_round(place.building.compound, opened=opened)
    for cells, words in (({"联系电话": NEW}, "住户页"), ({"业主姓名": "王晓明"}, "登记册里")):
        for state in ("counting", "closed"):
            round_.closed_at = clock.now() if state == "closed" else None
            with pytest.raises(roster.NotImportable) as refused:
                takes(place, **cells)
            [problem] = refused.value.problems
            assert problem.row == 2
            assert place.home.address in problem.text
            assert words in problem.text
    assert (on_file(place), owners_of(place)) == ([OLD], ["王小明"])
    takes(place, 联系电话="", 业主姓名="", 备注="常年在外")
    assert (on_file(place), owners_of(place)) == ([OLD], ["王小明"])
    assert place.home.premises.note == "常年在外"
    round_.withdrawn_at = clock.now()
    db.session.flush()
    takes(place, 联系电话=NEW, 业主姓名="赵一曼")
    assert (on_file(place), owners_of(place)) == ([NEW], ["赵一曼"])


def test_a_ledger_that_changes_a_phone_tells_the_old_one_and_names_the_home(
    place: Place, postbox: Postbox
) -> None:
    takes(place, 备注="常年在外")
    assert not db.session.scalars(sa.select(Message)).all()
    assert not [told for told in journal(Kind.ROSTER_CHANGE) if "people_of" in told]
    takes(place, 联系电话=NEW)
    told = db.session.scalars(sa.select(Message)).all()
    assert [(m.phone, m.kind) for m in told] == [(OLD, MessageKind.PHONE_CHANGED)]
    [named] = [told for told in journal(Kind.ROSTER_CHANGE) if "people_of" in told]
    assert named["people_of"] == [place.home.commitment]


def test_a_phone_that_a_ledger_replaced_before_the_freezing_is_no_change_of_the_round(
    place: Place,
) -> None:
    takes(place, 联系电话=NEW)
    round_ = make_round(place.building.compound, opened=False)
    assert queries.identity_changes(round_.id) == queries.IdentityChanges(0, 0, 0)


def test_a_phone_changed_between_the_freezing_and_the_opening_counts_as_a_change(
    place: Place,
) -> None:
    with time_machine.travel(clock.now(), tick=False) as then:
        round_ = make_round(place.building.compound, opened=False)
        then.shift(timedelta(hours=1))
        actions.approve(place.proposes(ending=place.contact), by=place.second.identity)
        then.shift(timedelta(hours=1))
        issue_all_codes(place.building.compound)
        rounds.note_posters_printed(place.building.compound, by=place.worker.identity)
        rounds.open_round(round_, by=place.worker.identity)
    assert queries.identity_changes(round_.id) == queries.IdentityChanges(1, 1, 0)
