"""Every page of the sample, as people see it: accessible, nothing sticking out, all in Chinese."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, PHONE, Sample, Server, shoot

NewPage = Callable[[dict[str, int]], Page]

# Words that may stand in Latin letters in the Chinese interface.
LATIN_ALLOWED = re.compile(
    r"English|Language|Juyi|Excel|PDF|PNG|JPG|JPEG|GIF|XLSX?|CSV|ODS|WPS|QR|Ctrl|[Mm]arkdown|http\S*|/b/\S+"
    r"|\.xlsx|\.xls|\.ods|\.csv|GB18030|UTF-8|MB|KB|kg|mm|cm|km|LED|PE|PPR|PVC|DN\d*|SBS|EPS|kW|AED"
    r"|wang\S*|district2?|office2?|worker|admin|127\.0\.0\.1\S*|[A-Z0-9]{12}|[0-9a-f]{4,64}|[A-Z]"
)


def building_of(sample: Sample, compound: str) -> str:
    return next(b["url"] for b in sample["buildings"] if b["compound"] == compound)


def check(page: Page, name: str) -> None:
    """Judge one page as it is shown now, and keep its picture."""
    shoot(page, name)
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{name} sticks out by {wider} px"
    text = LATIN_ALLOWED.sub("", page.inner_text("body"))
    left = re.findall(r"[A-Za-z]{3,}", text)
    assert not left, f"{name} shows {left[:10]}"


def sign_in(page: Page, server: Server, sample: Sample, username: str) -> None:
    page.goto(f"{server.url}/login")
    server.lets_in(page, sample, username)
    page.wait_for_url("**/desk")


def test_every_page_of_the_desk_is_fit_to_be_seen(
    sample: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, facts = sample
    page = new_page(DESK)
    page.goto(f"{server.url}/login")
    check(page, "desk-login")
    sign_in(page, server, facts, "district")
    certified, closed, opened, _ = (r["id"] for r in facts["rounds"])
    for name, path in (
        ("home", ""),
        ("compound", "/compounds/1"),
        ("project", "/compounds/1/project"),
        ("plan-version", "/plans/1"),
        ("prints", "/compounds/1/prints"),
        ("new-round", "/compounds/3/rounds/new"),
        ("board", f"/rounds/{opened}"),
        ("doors", f"/rounds/{opened}/doors"),
        ("preflight", f"/rounds/{opened}/preflight"),
        ("register", f"/rounds/{opened}/register"),
        ("step", f"/rounds/{closed}/steps/publish-result"),
        ("board-certified", f"/rounds/{certified}"),
        ("import", "/roster/import"),
        ("comments", "/comments"),
        ("people", "/people"),
        ("add-person", "/people/new"),
    ):
        answer = page.goto(f"{server.url}/desk{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        check(page, f"desk-{name}")


def test_every_page_of_a_resident_is_fit_to_be_seen(
    sample: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, facts = sample
    page = new_page(PHONE)
    url = building_of(facts, "利水南苑")
    for name, path in (
        ("building", ""),
        ("plan", "/plan"),
        ("comments", "/comments"),
        ("enter", "/enter"),
    ):
        page.goto(url + path)
        check(page, f"phone-{name}")
    opened = facts["rounds"][2]["id"]
    home = next(h for h in facts["households"] if h["round"] == opened)
    page.goto(f"{url}/enter")
    page.get_by_label(re.compile("户码")).fill(home["code"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/home")
    check(page, "phone-home")
    page.goto(f"{server.url}/rounds/{opened}/vote")
    check(page, "phone-vote")


@pytest.mark.parametrize(
    ("compound", "name"),
    [("药材公司家属院", "certified"), ("裕民小区", "closed"), ("工商局家属院", "no-round")],
)
def test_a_building_says_in_every_state_what_is_going_on(
    sample: tuple[Server, Sample], new_page: NewPage, compound: str, name: str
) -> None:
    page = new_page(PHONE)
    page.goto(building_of(sample[1], compound))
    check(page, f"phone-building-{name}")


def test_the_pages_hold_in_the_dark_and_on_a_small_phone(
    sample: tuple[Server, Sample], new_page: NewPage
) -> None:
    page = new_page({"width": 360, "height": 640})
    page.emulate_media(color_scheme="dark")
    for name, path in (("building", ""), ("plan", "/plan"), ("comments", "/comments")):
        page.goto(building_of(sample[1], "银塔南区") + path)
        check(page, f"phone-dark-{name}")
