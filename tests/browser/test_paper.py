"""Forms on paper by two people who do not see each other's entry, and by a third where they differ.

At the desk with the keyboard alone, on a phone for the photograph; every page on the way is looked
at by axe.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Sample, Server, shoot

NewPage = Callable[[dict[str, int]], Page]


class Clerk:
    """One of the office, at the PC or with a phone."""

    def __init__(self, page: Page, server: Server, sample: Sample, username: str) -> None:
        self.page, self.url = page, server.url
        page.goto(f"{server.url}/login")
        server.lets_in(page, sample, username)
        page.wait_for_url("**/desk")

    def opens(self, path: str, name: str = "") -> None:
        """A page of the desk that axe finds nothing wrong with."""
        self.page.goto(f"{self.url}/desk{path}")
        self.looks(name)

    def looks(self, name: str = "") -> None:
        """Axe, and a picture for human eyes."""
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()
        if name:
            shoot(self.page, name)

    def prints(self, round_id: str, folder: Path) -> bytes:
        """All forms of a round; the PDF."""
        self.opens(f"/rounds/{round_id}/paper/print", "paper-print")
        self.page.get_by_role("button", name="编号并生成 PDF").click()
        expect(self.page.locator("progress")).to_have_count(0, timeout=60_000)
        self.looks("paper-batch")
        with self.page.expect_download() as fetched:
            self.page.get_by_role("link", name="下载 PDF").click()
        fetched.value.save_as(folder / "forms.pdf")
        return (folder / "forms.pdf").read_bytes()

    def photographs(self, round_id: str, picture: Path, name: str = "") -> str:
        """Send the picture of a form; its serial as the server read it."""
        self.opens(f"/rounds/{round_id}/paper/enter", name)
        self.page.set_input_files("#file", picture)
        self.page.get_by_role("button", name="下一步").click()
        self.page.wait_for_url("**/key")
        return str(re.findall(r"R\d+-\d+-\d", self.page.inner_text("h1"))[0])

    def enlarges(self) -> None:
        """The photograph grows by a button in its own corner, wherever one has scrolled."""
        before = self.page.locator(".photo img").bounding_box()
        more, part = self.page.locator("[data-more]"), self.page.locator(".photo")
        corner, whole = more.bounding_box(), part.bounding_box()
        assert before
        assert corner
        assert whole
        assert whole["x"] <= corner["x"] <= whole["x"] + whole["width"] - corner["width"]
        assert whole["y"] <= corner["y"] <= whole["y"] + whole["height"] - corner["height"]
        more.tap()
        after = self.page.locator(".photo img").bounding_box()
        assert after
        assert after["width"] > before["width"]
        shoot(self.page, "paper-key-phone-enlarged")

    def keys(self, digits: str, name: str = "") -> str:
        """By the keyboard alone: a digit per question, Enter; what the next page says."""
        expect(self.page.locator(".photo img")).to_be_visible()
        if name:
            self.looks(name)
        for digit in digits:
            self.page.keyboard.press(digit)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("p[role=status]")
        return self.page.inner_text("p[role=status]")


def pictures(pdf: bytes, folder: Path, count: int) -> list[Path]:
    """The first pages of a PDF as photographs."""
    paths = []
    with pypdfium2.PdfDocument(pdf) as document:
        for place in range(count):
            path = folder / f"form-{place}.jpg"
            document[place].render(scale=150 / 72).to_pil().convert("RGB").save(path)
            paths.append(path)
    return paths


@pytest.fixture
def round_id(sample: tuple[Server, Sample]) -> str:
    opened = [one for one in sample[1]["rounds"] if one["state"] == "open"]
    return str(min(opened, key=lambda one: int(one["households"]))["id"])


def test_paper_goes_through_two_hands_and_a_third_where_they_differ(
    new_page: NewPage, sample: tuple[Server, Sample], round_id: str, tmp_path: Path
) -> None:
    server, told = sample
    first = Clerk(new_page(DESK), server, told, "worker")
    one, other = pictures(first.prints(round_id, tmp_path), tmp_path, 2)
    # At the PC the first entry is all keys: agree, agree, signed.
    serial = first.photographs(round_id, one, "paper-enter")
    assert "第一次录入已保存" in first.keys("111", "paper-key")
    with_phone = Clerk(new_page(PHONE), server, told, "worker")
    differing = with_phone.photographs(round_id, other, "paper-enter-phone")
    with_phone.looks("paper-key-phone")
    with_phone.enlarges()
    for label in ("同意", "同意", "有"):
        name = {"同意": "agree", "有": "yes"}[label]
        for box in with_phone.page.locator(f"input[type=radio][value={name}]").all():
            box.check()
    with_phone.page.get_by_role("button", name="保存，下一张").tap()
    expect(with_phone.page.locator("p[role=status]")).to_contain_text("第一次录入已保存")
    second = Clerk(new_page(DESK), server, told, "office")
    second.opens("/paper/waiting", "paper-queue")
    second.page.get_by_role("link", name=serial).click()
    assert "两人录入一致，已计入" in second.keys("111")
    # The next one is there at once; this time the second person reads something else.
    assert differing in second.page.inner_text("h1")
    assert "转给第三个人" in second.keys("211")
    third = Clerk(new_page(DESK), server, told, "district")
    third.opens("/paper/waiting")
    third.page.get_by_role("link", name=differing).click()
    assert "已计入" in third.keys("111")
    third.opens(f"/rounds/{round_id}/paper", "paper-overview")
    assert third.page.locator(".paper-sums dd").all_inner_texts()[5] == "2"
    third.opens(f"/rounds/{round_id}/paper/forms", "paper-register")
    third.opens(f"/rounds/{round_id}/paper/hand-out?handing=left", "paper-hand-out")
    third.opens(f"/rounds/{round_id}/paper/hints", "paper-hints")
    third.page.goto(f"{server.url}/desk/paper/s/{serial}")
    third.looks("paper-form")
    third.opens(f"/rounds/{round_id}/paper/forms.xlsx", "paper-export")
    asking = Clerk(new_page(PHONE), server, told, "office")
    void(asking, third, round_id)


def void(asking: Clerk, agreeing: Clerk, round_id: str) -> None:
    """A form that came back is void when a second person agrees."""
    asking.opens(f"/rounds/{round_id}/paper/forms?state=printed", "paper-register-phone")
    asking.page.locator("th a").first.tap()
    asking.page.wait_for_url("**/paper/forms/*")
    serial = asking.page.inner_text("h1")
    asking.page.get_by_role("button", name="登记：收回").tap()
    expect(asking.page.locator("p[role=status]")).to_contain_text(serial)
    asking.opens(f"/paper/s/{serial}")
    asking.page.get_by_role("link", name="作废这张表").tap()
    asking.page.get_by_label("印坏或弄坏了").check()
    asking.looks("paper-void-phone")
    asking.page.get_by_label("说明").fill("泡了水，看不出是谁签的")
    asking.page.get_by_role("button", name="提出作废").tap()
    expect(asking.page.locator("p[role=status]")).to_contain_text("等另一个人同意")
    agreeing.opens(f"/rounds/{round_id}/paper", "paper-void-asked")
    agreeing.page.get_by_role("link", name=serial).click()
    agreeing.page.get_by_role("link", name="同意或不同意作废").click()
    agreeing.page.get_by_label("同意作废", exact=True).check()
    agreeing.looks("paper-void-judge")
    agreeing.page.get_by_role("button", name="确定").click()
    expect(agreeing.page.locator(".lead .stage")).to_have_text("作废")
    agreeing.looks("paper-void-form")
