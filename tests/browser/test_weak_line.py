"""A vote from a stairwell with a bad line: counted once, and never called counted too early."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from app.accounts.models import HouseholdSession
from app.core import clock
from app.roster.models import Building
from app.rounds.models import Round
from tests.browser.conftest import PHONE, Sample, Server, shoot
from tests.browser.residents import without_papers

NewPage = Callable[[dict[str, int]], Page]
Home = tuple[str, str]
KEPT = "先存在这部手机里，正在自动再试"


@pytest.fixture(scope="module")
def served(serve_sample: Callable[[str], tuple[Server, Sample]]) -> tuple[Server, Sample]:
    """An installation with the sample, and what it gives away of homes without a paper form."""
    return without_papers(*serve_sample("weak"))


@pytest.fixture(scope="module")
def server(served: tuple[Server, Sample]) -> Server:
    """The installation alone."""
    return served[0]


def households(facts: Sample, *, last: bool = False) -> Iterator[Home]:
    """(address of the building, code) of households of the first or last open round, each once."""
    opened = [r for r in facts["rounds"] if r["state"] == "open"][-1 if last else 0]
    urls = {b["name"]: b["url"] for b in facts["buildings"] if b["compound"] == opened["compound"]}
    return iter(
        [
            (urls[h["building"]], h["code"])
            for h in facts["households"]
            if h["round"] == opened["id"]
        ]
    )


@pytest.fixture(scope="module")
def homes(served: tuple[Server, Sample]) -> Iterator[Home]:
    """Households of a round that stays open."""
    return households(served[1])


@pytest.fixture(scope="module")
def closing(served: tuple[Server, Sample]) -> Iterator[Home]:
    """Households of another round, which a test may close."""
    return households(served[1], last=True)


def change(server: Server, statement: sa.Update) -> None:
    """What happens behind everybody's back."""
    engine = sa.create_engine(server.env["JUYI_DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


def come_in(page: Page, home: Home, goes_on_to: str = "**/home") -> None:
    """By the slip's own QR code."""
    url, code = home
    page.goto(f"{url}/enter#code={code}")
    page.get_by_role("button", name="进我家").tap()
    page.wait_for_url(goes_on_to)


def choose_everything(page: Page, answer: int = 2) -> None:
    """From the own page to the form, and the same answer to every question."""
    page.get_by_role("link", name="现在表态").or_(page.get_by_role("link", name="改主意了")).tap()
    page.wait_for_url("**/vote")
    for group in page.locator("fieldset.with-why").all():
        group.locator("label").nth(answer).tap()


def go_to_the_review(page: Page, home: Home) -> int:
    """To the last page before the vote; how often it voted before."""
    come_in(page, home)
    votes = page.locator("ol.history li").count()
    choose_everything(page)
    page.get_by_role("button", name="下一步").tap()
    page.wait_for_url("**/review")
    return votes


def confirm_and_close(page: Page) -> Page:
    """Confirm without a line and close the page; another page of the same phone, with a line."""
    page.context.set_offline(True)
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    again = page.context.new_page()
    page.close()
    again.context.set_offline(False)
    return again


def own_page(home: Home) -> str:
    return home[0].split("/b/")[0] + "/home"


def waiting(page: Page) -> list[str]:
    """What lies in the outbox of this phone, whoever's it is."""
    return list(page.evaluate("Object.keys(localStorage)"))


def test_the_slips_code_fills_the_field_and_leaves_the_address(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, (url, code) = new_page(PHONE), next(homes)
    page.goto(f"{url}/enter#code={code}")
    assert page.get_by_label("户码").input_value() == f"{code[:4]} {code[4:8]} {code[8:]}"
    assert page.url == f"{url}/enter"
    assert code not in page.evaluate("JSON.stringify([history.state, document.referrer])")


def test_without_a_line_it_waits_and_counts_when_the_line_is_back(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    go_to_the_review(page, next(homes))
    page.context.set_offline(True)
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    shoot(page, "phone-review-kept")
    assert "已经计入" not in page.inner_text("main")
    page.context.set_offline(False)
    page.wait_for_url("**/receipts/*")
    assert page.inner_text("h1") == "已经计入"


def test_an_answer_lost_on_its_way_is_asked_for_again_and_counts_once(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, lost = new_page(PHONE), []

    def lose_the_first(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().json()["receipt"])
            route.abort()
        else:
            route.continue_()

    go_to_the_review(page, next(homes))
    page.route("**/rounds/*/vote", lose_the_first)
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    assert page.url.endswith(lost[0])


def test_a_page_that_was_closed_without_a_line_is_sent_once_when_it_is_opened_again(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home = new_page(PHONE), next(homes)
    votes = go_to_the_review(page, home)
    again = confirm_and_close(page)
    again.goto(own_page(home))
    again.wait_for_url("**/receipts/*")
    assert again.inner_text("h1") == "已经计入"
    assert waiting(again) == []
    again.goto(own_page(home))
    assert again.locator("ol.history li").count() == votes + 1


def test_a_page_that_was_killed_before_the_answer_came_counts_once(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home, lost = new_page(PHONE), next(homes), []

    def lose(route: Route) -> None:
        lost.append(route.fetch().json()["receipt"])
        route.abort()

    votes = go_to_the_review(page, home)
    page.route("**/rounds/*/vote", lose)
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    again = page.context.new_page()
    page.close()
    again.goto(own_page(home))
    again.wait_for_url("**/receipts/*")
    assert again.url.endswith(lost[0])
    again.goto(own_page(home))
    assert again.locator("ol.history li").count() == votes + 1


def test_whoever_was_signed_out_meanwhile_fills_in_the_code_and_it_is_sent(
    server: Server, homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home = new_page(PHONE), next(homes)
    go_to_the_review(page, home)
    change(server, sa.update(HouseholdSession).values(ended_at=clock.now()))
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text("您家的表态还存在这部手机里").wait_for()
    shoot(page, "phone-review-again")
    assert len(waiting(page)) == 1
    page.get_by_role("link", name="去填户码").tap()
    page.wait_for_url("**/enter*")
    page.get_by_label("户码").fill(home[1])
    page.get_by_role("button", name="进我家").tap()
    page.wait_for_url("**/receipts/*")
    assert page.inner_text("h1") == "已经计入"
    assert waiting(page) == []


def test_what_one_home_left_is_never_sent_for_another(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home, other, sent = new_page(PHONE), next(homes), next(homes), []
    go_to_the_review(page, home)
    again = confirm_and_close(page)
    again.on("request", lambda r: sent.append(r.url) if r.url.endswith("/vote") else None)
    come_in(again, other)
    votes = again.locator("ol.history li").count()
    assert not again.locator("[data-outbox]").is_visible()
    again.reload()
    again.wait_for_load_state("networkidle")
    assert (sent, again.locator("ol.history li").count()) == ([], votes)
    assert len(waiting(again)) == 1
    come_in(again, home, goes_on_to="**/receipts/*")
    assert len(sent) == 1


@pytest.mark.parametrize("is_heard", [True, False])
def test_leaving_forgets_what_waits_even_where_the_browser_does_not_listen(
    homes: Iterator[Home], new_page: NewPage, is_heard: bool
) -> None:
    page, home = new_page(PHONE), next(homes)
    go_to_the_review(page, home)
    again = confirm_and_close(page)
    again.route("**/rounds/*/vote", lambda route: route.abort())
    again.goto(own_page(home))
    again.get_by_text(KEPT).first.wait_for()
    shoot(again, "phone-home-kept")
    if not is_heard:
        again.route("**/leave", lambda route: route.fulfill(status=303, headers={"Location": "/"}))
    asked: list[str] = []
    again.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    again.get_by_role("button", name="不是您家").tap()
    assert "没有交上。退出就没有了" in asked[0]
    assert again.evaluate("localStorage.length") == 1
    again.once("dialog", lambda dialog: dialog.accept())
    again.get_by_role("button", name="不是您家").tap()
    again.wait_for_function("localStorage.length === 0")


def test_a_newer_review_never_sends_what_was_confirmed_before_it(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, sent = new_page(PHONE), []
    votes = go_to_the_review(page, home := next(homes))
    page.context.set_offline(True)
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    assert page.get_by_role("button", name="正在自动再试").is_disabled()
    told: list[str] = []
    page.once("dialog", lambda dialog: (told.append(dialog.message), dialog.dismiss()))
    page.get_by_role("link", name="返回修改").tap()
    assert "没有网络" in told[0]
    assert page.url.endswith("/review")
    page.on("request", lambda r: sent.append(r.url) if r.url.endswith("/vote") else None)
    page.route("**/rounds/*/vote", lambda route: route.abort())
    page.context.set_offline(False)
    page.get_by_role("link", name="返回修改").tap()
    page.wait_for_url("**/edit")
    page.unroute("**/rounds/*/vote")
    assert len(waiting(page)) == 1
    sent.clear()
    for group in page.locator("fieldset.with-why").all():
        group.locator("label").nth(1).tap()
    page.get_by_role("button", name="下一步").tap()
    page.get_by_text("上次确认的那一次还存在这部手机里").wait_for()
    shoot(page, "phone-review-older")
    assert sent == []
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    page.goto(own_page(home))
    assert page.locator("ol.history li").count() == votes + 1
    assert "不同意" in page.locator("ol.history li").first.inner_html()


def test_a_second_page_of_the_home_says_what_became_of_what_the_first_sent(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home = new_page(PHONE), next(homes)
    go_to_the_review(page, home)
    page.route("**/rounds/*/vote", lambda route: route.abort())
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    other = page.context.new_page()
    other.goto(own_page(home))
    other.wait_for_url("**/receipts/*")
    page.wait_for_url("**/receipts/*")
    assert page.url == other.url


def test_the_page_of_the_poster_says_what_waits_and_sends_it_for_its_home(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, home = new_page(PHONE), next(homes)
    go_to_the_review(page, home)
    again = confirm_and_close(page)
    cookies = again.context.cookies()
    again.context.clear_cookies()
    again.goto(home[0])
    again.get_by_text("您家的表态还存在这部手机里。填户码，接着交。").wait_for()
    _check(again, "phone-building-waits")
    again.context.add_cookies(cookies)
    again.goto(home[0])
    again.wait_for_url("**/receipts/*")
    again.goto(home[0])
    assert again.get_by_text("您家已经表态").is_visible()
    shoot(again, "phone-building-voted")


def test_what_is_none_of_ours_in_the_storage_is_cleared_and_never_sent(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, sent = new_page(PHONE), []
    come_in(page, next(homes))
    key = page.evaluate("'juyi-' + document.querySelector('[data-outbox]').dataset.outbox")
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    for forged in ("5", '"abc"', "[]", "{", '{"url": "https://else.example/rounds/1/vote"}'):
        page.evaluate("([key, forged]) => localStorage.setItem(key, forged)", [key, forged])
        page.reload()
        assert not page.locator("[data-outbox]").is_visible()
        assert waiting(page) == []
    assert sent == []


def test_after_leaving_going_back_shows_nothing_of_the_home(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    go_to_the_review(page, next(homes))
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    page.get_by_role("button", name="请退出").tap()
    page.wait_for_url("**/b/*")
    page.go_back()
    page.wait_for_load_state("networkidle")
    assert "您家" not in page.locator("dl.facts").inner_text()


def test_a_phone_that_another_one_overtook_is_asked_to_look_again_until_somebody_did(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    home, first, second = next(homes), new_page(PHONE), new_page(PHONE)
    go_to_the_review(first, home)
    again = confirm_and_close(first)
    go_to_the_review(second, home)
    second.get_by_role("button", name="确认提交").tap()
    second.wait_for_url("**/receipts/*")
    for _ in range(2):
        again.goto(own_page(home))
        again.get_by_text("您家另有人表过态").wait_for()
    _check(again, "phone-home-look")
    again.get_by_role("link", name="重新看一看").tap()
    again.wait_for_url("**/vote")
    assert again.get_by_text("原来选的已经替您选好").is_visible()
    assert waiting(again) == []


def test_what_waited_beyond_the_close_is_said_not_to_count_with_whom_to_call(
    server: Server, closing: Iterator[Home], new_page: NewPage
) -> None:
    page, home = new_page(PHONE), next(closing)
    go_to_the_review(page, home)
    again = confirm_and_close(page)
    token = home[0].rpartition("/")[2]
    here = sa.select(Building.compound_id).where(Building.token == token).scalar_subquery()
    change(
        server,
        sa.update(Round).where(Round.compound_id == here).values(closes_at=clock.now()),
    )
    again.goto(own_page(home))
    again.get_by_text("征询已经截止，没有计入").wait_for()
    assert again.locator("[data-outbox] a[href^='tel:']").is_visible()
    assert "已经计入" not in again.inner_text("main")
    _check(again, "phone-home-closed")
    again.get_by_role("link", name="知道了").tap()
    again.wait_for_load_state("networkidle")
    assert not again.locator("[data-outbox]").is_visible()


def test_without_storage_the_form_is_a_plain_form(homes: Iterator[Home], new_page: NewPage) -> None:
    page, home, kinds = new_page(PHONE), next(homes), []
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('none'); } });"
    )
    go_to_the_review(page, home)
    page.on("request", lambda r: kinds.append(r.resource_type) if r.method == "POST" else None)
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    assert (page.inner_text("h1"), kinds) == ("已经计入", ["document"])


def test_with_a_full_storage_the_form_is_a_plain_form(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page, kinds = new_page(PHONE), []
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); };")
    go_to_the_review(page, next(homes))
    page.on("request", lambda r: kinds.append(r.resource_type) if r.method == "POST" else None)
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    assert kinds == ["document"]


def test_without_javascript_everything_is_the_same(homes: Iterator[Home], browser: Browser) -> None:
    context = browser.new_context(
        viewport=PHONE, java_script_enabled=False, has_touch=True, is_mobile=True
    )
    page, home = context.new_page(), next(homes)
    page.goto(f"{home[0]}/enter")
    page.get_by_label("户码").fill(home[1])
    page.get_by_role("button", name="进我家").tap()
    page.wait_for_url("**/home")
    choose_everything(page, 1)
    page.locator("details.why summary").first.tap()
    page.get_by_label("用不上").first.tap()
    page.get_by_role("button", name="下一步").tap()
    page.wait_for_url("**/review")
    assert "原因：用不上" in page.inner_text("dl")
    page.get_by_role("button", name="确认提交").tap()
    page.wait_for_url("**/receipts/*")
    assert page.inner_text("h1") == "已经计入"
    context.close()


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "text/html", "<h1>已经计入</h1>"),
        (502, "application/json", "{}"),
        (429, "application/json", '{"status": "busy"}'),
    ],
    ids=["a page of the line's owner", "a proxy", "too many"],
)
def test_nothing_is_called_counted_before_the_server_itself_said_so(
    homes: Iterator[Home], new_page: NewPage, status: int, kind: str, body: str
) -> None:
    page = new_page(PHONE)
    go_to_the_review(page, next(homes))
    page.route(
        "**/rounds/*/vote",
        lambda route: route.fulfill(status=status, content_type=kind, body=body),
    )
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text(KEPT).first.wait_for()
    assert "已经计入" not in page.inner_text("main")
    assert len(waiting(page)) == 1
    page.unroute("**/rounds/*/vote")
    page.wait_for_url("**/receipts/*")


def test_three_quick_taps_make_one_vote_and_the_pages_are_accessible(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    votes = go_to_the_review(page, next(homes))
    _check(page, "phone-review")
    page.evaluate(
        "for (let i = 0; i < 3; i++) document.querySelector('[data-vote] button').click()"
    )
    page.wait_for_url("**/receipts/*")
    _check(page, "phone-receipt")
    page.get_by_role("link", name="回到我家").tap()
    page.wait_for_url("**/home")
    assert page.locator("ol.history li").count() == votes + 1
    _check(page, "phone-home-voted")


def _check(page: Page, name: str) -> None:
    shoot(page, name)
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]


def test_whoever_votes_on_a_second_phone_is_asked_before_anything_is_replaced(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    home, first, second = next(homes), new_page(PHONE), new_page(PHONE)
    for page in (first, second):
        go_to_the_review(page, home)
    first.get_by_role("button", name="确认提交").tap()
    first.wait_for_url("**/receipts/*")
    second.get_by_role("button", name="确认提交").tap()
    second.get_by_role("heading", name="您家已经表过态，要替换吗？").wait_for()
    second.get_by_role("button", name="用这个替换").tap()
    second.wait_for_url("**/receipts/*")
    assert second.url != first.url
