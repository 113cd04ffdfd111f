"""A worker in a stairwell without a line: every knock is recorded once, and never by another."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Route

from app.doors.models import Visit
from app.rounds.assisting import AssistedSession
from tests.browser.conftest import DESK, PHONE, Sample, Server
from tests.browser.test_sample_pages import check, sign_in

NewPage = Callable[[dict[str, int]], Page]


@pytest.fixture(scope="module")
def desk(serve: Callable[[str], Server]) -> tuple[Server, Sample]:
    """An installation with the sample of its own."""
    server = serve("doors")
    return server, json.loads(server.flask("demo", "--json"))


def ask(server: Server, statement: sa.Select[tuple[int]]) -> int:
    """One number from the database, behind everybody's back."""
    engine = sa.create_engine(server.env["JUYI_DATABASE_URL"])
    with engine.begin() as connection:
        found = connection.execute(statement).scalar_one()
    engine.dispose()
    return int(found)


def visits(server: Server) -> int:
    return ask(server, sa.select(sa.func.count()).select_from(Visit))


def rounds_of(facts: Sample) -> list[str]:
    """The open rounds: a small one of the worker's own, and one with many silent homes."""
    return [str(r["id"]) for r in facts["rounds"] if r["state"] == "open"]


def stairs(page: Page, desk: tuple[Server, Sample], username: str = "admin") -> str:
    """Sign in and open the staircase with the most doors; its address."""
    server, facts = desk
    sign_in(page, server, facts, username)
    page.goto(f"{server.url}/desk/rounds/{rounds_of(facts)[-1]}/doors/walk")
    places = page.locator("ul.places a")
    doors = [int(text.split(" ")[1]) for text in places.all_inner_texts()]
    places.nth(doors.index(max(doors))).click()
    page.wait_for_url("**/walk?entrance=*")
    return page.url


def knock(page: Page, door: int, outcome: str) -> None:
    page.locator("section.at-door").nth(door).get_by_role("button", name=outcome, exact=True).tap()


def wait_until_kept(page: Page, count: int) -> None:
    page.locator("[data-say=kept]", has_text=f"还没有送出：{count} 条").wait_for()


def kept(page: Page) -> list[str]:
    return [name for name in page.evaluate("Object.keys(localStorage)") if "doors-" in name]


