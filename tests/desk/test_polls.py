"""Polls answered from memory: the same as the long way says, to the same people, and no others."""

import gzip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, request_started

from app.accounts import queries as accounts
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.desk import live
from app.rounds.models import Round
from tests.client import ORIGIN, PageClient
from tests.desk.ballots import say
from tests.factories import homes_of, make_area, make_building, make_round, make_staff

Counting = Callable[..., AbstractContextManager[list[str]]]
# What two answers may differ in.
APART = ("X-Request-Id", "Vary")


@pytest.fixture(autouse=True)
def nobody_remembered() -> Iterator[None]:
    accounts.forget_identities()
    yield
    accounts.forget_identities()


@contextmanager
def entering(app: Flask) -> Iterator[list[str]]:
    """The requests that enter the application."""
    found: list[str] = []

    def note(_app: Flask, **_told: object) -> None:
        found.append("entered")

    with request_started.connected_to(note, app):
        yield found


def poll(client: PageClient, round_id: int, etag: str = "", **headers: str) -> Any:
    """What the script of the page asks in a browser."""
    asked = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
    asked |= {"If-None-Match": etag} if etag else {}
    return client.raw("get", f"/desk/rounds/{round_id}/live", headers={**asked, **headers})


def from_memory(client: PageClient, app: Flask, round_id: int, etag: str) -> Any:
    """The answer from memory; on a busy machine it may have to be renewed a few times first."""
    for _ in range(10):
        with entering(app) as entered:
            answer = poll(client, round_id, etag)
        if not entered:
            return answer
    raise AssertionError("never answered from memory")


def watched(client: PageClient) -> Round:
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    client.get("desk.board", round_id=round_.id)
    return round_


def test_memory_says_what_the_long_way_says(client: PageClient, app: Flask) -> None:
    round_id = watched(client).id
    etag = poll(client, round_id).headers["ETag"]
    asked = ("", '"x"', etag, etag.removeprefix("W/"))
    short = [from_memory(client, app, round_id, one) for one in asked]
    with entering(app) as entered:
        live.forget()
        full = poll(client, round_id)
        live.forget()
        nothing = poll(client, round_id, etag)
        assert len(entered) == 2
    assert [answer.status_code for answer in short] == [200, 200, 304, 304]
    assert (
        json.loads(gzip.decompress(short[0].get_data()))
        == poll(client, round_id, **{"Accept-Encoding": "identity"}).json
    )
    for answer, other in ((short[0], full), (short[2], nothing)):
        assert answer.get_data() == other.get_data()
        kept, wanted = dict(answer.headers), dict(other.headers)
        assert {n: kept.get(n) for n in wanted if n not in APART} == {
            n: wanted[n] for n in wanted if n not in APART
        }
        assert "no-store" in kept["Cache-Control"]
        assert "Content-Security-Policy" in kept


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept-Encoding": "identity"},
        {"Host": "elsewhere.example"},
        {"Cookie": "juyi=forged.by.somebody"},
        {"Cookie": ""},
    ],
)
def test_what_is_not_plain_goes_the_long_way(
    client: PageClient, app: Flask, headers: dict[str, str]
) -> None:
    round_id = watched(client).id
    poll(client, round_id)
    stranger = PageClient(app) if "Cookie" in headers else client
    with entering(app) as entered:
        answer = poll(stranger, round_id, **headers)
    assert entered == ["entered"] or answer.status_code == 400
    if "Cookie" in headers:
        assert answer.status_code in (303, 401)


def test_memory_tells_nobody_whom_the_long_way_would_not(client: PageClient, app: Flask) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    for person in (make_staff(Role.WORKER, make_area()), make_staff(Role.DESIGNER)):
        stranger = PageClient(app)
        stranger.sign_in(person)
        for _ in range(2):
            assert poll(stranger, round_.id, etag).status_code == 403


def test_whoever_idled_too_long_is_not_told(client: PageClient) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    for later in (timedelta(minutes=31), timedelta(hours=9)):
        with clock.pretending(clock.now() + later):
            assert poll(client, round_.id, etag).status_code == 401


def test_an_ended_account_is_told_nothing_after_a_second(client: PageClient) -> None:
    round_ = make_round(make_building().compound)
    person = make_staff()
    client.sign_in(person)
    assert poll(client, round_.id).status_code == 200
    person.closed_at = clock.now()
    db.session.commit()
    time.sleep(accounts.MEMORY_SECONDS + 0.1)
    assert poll(client, round_.id).status_code == 401


def test_many_people_watching_are_looked_up_together(
    app: Flask, session: object, count_queries: Counting
) -> None:
    round_id = make_round(make_building().compound).id
    watchers = []
    for _ in range(6):
        watchers.append(PageClient(app))
        watchers[-1].sign_in(make_staff())
        assert poll(watchers[-1], round_id).status_code == 200
    time.sleep(accounts.MEMORY_SECONDS + 0.1)
    with count_queries(known=True) as statements:
        answers = [poll(one, round_id) for one in watchers]
    assert {answer.status_code for answer in answers} == {200}
    # One asks whether the board changed, one who all these people are.
    assert len(statements) == 2


def test_each_language_has_its_own_answer(client: PageClient, app: Flask) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    client.http.set_cookie("language", "en", domain=ORIGIN.split("//")[1].split(":")[0])
    english = poll(client, round_.id, etag)
    assert english.status_code == 200
    answer = from_memory(client, app, round_.id, english.headers["ETag"])
    assert answer.status_code == 304


def test_a_vote_is_seen_from_memory_as_soon_as_it_is_believed(client: PageClient) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    say(round_, homes_of(round_.compound.buildings[0])[0])
    db.session.commit()
    time.sleep(live.BELIEVED + 0.1)
    answer = poll(client, round_.id, etag)
    assert answer.status_code == 200
    assert "1/6 户" in json.loads(gzip.decompress(answer.get_data()))["total"]
