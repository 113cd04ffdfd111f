"""A mis-tap is taken back for ten minutes: it stays, struck through, and counts for nothing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.doors import due, queries
from app.doors.actions import TooLate, submit_helped, take_back_visit
from app.doors.calls import calls_waiting
from app.doors.models import Outcome, Visit
from app.journal.models import JournalEntry, Kind
from app.rounds.assisting import HelpReason, Reason, begin
from app.rounds.casting import Ballot, cast
from app.rounds.counting import Choice
from app.rounds.models import Channel
from tests.client import PageClient
from tests.doors.conftest import Street
from tests.factories import make_area, make_staff


def the_visit() -> Visit:
    return db.session.scalars(sa.select(Visit).order_by(Visit.id.desc())).first() or Visit()


def ballot(street: Street) -> Ballot:
    return Ballot(dict.fromkeys([m.id for m in street.round.matters], Choice.AGREE), "said", 0, 1)


def test_what_was_taken_back_counts_nowhere_and_is_told_in_the_journal(street: Street) -> None:
    street.knock(0, Outcome.NEEDS_CALL, next_on=queries.today())
    by = street.worker.identity
    take_back_visit(the_visit(), by=by)
    assert queries.contact_attempts(street.round.id) == {}
    assert queries.last_outcomes(street.round.id) == {}
    assert queries.homes_never_contacted(street.round.id) == 6
    assert due.doors_due_today(by) == []
    assert calls_waiting(by) == []
    [visit] = queries.visits_of(street.entries[0].id)
    assert visit.taken_back_at is not None
    told = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.VISIT)
    assert ['"taken_back":true' in entry for entry in db.session.scalars(told)] == [False, True]


@pytest.mark.parametrize("what", ["late", "other", "twice", "tried", "voted"])
def test_it_is_too_late_for_anybody_else_and_once_anything_followed(
    street: Street, what: str
) -> None:
    street.knock(0, Outcome.REFUSES)
    visit, by, at = the_visit(), street.worker.identity, clock.now()
    if what == "late":
        at += timedelta(minutes=10)
    elif what == "other":
        by = make_staff(Role.WORKER, street.round.compound.area).identity
    elif what == "twice":
        take_back_visit(visit, by=by)
    elif what == "tried":
        street.knock(0, Outcome.SPOKEN)
    else:
        cast(street.round, street.entries[0].household_id or 0, ballot(street), via=Channel.PHONE)
    before = visit.taken_back_at
    with time_machine.travel(at, tick=False), pytest.raises(TooLate):
        take_back_visit(visit, by=by)
    assert visit.taken_back_at == before


def test_a_helped_home_was_tried_once_and_that_is_not_taken_back(street: Street) -> None:
    entry, by = street.entries[0], street.worker.identity
    session = begin(entry, Reason(HelpReason.NO_PHONE), by=by)
    receipt = submit_helped(session, ballot(street), by=by)
    assert submit_helped(session, ballot(street), by=by) == receipt
    assert queries.contact_attempts(street.round.id) == {entry.id: 1}
    assert queries.last_outcomes(street.round.id) == {entry.id: Outcome.SPOKEN}
    with pytest.raises(TooLate):
        take_back_visit(the_visit(), by=by)


def test_the_page_strikes_it_through_and_offers_it_once(client: PageClient, street: Street) -> None:
    client.sign_in(street.worker)
    entry = street.entries[0]
    street.knock(0, Outcome.REFUSES)
    at = f"/desk/visits/{the_visit().id}/undo"
    page = client.get("doors_staff.door", entry_id=entry.id)
    told = client.follow(client.submit(at, page.form_values(at)))
    assert "已撤销：不愿意。" in told.text
    assert told.one("h2", id="visits").text == "上门和联系的记录 0 次"
    assert "不愿意" in told.one("del").text
    assert not told.all("form", action=at)
    assert client.submit(at, {}, 409).h1


def test_a_phone_is_told_where_to_take_it_back(client: PageClient, street: Street) -> None:
    client.sign_in(street.worker)
    headers = {"Accept": "application/json"}
    sent = {"request_id": "id-of-a-phone", "outcome": "moved", "csrf_token": client.token()}
    url = f"/desk/doors/{street.entries[0].id}/visits"
    undo = client.raw("post", url, data=sent, headers=headers).json["undo"]
    data = {"csrf_token": client.token()}
    assert client.raw("post", undo, data=data, headers=headers).json == {"status": "undone"}
    assert the_visit().taken_back_at is not None


def test_nobody_from_elsewhere_takes_anything_back(client: PageClient, street: Street) -> None:
    street.knock(0, Outcome.REFUSES)
    at = f"/desk/visits/{the_visit().id}/undo"
    assert client.raw("post", at, data={"csrf_token": client.token()}).status_code in (302, 303)
    for person in (make_staff(Role.WORKER, make_area()), make_staff(Role.AUDITOR)):
        client.sign_in(person)
        client.submit(at, {}, 403)
    client.submit("/desk/visits/999999/undo", {}, 403)
    assert the_visit().taken_back_at is None
