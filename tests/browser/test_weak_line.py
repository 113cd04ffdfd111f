"""A vote from a stairwell with a bad line: counted once, and never called counted too early."""

import json
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route

from tests.browser.conftest import PHONE, Server, shoot

NewPage = Callable[[dict[str, int]], Page]
Home = tuple[str, str]


@pytest.fixture(scope="module")
def homes(serve: Callable[[str], Server]) -> Iterator[Home]:
    """(address of the building, code) of households with an open round, each used once."""
    server = serve("weak")
    facts = json.loads(server.flask("demo", "--json"))
    opened = next(r for r in facts["rounds"] if r["state"] == "open")
    urls = {b["name"]: b["url"] for b in facts["buildings"] if b["compound"] == opened["compound"]}
    return iter(
        [
            (urls[h["building"]], h["code"])
            for h in facts["households"]
            if h["round"] == opened["id"]
        ]
    )


def go_to_the_review(page: Page, home: Home) -> int:
    """By the slip's own QR code to the last page before the vote; how often it voted before."""
    url, code = home
    page.goto(f"{url}/enter#code={code}")
    page.get_by_role("button", name="进我家").tap()
    page.wait_for_url("**/home")
    votes = page.locator("ol.history li").count()
    page.get_by_role("link", name="现在表态").or_(page.get_by_role("link", name="改主意了")).tap()
    page.wait_for_url("**/vote")
    for group in page.locator("fieldset.choice").all():
        group.locator("label").nth(2).tap()
    page.get_by_role("button", name="下一步").tap()
    page.wait_for_url("**/review")
    return votes


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
    page.get_by_text("网络不好").wait_for()
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


def test_whoever_left_the_page_meanwhile_is_told_at_home(
    homes: Iterator[Home], new_page: NewPage
) -> None:
    page = new_page(PHONE)
    go_to_the_review(page, next(homes))
    page.context.set_offline(True)
    page.get_by_role("button", name="确认提交").tap()
    page.get_by_text("网络不好").wait_for()
    page.route("**/rounds/*/vote", lambda route: route.abort())
    page.context.set_offline(False)
    page.goto(page.url.split("/rounds/")[0] + "/home")
    page.get_by_text("上次提交的表态没有计入").wait_for()
    assert page.evaluate("localStorage.getItem('juyi-pending')") == "null"


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
