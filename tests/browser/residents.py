"""A resident in the stairwell: from the poster to the receipt, as fingers do it."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page

from app.accounts.codes import SELECTOR_DIGITS
from app.accounts.models import HouseholdCode
from app.rounds.models import Channel, RegisterEntry, Vote
from tests.browser.conftest import Sample, Server

# A phone of 2018 inside WeChat.
WECHAT = (
    "Mozilla/5.0 (Linux; Android 8.1.0; V1732A Build/OPM1; wv) AppleWebKit/537.36 (KHTML, like "
    "Gecko) Version/4.0 Chrome/66.0.3359.126 MQQBrowser/6.2 TBS/045130 Mobile Safari/537.36 "
    "MicroMessenger/7.0.10.1580(0x27000A5E) Process/tools NetType/2G Language/zh_CN ABI/arm64"
)

# How the codes of homes begin that have a paper form.
_ON_PAPER = (
    sa.select(HouseholdCode.selector)
    .join(RegisterEntry, RegisterEntry.household_id == HouseholdCode.household_id)
    .join(Vote, Vote.entry_id == RegisterEntry.id)
    .where(Vote.channel == Channel.PAPER)
)


def phone(
    browser: Browser,
    server: Server,
    *,
    width: int = 390,
    height: int = 844,
    size: str = "standard",
    language: str = "zh_Hans_CN",
    scripts: bool = True,
) -> BrowserContext:
    """A phone that has already chosen its text size and language."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        user_agent=WECHAT,
        java_script_enabled=scripts,
    )
    context.set_default_timeout(15_000)
    for name, value in (("size", size), ("language", language)):
        context.add_cookies([{"name": name, "value": value, "url": server.url}])
    return context


class Resident:
    """Somebody with a slip; counts the taps from the poster to the receipt."""

    def __init__(self, page: Page, url: str, code: str) -> None:
        self.page, self.url, self.code = page, url, code
        self.taps = 0

    def tap(self, selector: str) -> None:
        """Put a finger on the first of what `selector` names."""
        self.page.locator(selector).first.tap()
        self.taps += 1

    def goes(self, *, by_the_plan: bool = True) -> Iterator[str]:
        """Each page on the way by its name, once it is there."""
        page = self.page
        page.goto(self.url)
        yield "building"
        if by_the_plan:
            self._follow("main a[href*='/plan']", r"/plan")
            yield "plan"
        self._follow("main a[href*='/enter']", r"/enter")
        yield "enter"
        page.fill("[name=code]", self.code)
        self._follow("main form:has([name=code]) button[type=submit]", r"/home$")
        yield "home"
        self._follow("main a[href$='/vote']", r"/vote$")
        yield "vote"
        self._answer()
        yield "review"
        self._follow("main form[action$='/vote'] button[type=submit]", r"/receipts/\w+$")
        yield "receipt"

    def _follow(self, selector: str, target: str) -> None:
        self.tap(selector)
        self.page.wait_for_url(re.compile(rf"^[^?]*{target}"))

    def _answer(self) -> None:
        """One answer to every question, whether they stand on one page or on several."""
        for _page in range(12):
            names = self.page.eval_on_selector_all(
                "input[type=radio][name^=matter-]", "all => [...new Set(all.map(i => i.name))]"
            )
            for name in names:
                self.tap(f"label:has(input[name='{name}'])")
            with self.page.expect_navigation():
                self.tap("main form:has([name=request_id]) button[type=submit]")
            if urlsplit(self.page.url).path.endswith("/review"):
                return
        raise AssertionError(f"no review after twelve pages, but {self.page.url}")


def residents(sample: Sample) -> Iterator[tuple[str, str]]:
    """(address of the building, code) of households with an open round, each once."""
    opened = next(r for r in sample["rounds"] if r["state"] == "open")
    urls = {b["name"]: b["url"] for b in sample["buildings"] if b["compound"] == opened["compound"]}
    for home in sample["households"]:
        if home["round"] == opened["id"]:
            yield urls[home["building"]], home["code"]


def without_papers(server: Server, sample: Sample) -> tuple[Server, Sample]:
    """The same without the homes that have a paper form.

    Another answer by phone begins a conflict there, and then nobody may answer again.
    """
    engine = sa.create_engine(server.env["JUYI_DATABASE_URL"])
    with engine.connect() as connection:
        papers = set(connection.execute(_ON_PAPER).scalars())
    engine.dispose()
    homes = [h for h in sample["households"] if h["code"][:SELECTOR_DIGITS] not in papers]
    return server, {**sample, "households": homes}
