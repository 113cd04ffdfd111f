"""Cases at the desk, by hand: a conflict settled by two, an objection that changes the count."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Sample, Server
from tests.browser.test_sample_pages import check, sign_in

NewPage = Callable[[dict[str, int]], Page]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A photograph of a form."""
    Image.linear_gradient("L").resize((900, 1200)).save(tmp_path / "form.jpg")
    return tmp_path / "form.jpg"


def at_desk(server: Server, sample: Sample, new_page: NewPage, name: str, size: str) -> Page:
    page = new_page(PHONE if size == "phone" else DESK)
    sign_in(page, server, sample, name)
    return page


def opened(page: Page, kind: str) -> None:
    """The first case of this kind, from the queue."""
    page.goto(f"{page.url.split('/desk')[0]}/desk/cases?kind={kind}")
    page.locator("tbody th a").first.click()
    page.wait_for_load_state()


def agreed(page: Page, url: str) -> None:
    """A second person reads what would happen, and agrees."""
    page.goto(url)
    page.get_by_role("link", name="同意", exact=True).click()
    expect(page.locator("table.verdicts")).to_be_visible()
    page.get_by_role("button", name="同意，马上生效").click()
    expect(page.locator("main")).to_contain_text("已同意，现在生效")


def spoken(page: Page) -> int:
    """How many households have spoken now, as the page tells before anybody agrees."""
    line = page.locator("table.changes tr", has_text="已表态").first.inner_text()
    found = re.findall(r"(\d+) 户", line)
    return int(found[0]) - int(found[1])


def test_a_conflict_is_settled_by_two_and_an_objection_changes_the_count(
    sample: tuple[Server, Sample], new_page: NewPage, paper: Path
) -> None:
    server, facts = sample
    first = at_desk(server, facts, new_page, "district", "desk")
    second = at_desk(server, facts, new_page, "district2", "phone")
    first.goto(f"{server.url}/desk/cases")
    check(first, "desk-cases")
    second.goto(f"{server.url}/desk/cases")
    check(second, "phone-cases")

    # Somebody takes the conflict, leaves a note, and proposes with a photograph.
    opened(first, "conflict")
    first.get_by_role("link", name="接手").click()
    check(first, "desk-case-hand-over")
    first.get_by_role("button", name="记下").click()
    first.get_by_role("link", name="给同事留言").click()
    first.get_by_label("留言").fill("打过电话，说纸质表是儿子填的。")
    first.get_by_role("button", name="记下").click()
    expect(first.locator("ol.story")).to_contain_text("儿子填的")
    check(first, "desk-case-conflict")
    first.get_by_label("改用后来那次").check()
    first.get_by_label("理由").fill("本人到社区说以纸质表为准。")
    first.get_by_label("照片").set_input_files(paper)
    first.get_by_role("button", name="提交，等第二个人").click()
    expect(first.locator("main")).to_contain_text("不能自己同意")
    expect(first.locator("img.evidence")).to_be_visible()
    check(first, "desk-case-proposed")
    second.goto(first.url)
    expect(second.locator("img.evidence")).to_be_visible()
    check(second, "phone-case-proposed")
    agreed(second, first.url)
    check(second, "phone-case-settled")
    first.goto(f"{server.url}/desk/cases?kind=conflict")
    expect(first.locator("main")).to_contain_text("没有这样的事")

    # An objection is upheld: the vote is struck out, and the count says so before and after.
    opened(first, "objection")
    first.get_by_role("link", name="写答复").click()
    expect(first.locator(".ways-ahead")).to_contain_text("户")
    check(first, "desk-case-answer")
    first.get_by_role("textbox", name="答复").fill("查过了，这张表不是这一户交的。")
    first.get_by_label("这一票作废").check()
    first.get_by_role("textbox", name="依据").fill("本人的书面说明")
    first.get_by_role("button", name="提交，等第二个人").click()
    assert spoken(first) == 1
    before = spoken_on_board(second, server, facts)
    agreed(second, first.url)
    assert spoken_on_board(second, server, facts) == before - 1


def spoken_on_board(page: Page, server: Server, sample: Sample) -> int:
    closed = sample["rounds"][1]["id"]
    page.goto(f"{server.url}/desk/rounds/{closed}")
    found = re.search(r"(\d+)\s*/\s*\d+ 户", page.locator(".state").first.inner_text())
    assert found, page.locator(".state").first.inner_text()
    return int(found.group(1))
