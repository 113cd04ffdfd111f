"""Live parts: nothing costs nothing, and a vote shows within two seconds."""

import gzip
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import get_locale

from app.core.db import db
from app.desk import live
from app.rounds.models import Round
from tests.client import PageClient
from tests.desk.ballots import say
from tests.factories import homes_of, make_building, make_round, make_staff

Counting = Callable[..., AbstractContextManager[list[str]]]


def poll(client: PageClient, round_id: int, etag: str = "", **headers: str) -> Any:
    """What the script of the page asks."""
    asked = {"Accept": "application/json", "If-None-Match": etag, **headers}
    return client.raw("get", f"/desk/rounds/{round_id}/live", headers=asked)


def watched(client: PageClient) -> Round:
    """An open round of six households that this browser has on its screen."""
    round_ = make_round(make_building().compound)
    client.sign_in(make_staff())
    client.get("desk.board", round_id=round_.id)
    return round_


def test_an_unchanged_board_costs_a_304_and_no_statement(
    client: PageClient, count_queries: Counting
) -> None:
    round_id = watched(client).id
    etag = poll(client, round_id).headers["ETag"]
    with count_queries(known=True) as statements:
        answers = [poll(client, round_id, etag) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {304}
    assert {answer.get_data() for answer in answers} == {b""}
    assert statements == []


def test_a_changed_board_is_sent_to_any_number_of_viewers_without_a_statement(
    client: PageClient, count_queries: Counting
) -> None:
    round_id = watched(client).id
    poll(client, round_id)
    with count_queries(known=True) as statements:
        answers = [poll(client, round_id, '"an older one"') for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert statements == []


def test_when_the_board_is_older_than_half_a_second_one_small_question_is_asked(
    client: PageClient, count_queries: Counting
) -> None:
    round_id = watched(client).id
    etag = poll(client, round_id).headers["ETag"]
    time.sleep(live.BELIEVED + 0.1)
    with count_queries(known=True) as statements:
        for _ in range(5):
            assert poll(client, round_id, etag).status_code == 304
    asked = [one for one in statements if "FROM round" in " ".join(one.split())]
    assert len(asked) == 1
    # Who asks may be due to be looked up again, too, on a busy machine.
    assert len(statements) <= 2


def test_a_vote_shows_within_two_seconds(client: PageClient) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    say(round_, homes_of(round_.compound.buildings[0])[0])
    db.session.commit()
    began = time.monotonic()
    while (answer := poll(client, round_.id, etag)).status_code == 304:
        assert time.monotonic() - began < 2
        time.sleep(0.05)
    assert "1/6 户，16.6 %" in answer.json["total"]
    assert answer.headers["ETag"] != etag


def test_the_page_and_the_live_parts_say_the_same(client: PageClient) -> None:
    round_ = watched(client)
    page = client.get("desk.board", round_id=round_.id)
    answer = poll(client, round_.id, page.one(class_="board")["data-etag"])
    assert answer.status_code == 304
    parts = poll(client, round_.id).json
    shown = {n["data-part"] for n in page.all() if n.get("data-part")}
    assert shown == set(parts) == set(live.PARTS)
    assert parts["total"].strip() in page.html
    assert parts["buildings"].strip() in page.html


def test_parts_are_packed_once_and_still_sent_to_those_who_cannot_unpack(
    client: PageClient,
) -> None:
    round_ = watched(client)
    packed = poll(client, round_.id, **{"Accept-Encoding": "gzip"})
    plain = poll(client, round_.id, **{"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert json.loads(gzip.decompress(packed.get_data())) == plain.json
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert packed.headers["Cache-Control"] == "no-store"


def test_another_deadline_and_another_language_are_other_boards(client: PageClient) -> None:
    round_ = watched(client)
    etag = poll(client, round_.id).headers["ETag"]
    client.http.set_cookie("language", "en", domain="127.0.0.1")
    assert poll(client, round_.id, etag).status_code == 200
    client.http.delete_cookie("language", domain="127.0.0.1")
    round_.closes_at += timedelta(days=1)
    db.session.commit()
    time.sleep(live.BELIEVED + 0.1)
    assert poll(client, round_.id, etag).status_code == 200


def test_somebody_of_another_area_gets_nothing_from_memory(client: PageClient, app: Flask) -> None:
    round_ = watched(client)
    stranger = PageClient(app)
    stranger.sign_in(make_staff(area=make_building().compound.area))
    answer = poll(stranger, round_.id)
    assert answer.status_code == 403
    assert "户" not in answer.get_data(as_text=True)


def test_a_revision_is_rendered_once(client: PageClient, app: Flask) -> None:
    round_id = watched(client).id
    with app.test_request_context():
        first = live.snapshot_of(round_id)
        time.sleep(live.BELIEVED + 0.1)
        assert live.snapshot_of(round_id) is first


def test_while_one_renews_a_board_the_others_are_given_the_one_before(
    client: PageClient, app: Flask
) -> None:
    round_ = watched(client)
    with app.test_request_context():
        before = live.snapshot_of(round_.id)
        say(round_, homes_of(round_.compound.buildings[0])[0])
        time.sleep(live.BELIEVED + 0.1)
        slot = live._slots[round_.id, 0, str(get_locale()), True]
        with slot.lock:
            assert live.snapshot_of(round_.id) is before
        after = live.snapshot_of(round_.id)
    assert after is not before
    assert after is not None
    assert after.shown.voted == 1


def test_boards_that_do_not_exist_fill_no_memory(client: PageClient) -> None:
    client.sign_in(make_staff())
    for round_id in range(900_000, 900_000 + live.MOST_BOARDS + 20):
        assert poll(client, round_id).status_code == 404
    assert len(live._slots) <= live.MOST_BOARDS


def test_an_answer_without_news_leaves_no_line_in_the_log(
    client: PageClient, caplog: pytest.LogCaptureFixture
) -> None:
    round_id = watched(client).id
    etag = poll(client, round_id).headers["ETag"]
    caplog.clear()
    with caplog.at_level("INFO"):
        poll(client, round_id, etag)
        assert not caplog.records
        poll(client, round_id)
        assert len(caplog.records) == 1
