"""What may hurt somebody waits for the office; until then nobody else learns of it."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from app.comments import actions, moderation
from app.comments.models import Comment, Hold, Screening
from app.comments.wording import state_of
from app.core.guards import Role
from app.journal.models import JournalEntry, Kind
from app.roster.models import Building
from tests.client import PageClient
from tests.comments.saying import about, ask, bodies, enter
from tests.factories import make_building, make_plan, make_round, make_staff

pytestmark = pytest.mark.usefixtures("session")
HELD = "找我说 138 1234 5678"


def everything_a_stranger_gets(reader: PageClient, building: Building) -> Iterator[str]:
    """Each answer of ours about a compound, as it goes over the wire."""
    token = building.token
    for where in (
        "",
        "?order=most",
        "?status=open",
        "?status=answered",
        "?status=taken-up",
        "?section=work",
        "?mine=1",
    ):
        yield reader.raw("get", f"/b/{token}/comments{where}").get_data(as_text=True)
    for path in (f"/b/{token}", f"/b/{token}/plan", "/home"):
        yield reader.raw("get", path).get_data(as_text=True)
    page = reader.raw("get", f"/b/{token}/comments", headers={"Accept": "application/json"})
    yield page.get_data(as_text=True)


def test_a_private_number_is_held_and_its_household_told_why(client: PageClient) -> None:
    building = make_building()
    enter(client, building)
    page = client.get("comments.page", token=building.token)
    values = page.form_values("/comments") | {"body": HELD}
    page = client.follow(client.post("comments.write", values, token=building.token))
    assert "社区看过再公布，一般1个工作日内" in page.one("p", role="status").text
    told = page.one("p", class_="held").text
    assert "现在只有您家看得到" in told
    assert "里面像有电话、微信号、证件号或银行卡号" in told
    assert bodies(page) == [HELD]
    assert "我家也这么想" not in page.text


@pytest.mark.parametrize(
    "body", [HELD, "家里 0951-5551234", "身份证 11010519491231002X", "卡 4111111111111111"]
)
def test_what_is_held_reaches_nobody_else(client: PageClient, app: Flask, body: str) -> None:
    building = make_building()
    comment = ask(building, body)
    assert comment.hold == Hold.PRIVATE
    neighbour = enter(PageClient(app), building, 1)
    for reader in (client, neighbour):
        for answer in everything_a_stranger_gets(reader, building):
            assert body not in answer
            assert f'id="c{comment.id}"' not in answer
            assert f"/comments/{comment.id}" not in answer
    where = about(building, comment)
    for endpoint in ("comments.agree", "comments.take_back", "comments.report"):
        answer = neighbour.post(endpoint, {"wrong": "abuse"}, status=404, **where)
        assert body not in answer.html
    for endpoint in ("comments.report", "comments.change", "comments.withdraw"):
        assert body not in neighbour.get(endpoint, status=404, **where).html
    own = enter(PageClient(app), building, 0)
    assert bodies(own.get("comments.page", token=building.token)) == [body]


def test_what_was_removed_or_taken_back_is_in_no_answer(client: PageClient, app: Flask) -> None:
    building = make_building()
    by = make_staff().identity
    removed, taken_back, held = (
        ask(building, f"{HELD}，{n}" if n > 1 else f"藏{n}", 0) for n in (0, 1, 2)
    )
    moderation.remove_comment(removed, "骂人", by=by, seen=state_of(removed))
    actions.withdraw_comment(taken_back.household_id, taken_back)
    actions.withdraw_comment(held.household_id, held)
    readers = (client, enter(PageClient(app), building, 1), enter(PageClient(app), building, 0))
    for reader in readers:
        for answer in everything_a_stranger_gets(reader, building):
            assert not any(words in answer for words in ("藏0", "藏1", HELD))
    stubs = client.get("comments.page", token=building.token).all("article")
    # Of what nobody ever saw no stub is left either.
    assert [stub["id"] for stub in stubs] == [f"c{taken_back.id}", f"c{removed.id}"]


def test_the_office_sees_why_and_lets_it_out_with_the_number_masked(
    client: PageClient, app: Flask, session: sa.orm.Session
) -> None:
    building = make_building()
    comment = ask(building, HELD)
    client.sign_in(make_staff(Role.WORKER, building.compound.area))
    queue = client.get("comments_staff.queue", show="held")
    assert "里面像有电话、微信号、证件号或银行卡号" in queue.one("article").text
    page = client.get("comments_staff.release", comment_id=comment.id)
    assert "找我说 ****" in page.one("form", class_="narrow").text
    values = page.form_values("/release") | {"numbers": "hide"}
    client.post("comments_staff.release", values, comment_id=comment.id)
    public = PageClient(app).get("comments.page", token=building.token)
    assert bodies(public) == ["找我说 ****"]
    assert "号码由社区遮住" in public.one("article").text
    assert "1234" not in public.one("article").text
    entry = session.scalars(sa.select(JournalEntry).order_by(JournalEntry.id.desc())).first()
    assert entry is not None
    assert entry.kind == Kind.MODERATION
    assert json.loads(entry.entry)["did"] == "released masked"
    assert "5678" not in entry.entry
    assert [one.body for one in comment.earlier] == [HELD]


def test_the_office_lets_it_out_as_it_is(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, "门卫室 0951-5551234")
    client.sign_in(make_staff())
    page = client.get("comments_staff.release", comment_id=comment.id)
    values = page.form_values("/release")
    assert (
        "请选号码怎么办"
        in client.post("comments_staff.release", values, status=422, comment_id=comment.id).text
    )
    client.post("comments_staff.release", values | {"numbers": "show"}, comment_id=comment.id)
    assert bodies(client.get("comments.page", token=building.token)) == ["门卫室 0951-5551234"]
    again = client.post(
        "comments_staff.release", values | {"numbers": "show"}, status=422, comment_id=comment.id
    )
    assert "已经公布" in again.text


def test_words_that_changed_since_they_were_read_are_not_let_out(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, HELD)
    client.sign_in(make_staff())
    values = client.get("comments_staff.release", comment_id=comment.id).form_values("/release")
    actions.change_comment(comment.household_id, comment, "换一句 13987654321")
    values["numbers"] = "show"
    page = client.post("comments_staff.release", values, status=422, comment_id=comment.id)
    assert "这一条刚刚改过" in page.text
    assert comment.is_held
    assert "换一句 13987654321" in page.text
    again = page.form_values("/release") | {"numbers": "hide"}
    client.post("comments_staff.release", again, comment_id=comment.id)
    assert comment.body == "换一句 ****"


def test_a_held_comment_is_removed_in_the_open_and_not_answered_before(client: PageClient) -> None:
    building = make_building()
    comment = ask(building, HELD)
    client.sign_in(make_staff())
    reply = {"body": "好", "signed_as": "社区"}
    page = client.post("comments_staff.reply", reply, status=422, comment_id=comment.id)
    assert "请先公布或移除" in page.text
    with pytest.raises(actions.IsHeld):
        moderation.take_up(comment, None, by=make_staff().identity, seen=state_of(comment))
    client.post("comments_staff.remove", {"reason": "写了别人的电话"}, comment_id=comment.id)
    page = client.get("comments.page", token=building.token)
    assert "原因：写了别人的电话" in page.text
    assert "5678" not in page.html


def test_where_the_office_reads_first_everything_new_waits(
    client: PageClient, app: Flask, session: sa.orm.Session
) -> None:
    building, other = make_building(), make_building()
    before = ask(building, "以前写的")
    client.sign_in(make_staff(Role.OFFICE, building.compound.area))
    assert building.compound.name in client.get("comments_staff.screenings").text
    page = client.get("comments_staff.screening", compound_id=building.compound_id)
    assert page.form_values("screening/" + str(building.compound_id))["wanted"] == "on"
    client.post("comments_staff.screening", {"wanted": "on"}, compound_id=building.compound_id)
    own = enter(PageClient(app), building)
    assert "社区看过再公布，一般1个工作日内" in own.get("comments.page", token=building.token).text
    new = ask(building, "新写的", 1)
    assert new.hold == Hold.SCREENING
    assert ask(other).is_in_sight
    assert bodies(PageClient(app).get("comments.page", token=building.token)) == [before.body]
    page = client.get("comments_staff.release", comment_id=new.id)
    assert "里面的号码" not in page.text
    client.post("comments_staff.release", page.form_values("/release"), comment_id=new.id)
    assert bodies(PageClient(app).get("comments.page", token=building.token))[0] == "新写的"
    waiting = ask(building, "还在等", 2)
    for _ in range(2):
        client.post("comments_staff.screening", {"wanted": "off"}, compound_id=building.compound_id)
    assert session.scalars(sa.select(Screening)).all() == []
    assert waiting.is_held
    assert ask(building, "马上公布", 3).is_in_sight
    moderated = sa.select(JournalEntry).where(JournalEntry.kind == Kind.MODERATION)
    entries = session.scalars(moderated.order_by(JournalEntry.id))
    done = [json.loads(one.entry)["did"] for one in entries]
    assert done == ["screening on", "released", "screening off"]


def test_the_switch_is_for_the_office_and_within_its_scope(client: PageClient) -> None:
    mine, other = make_building(), make_building()
    worker = make_staff(Role.WORKER, mine.compound.area)
    office = make_staff(Role.OFFICE, mine.compound.area)
    url = f"/desk/comments/screening/{mine.compound_id}"
    assert client.raw("get", url).status_code == 303
    client.sign_in(worker)
    assert "先看再公布" not in client.get("comments_staff.queue").text
    client.visit(url, status=403)
    client.visit("/desk/comments/screening", status=403)
    client.sign_in(office)
    client.get("comments_staff.screening", status=403, compound_id=other.compound_id)
    client.post("comments_staff.screening", {"wanted": "on"}, 403, compound_id=other.compound_id)
    client.get("comments_staff.screening", status=404, compound_id=999_999)
    assert other.compound.name not in client.get("comments_staff.screenings").text


def test_numbers_count_even_where_everything_is_read_first() -> None:
    building = make_building()
    moderation.set_screening(building.compound, True, by=make_staff().identity)
    comment = ask(building, HELD)
    assert comment.hold == Hold.PRIVATE
    actions.change_comment(comment.household_id, comment, "没有号码了")
    assert comment.hold == Hold.SCREENING
    assert comment.is_held


def test_the_database_refuses_a_release_of_what_was_never_held(session: sa.orm.Session) -> None:
    comment = ask(make_building())
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        session.execute(
            sa.update(Comment)
            .where(Comment.id == comment.id)
            .values(released_at=comment.written_at)
        )


def test_the_numbers_of_the_office_are_nothing_private() -> None:
    building = make_building()
    version = make_plan(building.compound)
    version.project.phone = "0953-5550777"
    round_ = make_round(building.compound, opened=False)
    round_.phone = "13912345678"
    assert ask(building, "打 0953-5550100 或者 0953 5550777，晚上打 139 1234 5678").is_in_sight
    mixed = ask(building, "社区 0953-5550100，我家 0953-5551234")
    assert mixed.is_held
    assert moderation.without_numbers(mixed) == "社区 0953-5550100，我家 ****"
