"""Designers and builders answer what everybody reads, in their own name, and decide nothing."""

import pytest
from flask import Flask

from app.comments import actions, handing
from app.comments.models import Comment, Wrong
from app.comments.waiting import Waiting, queue_counts
from app.comments.wording import state_of
from app.core.db import db
from app.core.guards import OFFICE_ROLES, Role
from app.roster.models import Building
from tests.client import PageClient
from tests.comments.saying import ask, bodies
from tests.factories import homes_of, make_area, make_building, make_staff

pytestmark = pytest.mark.usefixtures("session")
HELD = "找我说 138 1234 5678"
OUTSIDE = (Role.DESIGNER, Role.BUILDER)
# Everything the office does with a comment besides answering.
VERBS = ("assign", "release", "remove", "restore", "take-up")


def of(role: Role, building: Building) -> PageClient:
    """A browser of somebody with this role in the compound's community."""
    client = PageClient(APP[0])
    client.sign_in(make_staff(role, building.compound.area))
    return client


APP: list[Flask] = []


@pytest.fixture(autouse=True)
def _app(app: Flask) -> None:
    APP[:] = [app]


@pytest.mark.parametrize(
    ("role", "label"), [(Role.DESIGNER, "设计单位答复"), (Role.BUILDER, "施工单位答复")]
)
def test_they_sign_with_their_own_name_whatever_they_send(role: Role, label: str) -> None:
    building = make_building()
    comment, client = ask(building), of(role, building)
    page = client.get("comments_staff.reply", comment_id=comment.id)
    assert not page.all("input", name="signed_as")
    values = page.form_values("/reply") | {"body": "用 PPR 管。", "signed_as": "裕西社区"}
    client.post("comments_staff.reply", values, comment_id=comment.id)
    [answer] = db.session.get_one(Comment, comment.id).replies
    assert answer.role == role
    public = PageClient(APP[0]).get("comments.page", token=building.token).one(class_="reply")
    assert public.one("b").text == answer.signed_as != "裕西社区"
    assert public.one("p", class_="by").all("span")[0].text == label


@pytest.mark.parametrize("role", OUTSIDE)
def test_they_read_what_everybody_reads_and_learn_of_nothing_else(role: Role) -> None:
    building = make_building()
    held, said = ask(building, HELD), ask(building, "公开的话", 1)
    actions.report_comment(homes_of(building)[2].id, said, Wrong.ABUSE, "举报的话")
    client = of(role, building)
    for show in ("", "all", "held", "reported"):
        page = client.get("comments_staff.queue", show=show)
        assert bodies(page) == ["公开的话"]
        assert "举报" not in page.one("main").text
    me = make_staff(role, building.compound.area).identity
    assert queue_counts(me) == {Waiting.TODO: 1}
    for verb in ("reply", "propose"):
        client.visit(f"/desk/comments/{held.id}/{verb}", 404)
        client.submit(f"/desk/comments/{held.id}/{verb}", {"body": "x"}, 404)


@pytest.mark.parametrize("role", [*OUTSIDE, Role.AUDITOR])
def test_they_moderate_nothing_and_take_no_workbook(role: Role) -> None:
    building = make_building()
    comment, client = ask(building), of(role, building)
    for verb in (*VERBS, "keep"):
        client.submit(f"/desk/comments/{comment.id}/{verb}", {"reason": "x"}, 403)
    for path in ("release-many", "figures", "export", "templates", "templates/new", "screening"):
        client.visit(f"/desk/comments/{path}", 403)
    assert comment.is_in_sight


def test_an_auditor_reads_no_queue_and_a_stranger_signs_in_first(client: PageClient) -> None:
    building = make_building()
    ask(building)
    of(Role.AUDITOR, building).get("comments_staff.queue", 403)
    assert client.raw("get", "/desk/comments").status_code in {302, 303}


@pytest.mark.parametrize("role", [*OUTSIDE, *OFFICE_ROLES])
def test_nobody_of_another_community_sees_or_answers(role: Role) -> None:
    building = make_building()
    comment = ask(building)
    client = PageClient(APP[0])
    client.sign_in(make_staff(role, make_area()))
    assert bodies(client.get("comments_staff.queue", show="all")) == []
    verbs = ("reply", "propose") if role in OUTSIDE else ("reply", *VERBS)
    for verb in verbs:
        client.submit(f"/desk/comments/{comment.id}/{verb}", {"body": "x"}, 403)
    assert comment.replies == []


def test_a_proposal_reaches_the_office_and_not_the_residents(client: PageClient) -> None:
    building = make_building()
    comment = ask(building)
    outside = of(Role.BUILDER, building)
    values = outside.get("comments_staff.propose", comment_id=comment.id).form_values("/propose")
    outside.post("comments_staff.propose", values, comment_id=comment.id)
    outside.post("comments_staff.propose", values, status=422, comment_id=comment.id)
    assert "建议写进方案：" in of(Role.WORKER, building).get("comments_staff.queue").text
    assert "建议" not in client.get("comments.page", token=building.token).one("article").text
    office = of(Role.OFFICE, building)
    office.submit(f"/desk/comments/{comment.id}/propose", {}, 403)


def test_words_changed_since_are_neither_given_nor_proposed() -> None:
    building, by = make_building(), make_staff(Role.DESIGNER).identity
    comment = ask(building)
    old = state_of(comment)
    actions.change_comment(homes_of(building)[0].id, comment, "别的话")
    for act in (
        lambda: handing.propose_take_up(comment, by=by, seen=old),
        lambda: handing.assign_comment(comment, None, by=by, seen=old),
    ):
        with pytest.raises(actions.Refused):
            act()
    assert comment.proposed_at is None