def test_knocks_without_a_line_survive_a_closed_page_and_are_recorded_once_each_in_order(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, page = desk[0], new_page(PHONE)
    address, before = stairs(page, desk), visits(server)
    page.context.set_offline(True)
    page.locator("section.at-door").nth(0).locator("summary").tap()
    page.locator("section.at-door").nth(0).get_by_label("备注").fill("晚上再来")
    for door, outcome in ((0, "不在家"), (1, "再想想"), (2, "要纸质表")):
        knock(page, door, outcome)
    wait_until_kept(page, 3)
    check(page, "phone-doors-kept")
    assert "已记下" not in page.inner_text("main")
    assert len(kept(page)) == 3
    again = page.context.new_page()
    page.close()
    again.context.set_offline(False)
    again.goto(address)
    again.get_by_text("都送到了").wait_for()
    assert kept(again) == []
    assert visits(server) == before + 3
    again.reload()
    told = [again.locator("section.at-door").nth(n).inner_text() for n in range(3)]
    for text, outcome in zip(told, ("不在家", "再想想", "要纸质表"), strict=True):
        assert outcome in text.split("备注")[0].split("\n", 1)[1]


def test_an_answer_that_was_lost_is_asked_for_again_and_makes_no_second_row(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, page, lost = desk[0], new_page(PHONE), []

    def lose_the_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().json()["id"])
            route.abort()

    stairs(page, desk)
    before = visits(server)
    page.route("**/visits", lose_the_first)
    knock(page, 0, "当面说过")
    page.get_by_text("都送到了").wait_for()
    assert visits(server) == before + 1
    page.get_by_role("button", name="再记一次").first.tap()
    knock(page, 0, "不在家")
    page.get_by_text("已记下 · 不在家").wait_for()
    assert visits(server) == before + 2


def test_another_colleague_on_this_phone_never_sends_what_waits(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, page = desk[0], new_page(PHONE)
    address, before = stairs(page, desk), visits(server)
    page.context.route("**/visits", lambda route: route.abort())
    knock(page, 0, "搬走了")
    wait_until_kept(page, 1)
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.unroute("**/visits")
    stairs(page, desk, "district")
    page.goto(address)
    page.get_by_text("还有别的同事的 1 条没有送出").wait_for()
    assert visits(server) == before
    assert len(kept(page)) == 1
    page.context.clear_cookies()
    # The first page of doors that its owner opens sends it.
    stairs(page, desk)
    page.wait_for_function("!Object.keys(localStorage).some(name => /^doors-/.test(name))")
    assert visits(server) == before + 1


def test_after_the_session_it_keeps_what_waits_and_asks_to_sign_in(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    (server, facts), page = desk, new_page(PHONE)
    stairs(page, desk)
    before = visits(server)
    page.context.clear_cookies()
    knock(page, 0, "再想想")
    page.get_by_text("登录过期了，还有 1 条没有送出").wait_for()
    check(page, "phone-doors-again")
    page.get_by_role("link", name="去登录").tap()
    page.wait_for_url("**/login")
    assert visits(server) == before
    server.lets_in(page, facts, "admin")
    page.get_by_text("都送到了").wait_for()
    assert visits(server) == before + 1


def test_what_the_server_refuses_is_told_and_holds_up_nothing(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, page = desk[0], new_page(PHONE)
    stairs(page, desk)
    before = visits(server)
    # A phone that was off for more than a week.
    page.context.set_offline(True)
    knock(page, 0, "不在家")
    knock(page, 1, "不在家")
    page.evaluate(
        """() => { const name = Object.keys(localStorage).sort()[0];
        const item = JSON.parse(localStorage.getItem(name)); item.at -= 8 * 86400e3;
        localStorage.setItem(name, JSON.stringify(item)); }"""
    )
    page.context.set_offline(False)
    page.get_by_text("这几条没有记下").wait_for()
    page.get_by_text("都送到了").wait_for()
    assert visits(server) == before + 1
    check(page, "phone-doors-refused")
    page.get_by_role("button", name="知道了").tap()
    assert kept(page) == []


def test_without_scripts_the_buttons_just_send(
    desk: tuple[Server, Sample], browser: Browser
) -> None:
    server = desk[0]
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="zh-CN")
    page = context.new_page()
    stairs(page, desk)
    before = visits(server)
    page.locator("section.at-door").nth(1).get_by_role("button", name="不愿意").click()
    page.get_by_text("已记下：不愿意。").wait_for()
    assert visits(server) == before + 1
    context.close()


def test_what_was_tapped_shows_at_once_and_a_mistap_is_taken_back(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    stairs(page, desk)
    page.locator("section.at-door h2 a").last.tap()
    page.wait_for_url(re.compile(r"/desk/doors/\d+$"))
    ledger = page.locator("#ledger")
    ledger.get_by_text("0 次").wait_for()
    page.get_by_role("button", name="搬走了", exact=True).tap()
    ledger.get_by_text("1 次").wait_for()
    page.locator("[data-undo]").tap()
    ledger.get_by_text("0 次").wait_for()
    assert "搬走了" in ledger.locator("del").inner_text()
    page.get_by_role("button", name="不在家", exact=True).tap()
    ledger.get_by_text("1 次").wait_for()
    ledger.get_by_role("button", name="记错了，撤销").tap()
    page.get_by_text("已撤销：不在家。").wait_for()
    check(page, "phone-door-taken-back")


def test_a_home_is_helped_on_the_workers_phone_and_told_so(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, page = desk[0], new_page(PHONE)
    stairs(page, desk)
    page.locator("section.at-door h2 a").nth(3).tap()
    page.wait_for_url(re.compile(r"/desk/doors/\d+$"))
    check(page, "phone-door")
    page.get_by_role("link", name="协助这一户表态").tap()
    page.wait_for_url("**/assist")
    check(page, "phone-assist")
    page.get_by_label("业主本人").check()
    page.get_by_label("看不清字").check()
    page.get_by_role("button", name="开始协助").tap()
    page.wait_for_url(re.compile(r"/desk/assisted/\d+$"))
    assert re.search(r"还剩 (10:00|9:5\d)", page.inner_text(".helping"))
    assert page.locator("input:checked").count() == 0
    check(page, "phone-helped-ballot")
    for question in page.locator("form[data-helped] fieldset:has(input[type=radio])").all():
        question.get_by_label("同意", exact=True).check()
    page.get_by_role("button", name="下一步").tap()
    page.wait_for_url("**/review")
    check(page, "phone-helped-review")
    page.get_by_role("button", name="住户说对，提交").tap()
    page.wait_for_url("**/done")
    check(page, "phone-helped-done")
    done = sa.select(sa.func.count()).where(AssistedSession.vote_id.is_not(None))
    assert ask(server, done) == 1


def test_the_clock_of_a_helped_home_runs_down_and_locks_the_page(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    stairs(page, desk)
    page.locator("section.at-door h2 a").nth(2).tap()
    page.get_by_role("link", name="协助这一户表态").tap()
    page.get_by_label("共有人").check()
    page.get_by_label("老人不会用手机").check()
    page.clock.install()
    page.get_by_role("button", name="开始协助").tap()
    page.get_by_role("button", name="下一步").wait_for()
    page.clock.fast_forward(int(timedelta(minutes=11).total_seconds() * 1000))
    page.get_by_text("十分钟到了，这一次不能再交").wait_for()
    assert page.get_by_role("button", name="下一步").is_disabled()


def test_every_page_of_the_doors_is_fit_to_be_seen(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, facts = desk
    for size, kind in ((DESK, "desk"), (PHONE, "phone")):
        page = new_page(size)
        sign_in(page, server, facts, "admin")
        at = f"{server.url}/desk/rounds/{rounds_of(facts)[-1]}"
        for name, path in (
            ("doors", "/doors"),
            ("doors-mine", "/doors?who=me"),
            ("walk-places", "/doors/walk"),
            ("calls", "/calls"),
        ):
            page.goto(at + path)
            check(page, f"{kind}-{name}")
        page.goto(f"{at}/doors")
        first = page.locator("tbody a[href*='/walk']").first.get_attribute("href") or ""
        door = page.locator("tbody a[href*='/desk/doors/']").first.get_attribute("href") or ""
        for name, path in (("walk", first), ("door-page", door), ("contact", f"{door}/contact")):
            page.goto(server.url + path)
            check(page, f"{kind}-{name}")
            assert page.locator("h1").count() == 1


def test_a_page_of_doors_is_given_away_and_taken_back(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    (server, facts), page = desk, new_page(DESK)
    sign_in(page, server, facts, "worker")
    page.goto(f"{server.url}/desk/rounds/{rounds_of(facts)[0]}/doors")
    page.get_by_label("勾选这一页的全部").check()
    page.get_by_label("分给谁").select_option(index=1)
    page.get_by_role("button", name="分给这个人").click()
    page.wait_for_url("**/assignments/*")
    check(page, "desk-shared")
    page.get_by_role("button", name="撤销").click()
    page.get_by_text("已撤销：").wait_for()
    check(page, "desk-doors-undone")
    assert "8 户回到原来的分工" in page.inner_text("main")


def test_small_targets_are_large_enough_for_a_thumb(
    desk: tuple[Server, Sample], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    stairs(page, desk)
    small = page.evaluate(
        """() => [...document.querySelectorAll('main button, main .btn, main summary')]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)
        .map(e => e.textContent.trim())"""
    )
    assert small == []
