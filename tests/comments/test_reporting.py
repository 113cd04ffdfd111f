"""A household asks the office to look; nothing vanishes by itself, and nobody learns who asked."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask

from app.comments import actions, moderation
from app.comments.models import Report, Wrong
from app.comments.wording import state_of
from app.core import clock
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.factories import homes_of, make_building, make_staff

pytestmark = pytest.mark.usefixtures("session")


def test_a_household_reports_once_and_the_comment_stays(client: PageClient, app: Flask) -> None:
    building = make_building()
    comment = ask(building, "难听的话")
    enter(client, building, 1)
    page = client.get("comments.report", **about(building, comment))
    reasons = [label.text for label in page.one("fieldset").all("label")]
    assert reasons == ["骂人", "泄露隐私", "广告", "谣言", "其他"]
    assert "wrong" not in page.form_values("/report")
    nothing = client.post("comments.report", {}, status=422, **about(building, comment))
    assert "请选哪里不好" in nothing.text
    values = {"wrong": "abuse", "note": "骂我妈"}
    told = client.follow(client.post("comments.report", values, **about(building, comment)))
    assert "已告诉社区" in told.one("p", role="status").text
    assert "您家已举报" in told.one("article").text
    again = client.post("comments.report", values, status=422, **about(building, comment))
    assert "已经举报过" in again.text
    public = PageClient(app).get("comments.page", token=building.token)
    assert bodies(public) == ["难听的话"]
    assert "举报" not in public.text
    assert "骂我妈" not in public.html


def test_reported_ones_stand_first_with_their_number_and_reasons(client: PageClient) -> None:
    building = make_building()
    old, once, twice, held = (
        ask(building, text, home)
        for home, text in enumerate(("老的", "一次", "两次", "打 13812345678"))
    )
    homes = homes_of(building)
    actions.report_comment(homes[4].id, once, Wrong.RUMOUR)
    actions.report_comment(homes[4].id, twice, Wrong.ABUSE, "很难听")
    actions.report_comment(homes[5].id, twice, Wrong.ABUSE)
    client.sign_in(make_staff())
    page = client.get("comments_staff.queue")
    assert bodies(page) == ["两次", "一次", held.body, "老的"]
    first = page.all("article")[0].text
    assert "2 户举报：" in first
    assert "2 户举报： 骂人 “很难听”" in first
    assert "很难听" in first
    for home in (4, 5):
        assert homes[home].premises.room not in first
    reported = client.get("comments_staff.queue", show="reported")
    assert bodies(reported) == ["两次", "一次"]
    assert "被举报 2" in [a.text for a in reported.all("a", aria_current="page")]
    assert bodies(client.get("comments_staff.queue", show="all"))[:2] == ["两次", "一次"]
    assert old.open_reports == []


def test_what_the_office_keeps_leaves_the_queue_until_somebody_else_reports(
    client: PageClient, session: sa.orm.Session
) -> None:
    building = make_building()
    comment = ask(building, "有意见的话")
    actions.reply(comment, "社区", "好。", by=make_staff().identity, seen=state_of(comment))
    homes = homes_of(building)
    actions.report_comment(homes[1].id, comment, Wrong.OTHER)
    client.sign_in(make_staff())
    form = client.get("comments_staff.queue").one("article").one("form")
    told = client.follow(client.submit(form["action"], {"seen": state_of(comment)}))
    assert "这一条保留" in told.text
    assert "都回复了" in told.text
    assert comment.is_in_sight
    newest = sa.select(JournalEntry).order_by(JournalEntry.id.desc()).limit(1)
    entry = session.scalars(newest).one()
    assert (entry.kind, json.loads(entry.entry)["did"]) == (Kind.MODERATION, "kept")
    client.post("comments_staff.keep", {"seen": state_of(comment)}, comment_id=comment.id)
    assert session.scalars(newest).one().id == entry.id
    actions.report_comment(homes[2].id, comment, Wrong.OTHER)
    session.expire_all()
    assert len(comment.open_reports) == 1
    assert client.get("comments_staff.queue").all("article")


def test_removing_settles_the_reports(client: PageClient) -> None:
    building = make_building()
    comment = ask(building)
    actions.report_comment(homes_of(building)[1].id, comment, Wrong.PRIVACY)
    client.sign_in(make_staff())
    client.post("comments_staff.remove", {"reason": "写了房号"}, comment_id=comment.id)
    assert all(report.settled_at for report in comment.reports)
    with pytest.raises(actions.IsRemoved):
        moderation.keep_comment(comment, by=make_staff().identity, seen=state_of(comment))
    client.post(
        "comments_staff.keep", {"seen": state_of(comment)}, status=409, comment_id=comment.id
    )


def test_nobody_reports_own_hidden_or_foreign_words(client: PageClient) -> None:
    building, other = make_building(), make_building()
    comment, held = ask(building), ask(building, "打 13812345678")
    stranger, neighbour = homes_of(other)[0].id, homes_of(building)[1].id
    for home, one, refusal in (
        (comment.household_id, comment, actions.OwnWords),
        (stranger, comment, actions.NotOfThisCompound),
        (neighbour, held, actions.IsHeld),
    ):
        with pytest.raises(refusal):
            actions.report_comment(home, one, Wrong.ABUSE)
    enter(client, other)
    for endpoint in ("comments.report", "comments.agree", "comments.take_back"):
        client.post(endpoint, {"wrong": "abuse"}, status=404, **about(building, comment))
        client.post(endpoint, {"wrong": "abuse"}, status=404, **about(other, comment))
    assert comment.reports == []


def test_the_database_itself_takes_one_report_of_a_household(session: sa.orm.Session) -> None:
    building = make_building()
    values = {
        "comment_id": ask(building).id,
        "household_id": homes_of(building)[1].id,
        "wrong": Wrong.ABUSE,
        "note": "",
        "reported_at": clock.now(),
    }
    session.execute(sa.insert(Report).values(**values))
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(sa.insert(Report).values(**values))


def test_only_staff_within_reach_keep_let_out_or_link(client: PageClient) -> None:
    mine, other = make_building(), make_building()
    comment = ask(other, "别处的 13812345678")
    verbs = ("reply", "release", "remove", "keep", "take-up")
    token = {"csrf_token": client.token()}
    for verb in verbs:
        url = f"/desk/comments/{comment.id}/{verb}"
        assert client.raw("post", url, data=token).status_code == 303
    enter(client, other)
    for verb in verbs:
        url = f"/desk/comments/{comment.id}/{verb}"
        answer = client.raw("post", url, data={"csrf_token": client.token()})
        assert answer.status_code == 303
        assert "/login" in answer.headers["Location"]
    client.sign_in(make_staff(Role.WORKER, mine.compound.area))
    for verb in verbs:
        page = client.submit(f"/desk/comments/{comment.id}/{verb}", {}, status=403)
        assert "13812345678" not in page.html
        client.submit(f"/desk/comments/999999/{verb}", {}, status=404)
    assert comment.is_held
