"""The office's queue at its size: narrowing, handing out, several at once, undoing, a workbook."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from io import BytesIO

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from openpyxl import load_workbook

from app.comments import actions, handing, moderation, waiting
from app.comments.models import Comment, Hold, Nature, Wrong
from app.comments.waiting import Choice, Waiting
from app.comments.wording import state_of
from app.core import clock
from app.core.db import db
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.projects.models import Section
from app.roster.models import Building
from tests.client import PageClient
from tests.comments.saying import ask, bodies
from tests.factories import homes_of, make_area, make_building, make_plan, make_staff

pytestmark = pytest.mark.usefixtures("session")
Counting = Callable[[], AbstractContextManager[list[str]]]
HELD = "找我说 138 1234 5678"


def did(kind: Kind) -> list[str]:
    """What the journal says was done, in order."""
    found = sa.select(JournalEntry.entry).where(JournalEntry.kind == kind).order_by(JournalEntry.id)
    return [json.loads(entry).get("did", "reply") for entry in db.session.scalars(found)]


def shown(client: PageClient, **args: object) -> list[str]:
    return bodies(client.get("comments_staff.queue", **args))


def fill(building: Building, count: int) -> None:
    """Many comments at once, as no household could write them."""
    home, now = homes_of(building)[0], clock.now()
    db.session.add_all(
        Comment(
            compound=building.compound,
            household=home,
            section=Section.MONEY,
            nature=Nature.QUESTION,
            body=f"第{number}条",
            written_at=now - timedelta(minutes=number),
        )
        for number in range(count)
    )
    db.session.flush()


def test_each_way_of_narrowing_leaves_out_the_others(client: PageClient) -> None:
    first, second = make_building(), make_building()
    staff = make_staff()
    with time_machine.travel(clock.now() - timedelta(days=4), tick=False):
        ask(first, "老的")
    mine = ask(first, "我的", 1)
    handing.assign_comment(mine, staff, by=staff.identity, seen=state_of(mine))
    about = (homes_of(second)[0].id, second.compound, Section.MONEY, "钱")
    actions.write_comment(*about)
    client.sign_in(staff)
    assert shown(client) == ["老的", "我的", "钱"]
    assert shown(client, compound=second.compound_id) == ["钱"]
    assert shown(client, section="money") == ["钱"]
    assert shown(client, old=1) == ["老的"]
    assert shown(client, mine=1) == ["我的"]
    assert shown(client, mine=1, section="money") == []
    assert shown(client, section="nonsense", show="nonsense", compound="x") == [
        "老的",
        "我的",
        "钱",
    ]


def test_two_thousand_comments_cost_as_many_queries_as_two(
    client: PageClient, count_queries: Counting
) -> None:
    building = make_building()
    client.sign_in(make_staff())
    counts = []
    for more in (2, 1998):
        fill(building, more)
        client.get("comments_staff.queue", show="all")
        with count_queries() as statements:
            page = client.get("comments_staff.queue", show="all", page=2)
        counts.append(len(statements))
    assert len(page.all("article")) == 30
    assert "第 2 页，共 67 页，2,000 条" in page.text
    assert counts[0] == counts[1] <= 9


def test_several_held_come_out_at_once_each_in_the_journal_and_numbers_hidden(
    client: PageClient,
) -> None:
    building = make_building()
    comments = [ask(building, HELD, 0), ask(building, HELD + "呀", 1), ask(building, HELD, 2)]
    client.sign_in(make_staff())
    ids = [comment.id for comment in comments]
    assert len(client.get("comments_staff.queue", show="held").all("input", name="comment")) == 3
    page = client.get("comments_staff.release_many", comment=ids[:2])
    assert "138" not in page.one("main").text
    read = [node["value"] for node in page.all("input", name="read")]
    actions.change_comment(homes_of(building)[1].id, comments[1], HELD + "，改过")
    client.post("comments_staff.release_many", {"read": "9" * 5000 + ":x"})
    done = client.post("comments_staff.release_many", {"read": read})
    page = client.follow(done)
    assert "公布了 1 条" in page.text
    assert "1 条没有公布" in page.text
    assert [c.is_in_sight for c in comments] == [True, False, False]
    assert "138" not in comments[0].body
    assert did(Kind.MODERATION) == ["released masked"]


def test_a_removal_is_undone_within_ten_minutes_by_whoever_removed(client: PageClient) -> None:
    building, staff = make_building(), make_staff()
    comment = ask(building, "原话")
    actions.report_comment(homes_of(building)[1].id, comment, Wrong.ABUSE)
    client.sign_in(staff)
    values = client.get("comments_staff.remove", comment_id=comment.id).form_values("/remove")
    values["reason"] = "点错"
    page = client.follow(client.post("comments_staff.remove", values, comment_id=comment.id))
    assert page.h1 == "撤销移除"
    assert comment.open_reports == []
    other = make_staff().identity
    with pytest.raises(moderation.TooLate):
        moderation.restore_comment(comment, by=other)
    later = clock.now() + timedelta(minutes=10, seconds=1)
    with time_machine.travel(later, tick=False), pytest.raises(moderation.TooLate):
        moderation.restore_comment(comment, by=staff.identity)
    client.post("comments_staff.restore", {}, comment_id=comment.id)
    assert comment.is_in_sight
    assert (comment.removal_reason, len(comment.open_reports)) == ("", 1)
    assert did(Kind.MODERATION) == ["removed", "restored"]
    client.post("comments_staff.restore", {}, status=422, comment_id=comment.id)


def test_what_was_held_when_removed_is_held_again_after_the_undoing() -> None:
    building, by = make_building(), make_staff().identity
    comment = ask(building, HELD)
    moderation.remove_comment(comment, "点错", by=by, seen=state_of(comment))
    moderation.restore_comment(comment, by=by)
    assert comment.is_held
    assert comment.hold == Hold.PRIVATE


def test_a_comment_is_given_only_to_who_answers_there(client: PageClient) -> None:
    building, elsewhere = make_building(), make_area()
    here = building.compound.area
    comment = ask(building)
    office = make_staff(Role.OFFICE, here)
    designer, stranger = make_staff(Role.DESIGNER, here), make_staff(Role.DESIGNER, elsewhere)
    auditor = make_staff(Role.AUDITOR, here)
    assert set(handing.answerers(comment)) == {designer, office}
    seen = state_of(comment)
    for wrong in (stranger, auditor):
        with pytest.raises(handing.NotInReach):
            handing.assign_comment(comment, wrong, by=office.identity, seen=seen)
    client.sign_in(office)
    values = client.get("comments_staff.assign", comment_id=comment.id).form_values("/assign")
    values["staff"] = str(designer.id)
    page = client.follow(client.post("comments_staff.assign", values, comment_id=comment.id))
    assert f"请设计单位 {designer.name}答复" in page.text
    values["staff"] = "0"
    client.post("comments_staff.assign", values, comment_id=comment.id)
    assert comment.assigned_to_id is None
    assert did(Kind.COMMENT) == ["written", "assigned", "not assigned"]


def test_what_is_held_is_not_given_to_anybody_outside() -> None:
    building = make_building()
    designer = make_staff(Role.DESIGNER)
    assert designer not in handing.answerers(ask(building, HELD))


def test_the_workbook_has_the_offices_columns_and_no_door(client: PageClient) -> None:
    building = make_building(name="5号楼")
    comment, gone = ask(building, "=1+1"), ask(building, "骂人的话", 1)
    by = make_staff().identity
    with time_machine.travel(comment.written_at + timedelta(hours=5), tick=False):
        actions.reply(comment, "社区", "答", by=by, seen=state_of(comment))
    moderation.remove_comment(gone, "骂人", by=by, seen=state_of(gone))
    client.sign_in(make_staff())
    answer = client.raw("get", "/desk/comments/export?show=all")
    rows = list(load_workbook(BytesIO(answer.data)).active.values)
    assert rows[0] == (
        *("编号", "时间", "小区", "楼栋", "部分", "内容", "状态"),
        *("答复", "答复人", "答复时间", "用时（小时）"),
    )
    assert rows[1][5:9] == (None, "已移除", None, None)
    assert rows[2][3:9] == ("5号楼", "改造内容", "=1+1", "已答复", "答", "社区")
    assert rows[2][10] == 5
    assert len(list(load_workbook(BytesIO(answer.data)).active.rows)) == 3


def test_the_figures_are_those_of_the_scope_by_compound_and_by_role(client: PageClient) -> None:
    building, other = make_building(), make_building()
    designer = make_staff(Role.DESIGNER).identity
    with time_machine.travel(clock.now() - timedelta(days=5), tick=False) as traveller:
        asked = [ask(building, str(home), home) for home in range(2)]
        ask(building, "说一句", 2, Nature.OPINION)
        ask(other, "别处")
        traveller.shift(timedelta(hours=30))
        actions.reply(asked[0], "", "答", by=designer, seen=state_of(asked[0]))
    local = make_staff(Role.WORKER, building.compound.area)
    speeds = waiting.speeds(local.identity)
    assert (speeds.whole.asked, speeds.whole.answered) == (2, 1)
    assert speeds.whole.median == timedelta(hours=30)
    assert [(w.met, w.due) for w in speeds.whole.within] == [(0, 2), (1, 2), (1, 1)]
    assert [name for name, _speed in speeds.compounds] == [building.compound.name]
    assert [role for role, _speed in speeds.roles] == [Role.DESIGNER]
    client.sign_in(local)
    assert "1天6小时" in client.get("comments_staff.figures").text
    assert (
        "近90天 2 个问题，已答复 1 个。"
        in client.get("comments_staff.queue").one(class_="speed").text
    )


def test_a_reply_sends_its_reader_to_a_version_of_this_plan_and_no_other(
    client: PageClient, app: Flask
) -> None:
    building, other = make_building(), make_building()
    version, foreign = make_plan(building.compound), make_plan(other.compound)
    comment = ask(building)
    by = make_staff().identity
    seen = state_of(comment)
    with pytest.raises(actions.NotThisPlan):
        actions.reply(comment, "社区", "答", by=by, seen=seen, version=foreign)
    client.sign_in(make_staff())
    values = client.get("comments_staff.reply", comment_id=comment.id).form_values("/reply")
    values |= {"body": "见方案", "version": str(foreign.id)}
    client.post("comments_staff.reply", values, status=422, comment_id=comment.id)
    values["version"] = str(version.id)
    client.post("comments_staff.reply", values, comment_id=comment.id)
    public = PageClient(app).get("comments.page", token=building.token)
    assert f"v={version.number}" in public.one(class_="reply").one("a")["href"]


def test_all_parts_of_the_queue_hold_what_they_say() -> None:
    by = make_staff().identity
    ask(make_building())
    for part in Waiting:
        assert waiting.queue(by, Choice(part)).total == (part in {Waiting.TODO, Waiting.ALL})
