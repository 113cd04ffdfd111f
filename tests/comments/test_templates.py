"""Words an office answers with again and again: its own, filled where a compound is known."""

import pytest
import sqlalchemy as sa

from app.comments import templates
from app.comments.actions import Unsaid
from app.comments.models import ReplyTemplate
from app.core.db import db
from app.core.forms import cleaned
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.roster.models import AreaKind
from tests.client import PageClient
from tests.comments.saying import ask
from tests.comments.test_asking import NAUGHTY
from tests.factories import make_area, make_building, make_compound, make_staff

pytestmark = pytest.mark.usefixtures("session")


def entries() -> int:
    found = sa.select(sa.func.count()).where(JournalEntry.kind == Kind.REPLY_TEMPLATE)
    return db.session.scalar(found) or 0


def test_a_template_is_written_used_changed_and_deleted(client: PageClient) -> None:
    building = make_building(make_compound(area=make_area(name="裕西社区"), name="利水南苑"))
    building.compound.phone = "0953-5550201"
    comment = ask(building)
    client.sign_in(make_staff(Role.WORKER, building.compound.area))
    words = {"title": "电话", "body": "{小区}的{部分}，请打{社区}电话{电话}。"}
    client.post("reply_templates.add", words)
    [kept] = templates.templates_of(make_staff().identity)
    where = {"comment_id": comment.id, "template": kept.id}
    page = client.get("comments_staff.reply", **where)
    filled = page.one("textarea", name="body").text
    assert filled == "利水南苑的改造内容，请打裕西社区电话0953-5550201。"
    assert comment.replies == []
    words["body"] = "请到社区来。"
    client.post("reply_templates.change", words, template_id=kept.id)
    client.get("reply_templates.delete", template_id=kept.id)
    client.post("reply_templates.delete", {}, template_id=kept.id)
    assert "还没有模板" in client.get("reply_templates.overview").text
    assert entries() == 3


@pytest.mark.parametrize(
    ("title", "body", "why"),
    [("", "字", "请写名称"), ("名", " ", "请写一点内容"), ("名", "{姓名}好", "没有 {姓名} 这一项")],
)
def test_what_says_nothing_or_has_an_unknown_gap_is_refused(
    client: PageClient, title: str, body: str, why: str
) -> None:
    client.sign_in(make_staff())
    page = client.post("reply_templates.add", {"title": title, "body": body}, status=422)
    assert why in page.text
    assert not db.session.scalars(sa.select(ReplyTemplate)).all()
    with pytest.raises((Unsaid, templates.UnknownGap)):
        templates.add_template(title, body, by=make_staff().identity)


def test_those_of_the_area_above_are_used_and_not_changed(client: PageClient) -> None:
    town = make_area(AreaKind.TOWN, "胜利镇")
    own, other = make_area(parent=town), make_area()
    office = make_staff(Role.OFFICE, town).identity
    kept = templates.add_template("上级的", "好", by=office)
    templates.add_template("别处的", "好", by=make_staff(Role.OFFICE, other).identity)
    client.sign_in(make_staff(Role.WORKER, own))
    page = client.get("reply_templates.overview")
    assert [h2.text for h2 in page.all("h2")] == ["上级的"]
    for verb in ("change", "delete"):
        client.submit(f"/desk/comments/templates/{kept.id}/{verb}", {"title": "x"}, 403)
        client.submit(f"/desk/comments/templates/999999/{verb}", {}, 404)
    assert kept.title == "上级的"


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_naughty_string_in_a_template_stays_text(client: PageClient, text: str) -> None:
    comment = ask(make_building())
    client.sign_in(make_staff())
    client.post("reply_templates.add", {"title": "名" + text[:30], "body": text})
    [kept] = db.session.scalars(sa.select(ReplyTemplate)).all()
    assert kept.body == cleaned(text)
    assert not client.get("reply_templates.overview").one("main").all("script")
    page = client.get("comments_staff.reply", comment_id=comment.id, template=kept.id)
    box = page.one("textarea", name="body")
    assert "".join(box.element.itertext()).strip() == cleaned(text).strip()
