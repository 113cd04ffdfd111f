"""Agreements and what the office decides stand only under words that somebody read."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.comments import actions, moderation
from app.comments.models import Comment, Wrong
from app.comments.wording import OtherWords, state_of
from app.core import clock
from app.core.db import db
from app.projects.models import Section
from app.roster.models import Compound
from tests.apart import app_apart
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.factories import homes_of, make_building, make_plan, make_staff
from tests.rounds.crowds import all_at_once

Counting = Callable[[], AbstractContextManager[list[str]]]
NEW = "换一句话说"
CHANGED = "这一条刚刚改过"


def change(comment: Comment, body: str = NEW) -> None:
    """Its household says it in other words."""
    actions.change_comment(comment.household_id, comment, body)


@pytest.mark.usefixtures("session")
def test_who_agrees_with_changed_words_is_shown_them_first(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, "原来的话")
    enter(client, building, 1)
    stale = client.get("comments.page", token=building.token).form_values("/agree")
    change(comment)
    page = client.follow(client.post("comments.agree", stale, **about(building, comment)))
    assert CHANGED in page.one("article").one("p", role="status").text
    assert bodies(page) == [NEW]
    assert comment.agreed == 0
    read = page.form_values("/agree")
    page = client.follow(client.post("comments.agree", read, **about(building, comment)))
    assert "1 户也这么想，您家也在内" in page.text


@pytest.mark.usefixtures("session")
def test_a_form_that_does_not_say_what_was_seen_agrees_with_nothing(client: PageClient) -> None:
    building = make_building()
    comment = ask(building)
    enter(client, building, 1)
    client.post("comments.agree", {}, **about(building, comment))
    assert comment.agreed == 0


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("reply", {"body": "好。"}),
        ("remove", {"reason": "骂人"}),
        ("take_up", {}),
    ],
)
def test_the_office_is_shown_changed_words_before_it_decides(
    client: PageClient, verb: str, values: dict[str, str]
) -> None:
    building = make_building()
    comment = ask(building, "原来的话")
    version = make_plan(building.compound)
    values = values or {"version": str(version.id)}
    client.sign_in(make_staff())
    endpoint = f"comments_staff.{verb}"
    form = client.get(endpoint, comment_id=comment.id)
    stale = form.form_values(f"/{verb.replace('_', '-')}") | values
    change(comment)
    page = client.post(endpoint, stale, status=422, comment_id=comment.id)
    assert CHANGED in page.text
    assert NEW in page.one("article").text
    assert (comment.replies, comment.is_removed, comment.taken_up_in_id) == ([], False, None)
    read = page.form_values(f"/{verb.replace('_', '-')}")
    client.follow(client.post(endpoint, read, comment_id=comment.id))
    assert comment.replies or comment.is_removed or comment.taken_up_in_id


@pytest.mark.usefixtures("session")
def test_the_office_keeps_no_reported_words_that_it_has_not_read(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, "原来的话")
    actions.report_comment(homes_of(building)[1].id, comment, Wrong.ABUSE)
    client.sign_in(make_staff())
    stale = client.get("comments_staff.queue").form_values("/keep")
    change(comment)
    page = client.follow(client.post("comments_staff.keep", stale, comment_id=comment.id))
    assert CHANGED in page.text
    assert NEW in page.one("article").text
    assert len(comment.open_reports) == 1
    client.post("comments_staff.keep", page.form_values("/keep"), comment_id=comment.id)
    assert comment.open_reports == []


@pytest.mark.usefixtures("session")
def test_stars_in_place_of_a_number_are_other_words() -> None:
    comment = ask(make_building(), "打 13812345678")
    by = make_staff().identity
    seen = state_of(comment)
    moderation.release_comment(comment, by=by, seen=seen, hide_numbers=True)
    with pytest.raises(OtherWords):
        moderation.remove_comment(comment, "电话", by=by, seen=seen)


def test_who_agrees_while_the_words_are_being_changed_leaves_no_mark_under_the_new_ones(
    tmp_path: Path, worker_id: str
) -> None:
    with app_apart(tmp_path, f"wording_{worker_id}") as app:
        with app.app_context():
            building = make_building(homes=9)
            comment = ask(building, "原来的话")
            made, writer = comment.id, comment.household_id
            homes, seen = [home.id for home in homes_of(building)], state_of(comment)
            db.session.commit()

        def act(number: int) -> Any:
            if number:
                time.sleep(0.2)
            of = db.session.get_one(Comment, made)
            if number:
                return actions.agree_with(homes[number], of, seen)
            actions.change_comment(writer, of, NEW)
            # The others come while the change is done and not yet committed.
            return time.sleep(0.6)

        outcomes = all_at_once(app, act, times=9)
        with app.app_context():
            found = db.session.get_one(Comment, made)
            assert (found.body, found.agreed) == (NEW, 0)
            assert outcomes == [None] + [OtherWords] * 8


@pytest.mark.usefixtures("session")
def test_the_same_form_sent_five_times_is_one_comment(client: PageClient) -> None:
    building = make_building()
    enter(client, building)
    values = client.get("comments.page", token=building.token).form_values("/comments")
    values["body"] = "什么时候动工？"
    ways = {
        client.post("comments.write", values, token=building.token).headers["Location"]
        for _ in range(5)
    }
    assert len(ways) == 1
    assert bodies(client.get("comments.page", token=building.token)) == ["什么时候动工？"]
    neighbour = ask(building, "什么时候动工？", home=1)
    actions.withdraw_comment(neighbour.household_id, neighbour)
    assert ask(building, "什么时候动工？", home=1).id != neighbour.id


def test_five_browsers_that_send_the_same_words_at_once_write_one_comment(
    tmp_path: Path, worker_id: str
) -> None:
    with app_apart(tmp_path, f"writing_{worker_id}") as app:
        with app.app_context():
            building = make_building()
            home, compound = homes_of(building)[0].id, building.compound_id
            db.session.commit()

        def write(_number: int) -> int:
            return _write(home, compound)

        assert len(set(all_at_once(app, write, times=5))) == 1
        with app.app_context():
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Comment)) == 1


def _write(home: int, compound_id: int) -> int:
    compound = db.session.get_one(Compound, compound_id)
    return actions.write_comment(home, compound, Section.WORK, "什么时候动工？").id


@pytest.mark.usefixtures("session")
def test_the_page_of_a_home_says_that_it_was_answered(
    client: PageClient, app: Flask, count_queries: Counting
) -> None:
    building = make_building()
    comment = ask(building)
    enter(client, building)
    assert "已经答复" not in client.get("rounds.home").text
    with count_queries() as before:
        client.get("rounds.home")
    answer = {"by": make_staff().identity, "seen": state_of(comment)}
    actions.reply(comment, "社区", "四月。", **answer)
    actions.reply(comment, "社区", "四月一日。", **answer)
    with count_queries() as after:
        page = client.get("rounds.home")
    [told] = [said for said in page.all("p", class_="notice") if "已经答复" in said.text]
    assert len(after) == len(before)
    assert told.text == "您家写的有 1 条已经答复。 看您家写的"
    page = client.visit(told.one("a")["href"].partition("#")[0])
    assert "四月一日。" in bodies(page)
    neighbour = enter(PageClient(app), building, 1)
    assert "已经答复" not in neighbour.get("rounds.home").text
    with time_machine.travel(clock.now() + timedelta(days=15)):
        later = enter(PageClient(app), building, 0)
        assert "已经答复" not in later.get("rounds.home").text
