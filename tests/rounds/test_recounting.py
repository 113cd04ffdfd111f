"""The recount by night: when it happens, what it says, and who hears the alarm."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from app.core.db import db
from app.rounds import recounting, tasks
from app.rounds.cases import Recount
from app.rounds.counting import Choice
from app.rounds.models import Counter, RegisterEntry, Round, Voice
from tests.client import PageClient
from tests.factories import homes_of, make_building, make_round
from tests.rounds.voters import cast_quickly

pytestmark = pytest.mark.usefixtures("session")
HERE = ZoneInfo("Asia/Shanghai")
# A Friday afternoon on the office's clock.
BEGUN = datetime(2026, 11, 20, 15, 0, tzinfo=HERE)
NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=HERE)


def make_voted_round() -> Round:
    """An open round of six households, two of which have voted."""
    building = make_building()
    round_ = make_round(building.compound)
    for number, home in enumerate(homes_of(building)[:2]):
        cast_quickly(round_, home, Choice.AGREE, f"request-{number}")
    db.session.commit()
    return round_


def spoil(round_: Round) -> None:
    """Let a counter say one household more than the journal does."""
    matter = round_.matters[0].id
    one = (Counter.matter_id == matter, Counter.choice == Choice.DISAGREE)
    db.session.execute(sa.update(Counter).where(*one).values(households=Counter.households + 1))
    db.session.commit()


@pytest.mark.parametrize(
    ("later", "is_due"),
    [
        (timedelta(0), False),
        (NIGHT - BEGUN - timedelta(seconds=1), False),
        (NIGHT - BEGUN, True),
        (timedelta(days=9), True),
    ],
)
def test_a_round_is_recounted_from_three_in_the_morning_on(later: timedelta, is_due: bool) -> None:
    with time_machine.travel(BEGUN, tick=False):
        round_ = make_voted_round()
    with time_machine.travel(BEGUN + later, tick=False):
        assert recounting.due_rounds() == ([round_.id] if is_due else [])


def test_a_night_has_one_recount_and_the_next_night_another() -> None:
    with time_machine.travel(BEGUN, tick=False):
        round_id = make_voted_round().id
    with time_machine.travel(NIGHT + timedelta(minutes=1), tick=False):
        tasks.recount_rounds()
        assert recounting.due_rounds() == []
        kept = db.session.get_one(Recount, round_id)
        assert (kept.agrees, kept.checked_at) == (True, NIGHT + timedelta(minutes=1))
    with time_machine.travel(NIGHT + timedelta(hours=23, minutes=59), tick=False):
        assert recounting.due_rounds() == []
    with time_machine.travel(NIGHT + timedelta(days=1), tick=False):
        assert recounting.due_rounds() == [round_id]


def test_a_round_that_never_opened_or_is_put_away_is_not_recounted() -> None:
    with time_machine.travel(BEGUN, tick=False):
        put_away = make_voted_round()
        make_round(make_building().compound, opened=False)
        put_away.archived_at = BEGUN
        db.session.commit()
    with time_machine.travel(NIGHT + timedelta(days=3), tick=False):
        assert recounting.due_rounds() == []


def test_a_recount_that_differs_rings_until_it_agrees_again(
    client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(BEGUN, tick=False):
        round_ = make_voted_round()
    round_id = round_.id
    with time_machine.travel(NIGHT, tick=False):
        tasks.recount_rounds()
        assert client.raw("get", "/readyz").status_code == 200
    spoil(round_)
    with time_machine.travel(NIGHT + timedelta(days=1), tick=False), capture_logs() as logs:
        tasks.recount_rounds()
    [said] = [line for line in logs if line["event"] == "recount differs"]
    assert (said["log_level"], said["round"]) == ("error", round_id)
    assert said["differences"] == [
        "matters[0] tallies[0] disagree: cached 1, recounted 0",
        "buildings[0] matters[0] tallies[0] disagree: cached 1, recounted 0",
    ]
    answer = client.raw("get", "/readyz")
    assert answer.status_code == 503
    assert f"round {round_id}" in answer.json["status"]
    db.session.execute(sa.update(Counter).values(households=0))
    counted = (Counter.choice == Choice.AGREE,)
    db.session.execute(sa.update(Counter).where(*counted).values(households=2))
    db.session.commit()
    with time_machine.travel(NIGHT + timedelta(days=2), tick=False):
        tasks.recount_rounds()
    assert client.raw("get", "/readyz").status_code == 200


def test_a_household_that_the_journal_tells_otherwise_is_named_by_its_commitment() -> None:
    round_ = make_voted_round()
    entry = db.session.scalars(
        sa.select(RegisterEntry).where(RegisterEntry.voice == Voice.SILENT)
    ).first()
    assert entry is not None
    entry.voice = Voice.COUNTED
    db.session.flush()
    [line, *_others] = recounting.differences(round_)
    assert line.startswith(f"household {entry.commitment[:16]}: cached ('counted', None, 0)")
    assert line.endswith("recounted ('silent', None, 0)")
    assert entry.label not in " ".join(recounting.differences(round_))


def test_the_recount_and_the_close_are_asked_for_every_minute(app: Flask) -> None:
    names = [type(task).__name__ for task in app.extensions["huey"]._registry.periodic_tasks]
    for work in (tasks.close_rounds, tasks.recount_rounds):
        assert f"every-minute-app.rounds.tasks-{work.__name__}" in names
