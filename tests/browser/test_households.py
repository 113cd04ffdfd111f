"""A home gets another phone by two persons; its vote waits, is confirmed, and is looked at."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Sample, Server, shoot

NewPage = Callable[[dict[str, int]], Page]
NEW, COMPOUND = "13912345678", "利水南苑"


@pytest.fixture(scope="module")
def sample_with_messages(serve: Callable[[str], Server]) -> tuple[Server, Sample]:
    """The sample, with a gateway that writes what would be sent into a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUYI_SMS", "file")
        server = serve("households")
    return server, json.loads(server.flask("demo", "--json"))


class Person:
    """Somebody at the desk."""

    def __init__(self, page: Page, server: Server, sample: Sample, username: str) -> None:
        self.page, self.url = page, server.url
        page.goto(f"{server.url}/login")
        server.lets_in(page, sample, username)
        page.wait_for_url("**/desk")

    def finds(self, words: str, address: str) -> None:
        """Look a home up and open its story."""
        self.page.goto(f"{self.url}/desk/households")
        self.page.get_by_label("房号、姓名或电话").fill(words)
        self.page.get_by_role("button", name="查找").click()
        row = self.page.locator("tr", has_text=COMPOUND)
        row.get_by_role("link", name=address, exact=True).click()
        expect(self.page.locator("h1")).to_have_text(address)

    def sends(self, **fields: str) -> None:
        """Fill the form of this page and send it; nothing may be wrong with it."""
        for name, value in fields.items():
            self.page.fill(f"main [name={name}]", value)
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_load_state()
        assert self.page.locator("[role=alert]").count() == 0, self.page.inner_text("main")[:500]


def check(page: Page, name: str) -> None:
    """Judge one page as it is shown now, and keep its picture."""
    shoot(page, name)
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{name} sticks out by {wider} px"


def silent_home(sample: Sample) -> dict[str, str]:
    """A home of the open round of the small compound that has not said anything."""
    [round_] = [r for r in sample["rounds"] if r["compound"] == COMPOUND]
    homes = [h for h in sample["households"] if h["round"] == round_["id"] and not h["voted"]]
    return homes[0]


def code_sent(server: Server, phone: str) -> str:
    """The one-time code that was sent to a phone, once it is there."""
    kept = Path(server.env["JUYI_INSTANCE_DIR"]) / "messages.jsonl"
    for _ in range(100):
        lines = kept.read_text().splitlines() if kept.exists() else []
        sent = [json.loads(line) for line in lines]
        found = [re.search(r"\d{6}", m["text"]) for m in sent if m["to"] == phone]
        codes = [one.group() for one in found if one]
        if codes:
            return codes[-1]
        time.sleep(0.1)
    raise AssertionError("no code was sent")


def test_a_new_phone_a_vote_that_waits_and_a_look_that_the_home_is_shown(
    sample_with_messages: tuple[Server, Sample], new_page: NewPage
) -> None:
    server, sample = sample_with_messages
    home = silent_home(sample)
    door = [home[part] for part in ("building", "entrance", "room")]
    address = "".join(door)
    building = next(
        b["url"]
        for b in sample["buildings"]
        if (b["compound"], b["name"]) == (COMPOUND, home["building"])
    )
    worker = Person(new_page(PHONE), server, sample, "worker")
    office = Person(new_page(DESK), server, sample, "office2")

    worker.finds(address, address)
    check(worker.page, "household-phone")
    worker.page.get_by_role("link", name="改手机号").click()
    worker.sends(phone=NEW, reason="住户说换了号码", paper="身份证当面核对")
    check(worker.page, "household-change-phone")

    office.page.goto(f"{server.url}/desk/home-changes")
    office.page.get_by_role("link", name=re.compile(address)).click()
    office.page.get_by_role("link", name="同意…", exact=True).click()
    check(office.page, "household-change-approve-desk")
    office.sends()
    expect(office.page.locator("main")).to_contain_text("已同意")

    resident = new_page(PHONE)
    come_in_by_phone(resident, server, building, door)
    vote(resident)
    expect(resident.locator("main")).to_contain_text("登记还不到 24 小时")
    check(resident, "household-waits-review")
    resident.get_by_role("button", name="确认提交").tap()
    expect(resident.locator("h1")).to_have_text("先记下了，还不计入")
    check(resident, "household-waits-receipt")
    resident.get_by_role("link", name="回到我家").tap()
    expect(resident.get_by_role("button", name="是我们家的意见，确认")).to_have_count(0)
    check(resident, "household-waits-home")

    with_slip = new_page(PHONE)
    with_slip.goto(f"{building}/enter")
    with_slip.fill("[name=code]", home["code"])
    with_slip.get_by_role("button", name="进我家").tap()
    with_slip.get_by_role("button", name="是我们家的意见，确认").tap()
    expect(with_slip.locator("h1")).to_have_text("已经计入")

    office.finds(address, address)
    check(office.page, "household-desk")
    office.page.get_by_role("link", name="查看这一户的表态").click()
    office.sends(reason="住户来电说不是自己表的态")
    expect(office.page.locator("main")).to_contain_text("同意")
    check(office.page, "household-opened-desk")
    with_slip.goto(f"{server.url}/home")
    looks = with_slip.locator("#looks")
    expect(looks).to_contain_text("住户来电说不是自己表的态")
    expect(looks).to_contain_text("街道（乡镇）办")
    check(with_slip, "household-looked-at-home")


def come_in_by_phone(page: Page, server: Server, building: str, door: list[str]) -> None:
    """Room, phone on file, and the code that the phone receives."""
    page.goto(f"{building}/enter")
    page.locator("summary", has_text="用登记的手机号进").tap()
    entrance = page.locator("[name=entrance]").last
    if entrance.evaluate("control => control.tagName") == "SELECT":
        entrance.select_option(door[1])
    else:
        entrance.fill(door[1])
    page.locator("[name=room]").last.fill(door[2])
    page.fill("[name=phone]", NEW)
    page.locator("form:has([name=phone]) button[type=submit]").tap()
    page.wait_for_load_state()
    page.fill("[name=otp]", code_sent(server, NEW))
    page.get_by_role("button", name="进我家").tap()
    page.wait_for_url("**/home")


def vote(page: Page) -> None:
    """Agree to everything, up to the review."""
    page.locator("main a[href$='/vote']").first.tap()
    page.wait_for_url("**/vote")
    names = page.eval_on_selector_all(
        "input[type=radio][name^=matter-]", "all => [...new Set(all.map(i => i.name))]"
    )
    for name in names:
        page.locator(f"label:has(input[name='{name}'])").first.tap()
    page.locator("main form:has([name=request_id]) button[type=submit]").first.tap()
    page.wait_for_url("**/review")
