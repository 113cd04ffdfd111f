"""The office answers in its own name, and removes only in the open."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from app.comments import actions, moderation, waiting
from app.comments.models import Comment
from app.comments.waiting import ToDo
from app.comments.wording import state_of
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.projects.models import Section
from app.roster.models import AreaKind, Building
from tests.client import PageClient
from tests.factories import homes_of, make_area, make_building, make_compound, make_staff

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[[], AbstractContextManager[list[str]]]


def ask(building: Building, body: str = "换不换水管？", home: int = 0) -> Comment:
    household = homes_of(building)[home]
    return actions.write_comment(household.id, building.compound, Section.WORK, body)


def make_signed_building() -> Building:
    town = make_area(AreaKind.TOWN, "胜利镇")
    return make_building(make_compound(area=make_area(name="裕西社区", parent=town)))


def test_a_reply_is_signed_by_the_community_and_read_by_everybody(
    client: PageClient, app: Flask
) -> None:
    building = make_signed_building()
    comment = ask(building)
    client.sign_in(make_staff(Role.WORKER, building.compound.area))
    page = client.get("comments_staff.reply", comment_id=comment.id)
    values = page.form_values("/reply") | {"body": "换。\n四月做。<b>"}
    assert values["signed_as"] == "裕西社区"
    client.post("comments_staff.reply", values, comment_id=comment.id)
    assert "都回复了" in client.get("comments_staff.queue").text
    public = PageClient(app).get("comments.page", token=building.token)
    reply = public.one(class_="reply")
    assert reply.one("b").text == "裕西社区"
    assert "".join(reply.one(class_="body").element.itertext()) == "换。\n四月做。<b>"


def test_an_empty_reply_is_refused(client: PageClient) -> None:
    comment = ask(make_building())
    client.sign_in(make_staff())
    values = {"body": " ", "signed_as": ""}
    page = client.post("comments_staff.reply", values, status=422, comment_id=comment.id)
    assert "请写一点内容再发" in page.text
    assert "请填写署名" in page.text
    with pytest.raises(actions.Unsaid):
        actions.reply(comment, "社区", " ", by=make_staff().identity, seen=state_of(comment))


def test_the_oldest_unanswered_comes_first_and_all_are_kept(client: PageClient) -> None:
    building = make_building()
    answered, first, second = (ask(building, text, n) for n, text in enumerate("甲乙丙"))
    actions.reply(answered, "社区", "好。", by=make_staff().identity, seen=state_of(answered))
    client.sign_in(make_staff())
    waiting = client.get("comments_staff.queue")
    assert [p.text for p in waiting.all("p", class_="body")] == [first.body, second.body]
    everything = client.get("comments_staff.queue", show="all")
    assert [p.text for p in everything.all("p", class_="body")] == ["丙", "乙", "甲", "好。"]


def test_a_removed_comment_leaves_a_stub_with_its_reason_and_nothing_of_its_text(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building()
    comment = ask(building, "二楼那家的坏话")
    client.sign_in(make_staff())
    asked = client.get("comments_staff.remove", comment_id=comment.id)
    assert "不同意见不能移除" in asked.text
    client.post("comments_staff.remove", {"reason": "说了别人的隐私"}, comment_id=comment.id)
    for page in (
        client.get("comments.page", token=building.token),
        client.get("comments_staff.queue", show="all"),
    ):
        assert "这条意见已由社区移除。原因：说了别人的隐私" in page.text
        assert "坏话" not in page.html
    assert "坏话" not in client.get("comments_staff.queue").html
    kinds = session.scalars(sa.select(JournalEntry.kind).order_by(JournalEntry.id)).all()
    assert list(kinds)[-1] == Kind.MODERATION
    assert comment.body == "二楼那家的坏话"


def test_nothing_is_removed_without_a_reason_or_twice(client: PageClient) -> None:
    comment = ask(make_building())
    client.sign_in(make_staff())
    page = client.post("comments_staff.remove", {"reason": ""}, status=422, comment_id=comment.id)
    assert "请写明移除的原因" in page.text
    assert not comment.is_removed
    client.post("comments_staff.remove", {"reason": "骂人"}, comment_id=comment.id)
    again = client.post(
        "comments_staff.remove", {"reason": "骂人"}, status=422, comment_id=comment.id
    )
    assert "已经移除" in again.text
    with pytest.raises(actions.IsRemoved):
        actions.reply(comment, "社区", "好。", by=make_staff().identity, seen=state_of(comment))


def test_comments_are_handled_only_within_the_scope(client: PageClient, app: Flask) -> None:
    mine, other = make_building(), make_building()
    own, foreign = ask(mine, "自家的"), ask(other, "别处的")
    urls = ["/desk/comments"]
    urls += [f"/desk/comments/{foreign.id}/{verb}" for verb in ("reply", "remove")]
    assert [client.raw("get", url).status_code for url in urls] == [303] * 3
    client.sign_in(make_staff(Role.WORKER, mine.compound.area))
    page = client.get("comments_staff.queue")
    assert [p.text for p in page.all("p", class_="body")] == [own.body]
    for endpoint, values in (
        ("comments_staff.reply", {"body": "好", "signed_as": "社区"}),
        ("comments_staff.remove", {"reason": "骂人"}),
    ):
        client.get(endpoint, status=403, comment_id=foreign.id)
        client.post(endpoint, values, status=403, comment_id=foreign.id)
        client.get(endpoint, status=404, comment_id=999_999)
    assert not foreign.is_removed
    assert foreign.replies == []


def test_the_queue_costs_the_same_for_any_number_of_comments(
    client: PageClient, count_queries: Counting
) -> None:
    client.sign_in(make_staff())
    counts = []
    for _ in range(2):
        building = make_building()
        for home in range(6):
            ask(building, "问", home)
        client.get("comments_staff.queue", show="all")
        with count_queries() as statements:
            client.get("comments_staff.queue", show="all")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9


def test_what_waits_is_counted_within_the_scope() -> None:
    building, other = make_building(), make_building()
    comments = [ask(building, "问", n) for n in range(3)]
    ask(other)
    by = make_staff(Role.WORKER, building.compound.area).identity
    actions.reply(comments[0], "社区", "答", by=by, seen=state_of(comments[0]))
    moderation.remove_comment(comments[1], "骂人", by=by, seen=state_of(comments[1]))
    assert waiting.to_do(by) == ToDo(unanswered=1, held=0, reported=0)
