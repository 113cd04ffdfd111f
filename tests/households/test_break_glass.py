"""What one home chose is opened with a reason, by the right people, for minutes, and told to it."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.rounds import break_glass
from app.rounds.cases import BreakGlass
from app.rounds.counting import Choice
from app.rounds.models import Round
from app.rounds.profile import Sight, Switches
from tests.client import PageClient
from tests.factories import homes_of, issue_code, make_staff
from tests.households.homes import Place, stranger
from tests.rounds.offices import check_counted, entry_at, open_round, say

REASON = "住户来电说不是自己表的态"


@pytest.fixture
def round_(place: Place) -> Round:
    """Open; the home has disagreed with everything."""
    round_ = open_round(place.building.compound)
    say(round_, place.home, Choice.DISAGREE)
    return round_


def entries() -> list[dict[str, Any]]:
    rows = sa.select(JournalEntry.entry).where(JournalEntry.kind == Kind.BREAK_GLASS)
    return [json.loads(entry) for entry in db.session.scalars(rows)]


def looks() -> list[BreakGlass]:
    return list(db.session.scalars(sa.select(BreakGlass)))


def open_it(client: PageClient, place: Place, round_: Round, reason: str = REASON) -> Any:
    where = {"household_id": place.home.id, "round_id": round_.id}
    return client.post("households.look", {"reason": reason}, **where)


def test_each_look_makes_one_entry_of_the_journal_and_one_line_at_the_household(
    client: PageClient, place: Place, round_: Round
) -> None:
    for times in (1, 2):
        client.sign_in(place.first)
        page = client.follow(open_it(client, place, round_))
        assert "不同意" in page.text
        assert (len(entries()), len(looks())) == (times, times)
        resident = PageClient(client.app)
        resident.enter(place.building, issue_code(place.home))
        lines = resident.get("rounds.home").one("section", id="looks").all("li")
        assert len(lines) == times
        assert REASON in lines[0].text
        assert f"街道（乡镇）办{place.first.name[:1]}**" in lines[0].text
    assert REASON not in json.dumps(entries(), ensure_ascii=False)
    check_counted(round_)


def test_it_shuts_after_five_minutes_and_reading_it_again_writes_nothing(
    client: PageClient, place: Place, round_: Round
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        client.sign_in(place.first)
        sent = open_it(client, place, round_)
        traveller.shift(timedelta(minutes=5) - timedelta(seconds=1))
        assert "不同意" in client.follow(sent).text
        traveller.shift(timedelta(seconds=1))
        page = client.follow(sent)
        assert "已经关上" in page.text
        assert "不同意" not in page.text
        assert len(entries()) == 1


def test_nobody_else_reads_what_somebody_opened(
    client: PageClient, place: Place, round_: Round
) -> None:
    client.sign_in(place.first)
    open_it(client, place, round_)
    look_id = looks()[0].id
    for person in (place.second, place.worker, stranger()):
        client.sign_in(person)
        client.get("households.opened", 403, look_id=look_id)


def test_neither_a_worker_nor_a_stranger_nor_an_auditor_opens_anything(
    client: PageClient, place: Place, round_: Round
) -> None:
    where = {"household_id": place.home.id, "round_id": round_.id}
    area = place.building.compound.area
    client.get("households.look", 303, **where)
    for person in (place.worker, stranger(), make_staff(Role.AUDITOR, area)):
        client.sign_in(person)
        client.get("households.look", 403, **where)
        client.post("households.look", {"reason": REASON}, 403, **where)
    assert looks() == []


@pytest.mark.parametrize("reason", ["", "  ", "核对一下", "12345"])
def test_without_a_reason_in_words_nothing_is_opened(
    client: PageClient, place: Place, round_: Round, reason: str
) -> None:
    client.sign_in(place.first)
    where = {"household_id": place.home.id, "round_id": round_.id}
    client.post("households.look", {"reason": reason}, 422, **where)
    with pytest.raises(break_glass.NoGoodReason):
        break_glass.look(entry_at(round_, place.home), reason, by=place.first.identity)
    assert (looks(), entries()) == ([], [])


def test_a_home_that_said_nothing_cannot_be_opened(place: Place, round_: Round) -> None:
    silent = entry_at(round_, homes_of(place.building)[1])
    with pytest.raises(break_glass.NothingSaid):
        break_glass.look(silent, REASON, by=place.first.identity)


def test_no_page_about_the_home_tells_what_it_chose(
    client: PageClient, place: Place, round_: Round
) -> None:
    paths = (
        ("households.home", {"household_id": place.home.id}),
        ("households.search", {"compound": place.building.compound_id}),
        ("cases_register.entry", {"entry_id": entry_at(round_, place.home).id}),
    )
    for person in (place.worker, place.first):
        client.sign_in(person)
        for endpoint, values in paths:
            assert "不同意" not in client.get(endpoint, **values).text


def test_where_the_profile_lets_staff_see_choices_the_story_shows_them(
    client: PageClient, place: Place
) -> None:
    switches = Switches(staff_see_choices=Sight.HOUSEHOLDS)
    round_ = open_round(place.building.compound, switches=switches)
    say(round_, place.home, Choice.DISAGREE)
    client.sign_in(place.worker)
    page = client.get("households.home", household_id=place.home.id)
    assert "不同意" in page.text
    assert "查看这一户的表态" not in page.text
