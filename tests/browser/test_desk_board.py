"""Home, lists, board and door plan in a real browser, on the desk and on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Sample, Server
from tests.browser.residents import Resident
from tests.browser.test_sample_pages import check, sign_in

NewPage = Callable[[dict[str, int]], Page]
Running = tuple[Server, Sample]


def first_building(page: Page, server: Server, round_id: int) -> str:
    """The address of the door plan of the first building of the board."""
    page.goto(f"{server.url}/desk/rounds/{round_id}")
    link = page.locator("table.buildings tbody th a", has_text="1号楼").first
    return f"{server.url}{link.get_attribute('href')}"


@pytest.mark.parametrize(("size", "name"), [(DESK, "desk"), (PHONE, "phone")])
def test_every_page_is_fit_to_be_seen(
    sample: Running, new_page: NewPage, size: dict[str, int], name: str
) -> None:
    server, facts = sample
    page = new_page(size)
    sign_in(page, server, facts, "district")
    check(page, f"{name}-home")
    _, _, opened, large = (r["id"] for r in facts["rounds"])
    for what, path in (
        ("compounds", "compounds"),
        ("share", f"rounds/{opened}/share"),
        ("board", f"rounds/{large}"),
    ):
        page.goto(f"{server.url}/desk/{path}")
        check(page, f"{name}-{what}")
    page.goto(first_building(page, server, large))
    check(page, f"{name}-building")
    assert page.locator(".door-plan tbody tr").count() > 0


def test_a_building_of_six_floors_and_four_entrances_fits_one_screen(
    sample: Running, new_page: NewPage
) -> None:
    server, facts = sample
    page = new_page(DESK)
    sign_in(page, server, facts, "district")
    page.goto(first_building(page, server, facts["rounds"][3]["id"]))
    assert page.locator(".door-plan tbody tr").count() == 6
    assert page.locator(".door-plan thead th").count() == 5
    assert page.evaluate("document.documentElement.scrollHeight") <= DESK["height"]


def test_a_phone_scrolls_inside_the_plan_alone(sample: Running, new_page: NewPage) -> None:
    server, facts = sample
    page = new_page(PHONE)
    sign_in(page, server, facts, "district")
    page.goto(first_building(page, server, facts["rounds"][3]["id"]))
    plan = page.locator(".scroll")
    assert plan.evaluate("p => p.scrollWidth > p.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.alone
def test_a_vote_changes_the_door_plan_within_two_seconds(
    sample: Running, new_page: NewPage
) -> None:
    server, facts = sample
    opened = next(r for r in facts["rounds"] if r["state"] == "open")
    home = next(h for h in facts["households"] if h["round"] == opened["id"] and not h["voted"])
    urls = {b["name"]: b["url"] for b in facts["buildings"] if b["compound"] == opened["compound"]}
    desk, phone = new_page(DESK), new_page(PHONE)
    sign_in(desk, server, facts, "district")
    desk.goto(f"{server.url}/desk/rounds/{opened['id']}")
    desk.locator("table.buildings tbody th a", has_text=home["building"]).click()
    voted = desk.locator("[data-key=voted]")
    before = int(voted.inner_text())
    way = Resident(phone, urls[home["building"]], home["code"]).goes()
    while next(way) != "review":
        assert int(voted.inner_text()) == before
    next(way)
    expect(voted).to_have_text(str(before + 1), timeout=2000)


def test_the_screen_can_be_filled_and_the_text_copied(sample: Running, new_page: NewPage) -> None:
    server, facts = sample
    page = new_page(DESK)
    sign_in(page, server, facts, "district")
    round_id = facts["rounds"][2]["id"]
    page.goto(f"{server.url}/desk/rounds/{round_id}/share")
    page.get_by_role("button", name="复制文字").click()
    page.get_by_role("button", name="已复制").wait_for()
    page.goto(f"{server.url}/desk/rounds/{round_id}?wall=1")
    page.get_by_role("button", name="全屏").click()
    expect(page.locator("html:fullscreen")).to_have_count(1)


def test_what_is_unfolded_stays_so_while_the_board_lives(
    sample: Running, new_page: NewPage
) -> None:
    server, facts = sample
    page = new_page(DESK)
    sign_in(page, server, facts, "district")
    page.goto(f"{server.url}/desk/rounds/{facts['rounds'][3]['id']}")
    page.locator(".course summary").click()
    with page.expect_response(lambda answer: "/live" in answer.url and answer.status == 304):
        pass
    page.evaluate("document.querySelector('[data-part=course]').dataset.shown = 'older'")
    page.context.add_cookies([{"name": "language", "value": "en", "url": server.url}])
    with page.expect_response(lambda answer: "/live" in answer.url and answer.status == 200):
        pass
    page.get_by_text("Renovation plan").first.wait_for()
    assert page.locator(".course details").get_attribute("open") is not None
