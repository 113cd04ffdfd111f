"""What became of every question: open, answered, taken into the plan; and how long it took."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.comments import actions, moderation, queries
from app.comments.models import Comment, Nature, Status
from app.comments.queries import Selection, usual_time
from app.comments.sight import HAS_STATUS, IS_GONE, IS_HELD, IS_PUBLIC, IS_REPORTED
from app.comments.wording import state_of
from app.core import clock
from app.journal.models import JournalEntry
from app.roster.models import Building
from tests.client import PageClient
from tests.comments.saying import ask, bodies, enter
from tests.factories import homes_of, make_building, make_plan, make_staff

pytestmark = pytest.mark.usefixtures("session")


def make_one_of_each(building: Building) -> dict[str, Comment]:
    """A comment in every state there is."""
    by = make_staff().identity
    homes = homes_of(building)
    one = {
        name: ask(building, name, 1 + home % 6)
        for home, name in enumerate(
            ("open", "answered", "linked", "both", "removed", "withdrawn", "reported", "opinion")
        )
    }
    one["held"] = ask(building, "held 13812345678", 5)
    one["held removed"] = ask(building, "held removed 13812345678", 4)
    one["held withdrawn"] = ask(building, "held withdrawn 13812345678", 3)
    one["released"] = ask(building, "released 13812345678", 3)
    version = make_plan(building.compound)
    one["opinion"].nature = Nature.OPINION
    for name in ("answered", "both"):
        actions.reply(one[name], "社区", "答", by=by, seen=state_of(one[name]))
    for name in ("linked", "both"):
        moderation.take_up(one[name], version, by=by, seen=state_of(one[name]))
    for name in ("removed", "held removed"):
        moderation.remove_comment(one[name], "骂人", by=by, seen=state_of(one[name]))
    for name in ("withdrawn", "held withdrawn"):
        actions.withdraw_comment(one[name].household_id, one[name])
    actions.report_comment(homes[0].id, one["reported"], actions.Wrong.OTHER)
    seen = state_of(one["released"])
    moderation.release_comment(one["released"], by=by, seen=seen)
    return one


def test_the_words_on_the_model_and_the_conditions_of_queries_say_the_same(
    session: sa.orm.Session,
) -> None:
    building = make_building(homes=7)
    one = make_one_of_each(building)
    session.flush()
    session.expire_all()
    twins = {
        IS_GONE: lambda c: c.is_gone,
        IS_HELD: lambda c: c.is_held,
        IS_REPORTED: lambda c: bool(c.open_reports),
        IS_PUBLIC: lambda c: c.is_in_sight or c.is_removed or (c.is_withdrawn and not c.hold),
        **{
            condition: lambda c, status=status: c.status == status
            for status, condition in HAS_STATUS.items()
        },
    }
    for condition, word in twins.items():
        found = set(session.scalars(sa.select(Comment.id).where(condition)))
        assert found == {c.id for c in one.values() if word(c)}, str(condition)
        assert 0 < len(found) < len(one)


def test_every_question_says_how_far_it_is_and_can_be_found_by_it(client: PageClient) -> None:
    building = make_building(homes=7)
    make_one_of_each(building)
    page = client.get("comments.page", token=building.token)
    states = {
        article.all("p", class_="body")[0].text: article.one("p", class_="state").text
        for article in page.all("article")
        if article.all("p", class_="state")
    }
    assert states == {
        "open": "问题 · 等社区答复",
        "answered": "问题 · 社区已答复",
        "linked": "问题 · 已写进第 1 版方案",
        "both": "问题 · 已写进第 1 版方案",
        "reported": "问题 · 等社区答复",
        "opinion": "意见 · 社区还没有答复",
        "released 13812345678": "问题 · 等社区答复",
    }
    for status, expected in (
        ("open", ["released 13812345678", "opinion", "reported", "open"]),
        ("answered", ["answered"]),
        ("taken-up", ["both", "linked"]),
    ):
        page = client.visit(f"/b/{building.token}/comments?status={status}")
        shown = [a.all("p", class_="body")[0].text for a in page.all("article")]
        assert shown == expected
        here = [a.text for a in page.all("a", aria_current="true")]
        assert Status(status).label in here


def test_the_counts_at_the_top_leave_out_what_nobody_reads() -> None:
    building = make_building(homes=7)
    make_one_of_each(building)
    ask(make_building())
    seen = queries.overview(building.compound_id)
    assert (seen.questions, seen.answered, seen.taken_up, seen.opinions) == (6, 3, 2, 1)


def test_the_page_says_how_many_are_answered_and_how_fast(client: PageClient) -> None:
    building = make_building(homes=7)
    page = client.get("comments.page", token=building.token)
    assert "还没有人提问" in page.text
    assert not page.all("p", class_="overview")
    by = make_staff().identity
    with time_machine.travel(clock.now() - timedelta(days=9), tick=False) as traveller:
        asked = [ask(building, str(home), home) for home in range(6)]
        ask(building, "说一句", 6, Nature.OPINION)
        for comment, hours in zip(asked, (2, 10, 20, 30, 5), strict=False):
            traveller.shift(timedelta(hours=hours))
            actions.reply(comment, "社区", "答", by=by, seen=state_of(comment))
    page = client.get("comments.page", token=building.token)
    told = page.one("p", class_="overview").text
    assert told == "共 6 个问题，已答复 5 个；另有 1 条意见。社区一般3天内答复。"


def test_the_usual_time_is_that_of_three_in_four_and_needs_enough_answers() -> None:
    hours = [timedelta(hours=n) for n in (1, 2, 3, 4, 5, 100)]
    assert usual_time(hours) == timedelta(hours=5)
    assert usual_time(hours[:5]) == timedelta(hours=4)
    assert usual_time(hours[:4]) is None
    assert usual_time([]) is None
    days = {1: 1, 24: 1, 25: 2, 48: 2, 49: 3}
    for wait, expected in days.items():
        seen = queries.Overview(3, 3, 0, 0, usual=timedelta(hours=wait))
        assert seen.usual_days == expected


def test_staff_link_a_comment_to_the_version_that_took_it_up(
    client: PageClient, app: Flask, session: sa.orm.Session
) -> None:
    building = make_building()
    earlier = make_plan(building.compound)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        comment = ask(building, "坡道太陡")
        client.sign_in(make_staff())
        page = client.get("comments_staff.take_up", comment_id=comment.id)
        assert "还没有公布过新的方案版本" in page.text
        make_plan(building.compound, publish=False)
        later = make_plan(building.compound)
        page = client.get("comments_staff.take_up", comment_id=comment.id)
        assert [option.text for option in page.all("option")] == ["第 3 版"]
        values = page.form_values("/take-up")
        old = {"version": str(earlier.id)}
        client.post("comments_staff.take_up", old, status=422, comment_id=comment.id)
        with pytest.raises(moderation.NotThatVersion):
            moderation.take_up(comment, earlier, by=make_staff().identity, seen=state_of(comment))
        client.post("comments_staff.take_up", values, comment_id=comment.id)
        public = PageClient(app).get("comments.page", token=building.token)
        link = public.one("p", class_="state").one("a")
        assert link.text == "已写进第 3 版方案"
        assert link["href"] == f"/b/{building.token}/plan?v=3"
        client.visit(link["href"])
        newest = sa.select(JournalEntry.entry).order_by(JournalEntry.id.desc()).limit(1)
        facts = json.loads(str(session.scalar(newest)))
        assert (facts["did"], facts["version"]) == ("taken up", later.number)
        client.post("comments_staff.take_up", {"version": "0"}, comment_id=comment.id)
    assert comment.status == Status.OPEN
    assert json.loads(str(session.scalar(newest)))["did"] == "not taken up"


def test_a_household_finds_its_own_and_is_told_of_answers(client: PageClient) -> None:
    building = make_building()
    own, other = ask(building, "我家的"), ask(building, "别家的", 1)
    ask(building, "我家的 13812345678")
    enter(client, building)
    page = client.get("comments.page", token=building.token)
    assert "已经答复" not in page.text
    for comment in (own, other):
        actions.reply(comment, "社区", "答", by=make_staff().identity, seen=state_of(comment))
    page = client.get("comments.page", token=building.token)
    assert "您家写的有 1 条已经答复" in page.text
    mine = client.get("comments.page", token=building.token, mine=1)
    assert bodies(mine) == ["我家的 13812345678", "我家的", "答"]
    assert "您家写的 2" in mine.text


def test_a_stranger_who_asks_for_own_ones_gets_all(client: PageClient) -> None:
    building, other = make_building(), make_building()
    ask(building, "大家的")
    assert bodies(client.get("comments.page", token=building.token, mine=1)) == ["大家的"]
    ask(other, "自家小区的")
    enter(client, other)
    assert bodies(client.get("comments.page", token=building.token, mine=1)) == ["大家的"]


def test_the_address_of_a_selection_holds_only_what_was_chosen() -> None:
    assert {k: v for k, v in Selection().args().items() if v} == {}
    chosen = Selection(status=Status.OPEN, order=queries.Order.MOST, mine=True, number=3)
    assert {k: v for k, v in chosen.args().items() if v} == {
        "status": "open",
        "order": "most",
        "mine": 1,
    }
    assert chosen.args(number=2)["page"] == 2


def test_a_household_says_whether_it_asks_or_thinks(client: PageClient) -> None:
    building = make_building()
    enter(client, building)
    page = client.get("comments.page", token=building.token)
    assert len(page.one("fieldset").all("input", type="radio")) == 2
    values = page.form_values("/comments")
    assert values["nature"] == "question"
    client.post(
        "comments.write", values | {"nature": "opinion", "body": "支持"}, token=building.token
    )
    page = client.get("comments.page", token=building.token)
    assert page.one("p", class_="state").text.startswith("意见")
    nonsense = values | {"nature": "joke", "body": "x"}
    client.post("comments.write", nonsense, status=422, token=building.token)
