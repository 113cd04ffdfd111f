"""A household mends its words shortly after writing, or takes them back."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.comments import actions, moderation
from app.comments.models import EarlierText, Hold
from app.comments.wording import state_of
from app.core import clock
from app.journal.models import JournalEntry, Kind
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.factories import homes_of, make_building, make_plan, make_staff

pytestmark = pytest.mark.usefixtures("session")


def test_a_household_mends_its_words_and_the_page_says_so(client: PageClient, app: Flask) -> None:
    building = make_building()
    comment = ask(building, "换水管吗")
    enter(client, building)
    page = client.get("comments.change", **about(building, comment))
    values = page.form_values("/change")
    assert values["body"] == "换水管吗"
    answer = client.post(
        "comments.change", values | {"body": "下水管换不换？"}, **about(building, comment)
    )
    assert answer.headers["Location"].endswith(f"#c{comment.id}")
    public = PageClient(app).get("comments.page", token=building.token)
    assert bodies(public) == ["下水管换不换？"]
    assert "改过" in public.one("p", class_="state").text
    assert "换水管吗" not in public.html


def test_the_earlier_words_are_kept_for_the_office_and_committed_to(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building()
    comment = ask(building, "原来这样说")
    actions.change_comment(comment.household_id, comment, "后来那样说")
    client.sign_in(make_staff())
    page = client.get("comments_staff.queue")
    assert [p.text for p in page.all("p", class_="earlier-body")] == ["原来这样说"]
    kept = session.scalars(sa.select(EarlierText)).one()
    newest = sa.select(JournalEntry.entry).order_by(JournalEntry.id.desc()).limit(1)
    entry = str(session.scalar(newest))
    facts = json.loads(entry)
    assert (facts["did"], facts["earlier"]) == ("changed", kept.commitment)
    assert "原来" not in entry
    assert kept.commitment != EarlierText(salt=kept.salt, body="别的话").commitment


def test_after_fifteen_minutes_nothing_is_changed(client: PageClient) -> None:
    building = make_building()
    enter(client, building)
    with time_machine.travel(clock.now(), tick=False) as traveller:
        comment = ask(building, "原话")
        traveller.shift(actions.EDITABLE)
        actions.change_comment(comment.household_id, comment, "刚好来得及")
        assert "改一改" in client.get("comments.page", token=building.token).text
        traveller.shift(timedelta(seconds=1))
        page = client.get("comments.page", token=building.token)
        assert "改一改" not in page.text
        late = {"body": "来不及了"}
        answer = client.post("comments.change", late, status=422, **about(building, comment))
        assert "过了15分钟" in answer.text
    assert comment.body == "刚好来得及"


def test_words_that_others_answered_or_share_stay_as_they_are() -> None:
    building = make_building()
    by = make_staff().identity
    answered, shared, taken_up = (ask(building, text, 0) for text in "甲乙丙")
    actions.reply(answered, "社区", "好。", by=by, seen=state_of(answered))
    actions.agree_with(homes_of(building)[1].id, shared, state_of(shared))
    moderation.take_up(taken_up, make_plan(building.compound), by=by, seen=state_of(taken_up))
    for comment in (answered, shared, taken_up):
        assert not actions.may_change(comment)
        with pytest.raises(actions.IsSettled):
            actions.change_comment(comment.household_id, comment, "别的话")
    assert [one.body for one in (answered, shared, taken_up)] == ["甲", "乙", "丙"]


def test_saying_the_same_again_changes_nothing(session: sa.orm.Session) -> None:
    comment = ask(make_building(), "一样")
    actions.change_comment(comment.household_id, comment, " 一样\u200b ")
    assert comment.edited_at is None
    assert session.scalars(sa.select(EarlierText)).all() == []


def test_changing_counts_among_the_five_in_ten_minutes_and_keeps_the_limits() -> None:
    comment = ask(make_building(), "0")
    with pytest.raises(actions.Unsaid):
        actions.change_comment(comment.household_id, comment, " ")
    with pytest.raises(actions.Unsaid):
        actions.change_comment(comment.household_id, comment, "改" * 1001)
    for number in range(1, 5):
        actions.change_comment(comment.household_id, comment, str(number))
    with pytest.raises(actions.TooMany):
        actions.change_comment(comment.household_id, comment, "5")


def test_a_number_added_by_a_change_is_held_and_one_taken_out_is_not() -> None:
    comment = ask(make_building(), "找我商量")
    actions.change_comment(comment.household_id, comment, "找我商量 13812345678")
    assert comment.is_held
    assert comment.hold == Hold.PRIVATE
    with time_machine.travel(clock.now() + timedelta(hours=5)):
        actions.change_comment(comment.household_id, comment, "找我商量，我住三楼")
    assert comment.is_in_sight


def test_a_household_takes_its_words_back_and_a_stub_stays(
    client: PageClient, app: Flask, session: sa.orm.Session
) -> None:
    building = make_building()
    comment = ask(building, "说过头的话")
    actions.reply(comment, "社区", "这样回答。", by=make_staff().identity, seen=state_of(comment))
    enter(client, building)
    asked = client.get("comments.withdraw", **about(building, comment))
    assert "不能恢复" in asked.text
    client.post("comments.withdraw", **about(building, comment))
    for reader in (client, PageClient(app)):
        page = reader.get("comments.page", token=building.token)
        assert "本户已撤回" in page.one("article").text
        assert bodies(page) == ["这样回答。"]
        assert "说过头的话" not in page.html
    client.sign_in(make_staff())
    assert "说过头的话" not in client.get("comments_staff.queue", show="all").html
    entries = session.scalars(sa.select(JournalEntry).where(JournalEntry.kind == Kind.COMMENT))
    assert "withdrawn" in [json.loads(one.entry).get("did") for one in entries]
    for again in (
        actions.withdraw_comment,
        lambda home, one: actions.agree_with(home + 1, one, state_of(one)),
    ):
        with pytest.raises(actions.IsRemoved):
            again(comment.household_id, comment)
    client.get("comments.withdraw", status=404, **about(building, comment))


def test_nobody_else_changes_or_takes_back(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, "我家的话")
    enter(client, building, 1)
    for endpoint in ("comments.change", "comments.withdraw"):
        client.get(endpoint, status=404, **about(building, comment))
        client.post(endpoint, {"body": "改你的"}, status=404, **about(building, comment))
    for change in (
        lambda home: actions.change_comment(home, comment, "改你的"),
        lambda home: actions.withdraw_comment(home, comment),
    ):
        with pytest.raises(actions.NotOwnWords):
            change(homes_of(building)[1].id)
    assert comment.body == "我家的话"
    assert comment.is_in_sight
