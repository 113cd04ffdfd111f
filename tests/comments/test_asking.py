"""Households ask in public: what is kept, what is refused, and what nobody learns of them."""

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from app.comments import actions
from app.comments.models import Comment
from app.comments.wording import state_of
from app.core import clock
from app.journal.models import JournalEntry, Kind
from app.projects.models import Section
from app.roster.models import Building
from tests.client import Page, PageClient
from tests.factories import homes_of, issue_code, make_building, make_household, make_staff

pytestmark = pytest.mark.usefixtures("session")

Counting = Callable[[], AbstractContextManager[list[str]]]

# Strings that have broken forms before: one of each kind, whatever list of them is at hand.
NAUGHTY = [
    "<script>alert('户')</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "%(name)s %s %d %",
    "'; DROP TABLE comment; --",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#60;",
    "田中さんにあげて下さい ﷽ ﷺ",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "👩‍👩‍👧 🏠🏠",
    "＜ｓｃｒｉｐｔ＞",
]


def write(building: Building, body: str, home: int = 0) -> Comment:
    household = homes_of(building)[home]
    return actions.write_comment(household.id, building.compound, Section.WORK, body)


def bodies(page: Page) -> list[str]:
    """What the comments say, line breaks kept."""
    return ["".join(p.element.itertext()) for p in page.all("p", class_="body")]


def test_a_household_asks_and_everybody_reads(client: PageClient, app: Flask) -> None:
    building = make_building(name="3号楼")
    client.enter(building, issue_code(homes_of(building)[0]))
    page = client.get("comments.page", token=building.token)
    values = page.form_values("/comments") | {
        "section": "money",
        "body": "  要不要再交钱？\r\n急。",
    }
    response = client.post("comments.write", values, token=building.token)
    assert "#c" in response.headers["Location"]
    assert "已发布" in client.follow(response).one("p", role="status").text
    public = PageClient(app).get("comments.page", token=building.token)
    assert bodies(public) == ["要不要再交钱？\n急。"]
    article = public.one("article")
    assert article.one("b").text == "3号楼住户"
    assert article.one("span").text == "改造资金"


def test_without_a_code_one_reads_and_is_shown_the_way_in(client: PageClient) -> None:
    building = make_building()
    write(building, "修不修屋面？")
    page = client.get("comments.page", token=building.token)
    assert bodies(page) == ["修不修屋面？"]
    assert not page.all("textarea")
    way_in = page.one("a", class_="button")
    assert way_in.text == "凭户码进入后可以提问"
    assert way_in["href"] == f"/b/{building.token}/enter?to=comments"
    written = client.raw(
        "post", f"/b/{building.token}/comments", data={"csrf_token": client.token(), "body": "x"}
    )
    assert written.status_code in {303, 401}
    assert len(bodies(client.get("comments.page", token=building.token))) == 1


def test_a_household_of_another_compound_only_reads(client: PageClient) -> None:
    own, other = make_building(), make_building()
    client.enter(own, issue_code(homes_of(own)[0]))
    page = client.get("comments.page", token=other.token)
    assert not page.all("textarea")
    values = {"section": "work", "body": "路过"}
    client.post("comments.write", values, status=404, token=other.token)
    with pytest.raises(actions.NotOfThisCompound):
        actions.write_comment(homes_of(own)[0].id, other.compound, Section.WORK, "路过")
    client.get("comments.page", status=404, token="nothing")


def test_nothing_but_the_building_is_told_of_the_household(client: PageClient) -> None:
    building = make_building(homes=0, name="7号楼")
    make_household(building.entrances[0], "1304", owner="欧阳建国", phone="13812345678")
    write(building, "什么时候动工？")
    for page in (
        client.get("comments.page", token=building.token),
        _queue(client),
    ):
        assert "7号楼住户" in page.text
        for secret in ("1304", "欧阳", "13812345678", building.entrances[0].name):
            assert secret not in page.one("main").text


def _queue(client: PageClient) -> Page:
    client.sign_in(make_staff())
    return client.get("comments_staff.queue")


@pytest.mark.parametrize("body", NAUGHTY)
def test_whatever_is_written_stays_text(client: PageClient, body: str) -> None:
    building = make_building()
    written = write(building, body)
    assert bodies(client.get("comments.page", token=building.token)) == [written.body]
    assert bodies(_queue(client)) == [written.body]


