"""Households say that they think so too: a number, and never who."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.comments import actions, moderation, queries
from app.comments.models import Agreement, Comment
from app.comments.queries import Order, Selection
from app.comments.wording import state_of
from app.core import clock
from app.core.db import db
from app.journal.models import JournalEntry
from tests.apart import app_apart
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.factories import homes_of, make_building, make_staff
from tests.rounds.crowds import all_at_once

Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.mark.usefixtures("session")
def test_a_household_thinks_so_too_and_takes_it_back_without_javascript(
    client: PageClient, app: Flask
) -> None:
    building = make_building()
    comment = ask(building)
    actions.agree_with(homes_of(building)[2].id, comment, state_of(comment))
    enter(client, building, 1)
    page = client.get("comments.page", token=building.token, order="most")
    assert page.one("p", class_="agreed").text == "1 户也这么想"
    form = page.one("article").one("form")
    assert form.one("button").text == "我家也这么想"
    answer = client.submit(form["action"], page.form_values("/agree?order=most"))
    assert answer.headers["Location"].endswith(f"comments?order=most#c{comment.id}")
    page = client.follow(answer)
    assert page.one("p", class_="agreed").text == "2 户也这么想，您家也在内"
    form = page.one("article").one("form")
    assert form.one("button").text == "收回“也这么想”"
    page = client.follow(client.submit(form["action"], {}))
    assert page.one("p", class_="agreed").text == "1 户也这么想"
    stranger = PageClient(app).get("comments.page", token=building.token)
    assert stranger.one("p", class_="agreed").text == "1 户也这么想"
    assert not stranger.one("article").all("form")


@pytest.mark.usefixtures("session")
def test_a_household_counts_once_however_often_it_says_so(client: PageClient) -> None:
    building = make_building()
    comment = ask(building)
    enter(client, building, 1)
    for _ in range(3):
        client.post("comments.agree", {"seen": state_of(comment)}, **about(building, comment))
    assert comment.agreed == 1
    for _ in range(2):
        client.post("comments.take_back", **about(building, comment))
    assert comment.agreed == 0


def test_the_database_itself_counts_a_household_once(session: sa.orm.Session) -> None:
    building = make_building()
    comment = ask(building)
    values = {"comment_id": comment.id, "household_id": homes_of(building)[1].id}
    session.execute(sa.insert(Agreement).values(**values, agreed_at=clock.now()))
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(sa.insert(Agreement).values(**values, agreed_at=clock.now()))


def test_two_browsers_of_a_household_at_once_count_once(tmp_path: Path, worker_id: str) -> None:
    with app_apart(tmp_path, f"agreeing_{worker_id}") as app:
        with app.app_context():
            building = make_building()
            comment, home = ask(building).id, homes_of(building)[1].id
            db.session.commit()

        def agree(_number: int) -> None:
            of = db.session.get_one(Comment, comment)
            actions.agree_with(home, of, state_of(of))

        all_at_once(app, agree, times=8)
        with app.app_context():
            assert db.session.get_one(Comment, comment).agreed == 1


@pytest.mark.usefixtures("session")
def test_nobody_agrees_with_own_gone_or_hidden_words() -> None:
    building, other = make_building(), make_building()
    comment = ask(building)
    neighbour = homes_of(building)[1].id
    with pytest.raises(actions.OwnWords):
        actions.agree_with(comment.household_id, comment, state_of(comment))
    with pytest.raises(actions.NotOfThisCompound):
        actions.agree_with(homes_of(other)[0].id, comment, state_of(comment))
    with pytest.raises(actions.IsHeld):
        actions.agree_with(neighbour, ask(building, "打 13812345678"), None)
    moderation.remove_comment(comment, "骂人", by=make_staff().identity, seen=state_of(comment))
    with pytest.raises(actions.IsRemoved):
        actions.agree_with(neighbour, comment, state_of(comment))
    assert comment.agreed == 0


@pytest.mark.usefixtures("session")
def test_those_that_most_households_agree_with_stand_first_when_asked(client: PageClient) -> None:
    building = make_building()
    first, second, third = (ask(building, text, home) for home, text in enumerate("甲乙丙"))
    for home in (0, 2, 3):
        actions.agree_with(homes_of(building)[home].id, second, state_of(second))
    actions.agree_with(homes_of(building)[4].id, first, state_of(first))
    by_date = client.get("comments.page", token=building.token)
    assert bodies(by_date) == ["丙", "乙", "甲"]
    by_number = client.get("comments.page", token=building.token, order="most")
    assert bodies(by_number) == ["乙", "甲", "丙"]
    found, _ = queries.comments_on(building.compound_id, Selection(order=Order.MOST))
    assert [one.agreed for one in found] == [3, 1, 0]
    assert third.agreed == 0


def test_nothing_tells_who_agrees(client: PageClient, session: sa.orm.Session) -> None:
    building = make_building(name="3号楼")
    comment = ask(building)
    entries = session.scalar(sa.select(sa.func.count()).select_from(JournalEntry))
    actions.agree_with(homes_of(building)[5].id, comment, state_of(comment))
    assert session.scalar(sa.select(sa.func.count()).select_from(JournalEntry)) == entries
    client.sign_in(make_staff())
    page = client.get("comments_staff.queue")
    assert "1 户也这么想" in page.text
    assert homes_of(building)[5].premises.room not in page.one("main").text


def test_the_page_of_a_household_costs_the_same_for_any_number_of_comments(
    client: PageClient, session: sa.orm.Session, count_queries: Counting
) -> None:
    building = make_building(homes=12)
    enter(client, building)
    counts = []
    for half in (range(1, 3), range(3, 12)):
        for home in half:
            comment = ask(building, f"{home}", home)
            actions.agree_with(homes_of(building)[0].id, comment, state_of(comment))
            actions.reply(comment, "社区", "答", by=make_staff().identity, seen=state_of(comment))
        client.get("comments.page", token=building.token)
        with count_queries() as statements:
            client.get("comments.page", token=building.token)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 14