def test_the_big_list_of_naughty_strings_stays_text_on_one_page(client: PageClient) -> None:
    building = make_building()
    kept = []
    for number, one in enumerate(NAUGHTY * 2):
        at = clock.now() + timedelta(minutes=11 * number)
        with time_machine.travel(at, tick=False):
            kept.append(write(building, f"{number} {one}").body)
    assert bodies(client.get("comments.page", token=building.token)) == kept[::-1]


def test_what_cannot_be_seen_is_not_kept() -> None:
    building = make_building()
    assert write(building, "好\u200b\u202e的\ufeff").body == "好的"
    with pytest.raises(actions.Unsaid):
        write(building, " \u200b\n ")


def test_a_thousand_characters_fit_and_one_more_does_not(client: PageClient) -> None:
    building = make_building()
    assert len(write(building, "改" * 1000).body) == 1000
    with pytest.raises(actions.Unsaid):
        write(building, "改" * 1001)
    client.enter(building, issue_code(homes_of(building)[1]))
    values = {"section": "work", "body": "改" * 1001}
    page = client.post("comments.write", values, status=422, token=building.token)
    assert "最多写 1000 个字" in page.text
    values = {"section": "work", "body": ""}
    page = client.post("comments.write", values, status=422, token=building.token)
    assert "请写一点内容再发" in page.text


def test_the_sixth_comment_in_ten_minutes_waits(client: PageClient) -> None:
    building = make_building()
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for number in range(5):
            write(building, f"第 {number} 条")
        with pytest.raises(actions.TooMany):
            write(building, "第 6 条")
        write(building, "别家的", home=1)
        traveller.shift(timedelta(minutes=10, seconds=1))
        write(building, "过了十分钟")
    assert len(bodies(client.get("comments.page", token=building.token))) == 7


def test_a_refusal_is_shown_on_the_form_and_keeps_the_text(client: PageClient) -> None:
    building = make_building()
    client.enter(building, issue_code(homes_of(building)[0]))
    for number in range(5):
        write(building, f"第 {number} 条")
    values = {"section": "design", "nature": "opinion", "body": "还有一条"}
    page = client.post("comments.write", values, status=422, token=building.token)
    assert "请过十分钟再写" in page.text
    assert page.one("textarea").text == "还有一条"
    assert page.one("option", selected="")["value"] == "design"
    assert page.one("input", type="radio", checked="")["value"] == "opinion"


def test_comments_are_filtered_by_part_of_the_plan_and_paged(
    client: PageClient, count_queries: Counting
) -> None:
    building = make_building(homes=40)
    for number, home in enumerate(homes_of(building)):
        section = Section.MONEY if number % 4 == 0 else Section.WORK
        actions.write_comment(home.id, building.compound, section, f"{number}")
    page = client.get("comments.page", token=building.token)
    assert bodies(page) == [str(n) for n in range(39, 9, -1)]
    older = client.get("comments.page", token=building.token, page=2)
    assert bodies(older) == [str(n) for n in range(9, -1, -1)]
    money = client.get("comments.page", token=building.token, section="money")
    assert bodies(money) == [str(n) for n in range(36, -1, -4)]
    client.get("comments.page", token=building.token, section="nonsense", page="x")
    with count_queries() as statements:
        client.get("comments.page", token=building.token)
    assert len(statements) <= 8


def test_the_journal_knows_of_a_comment_but_none_of_its_words(session: sa.orm.Session) -> None:
    building = make_building()
    comment = write(building, "邻居王大爷的事")
    entry = session.scalars(sa.select(JournalEntry).where(JournalEntry.kind == Kind.COMMENT)).one()
    assert json.loads(entry.entry)["comment"] == comment.id
    assert json.loads(entry.entry)["actor"] == homes_of(building)[0].commitment
    assert "王大爷" not in entry.entry
    assert base64.b64encode("王大爷".encode()).decode() not in entry.entry


def test_a_comment_that_waits_for_an_answer_says_so(client: PageClient) -> None:
    building = make_building()
    comment = write(building, "几点开会？")
    assert "等社区答复" in client.get("comments.page", token=building.token).text
    actions.reply(comment, "社区", "下午三点。", by=make_staff().identity, seen=state_of(comment))
    assert "等社区答复" not in client.get("comments.page", token=building.token).text
