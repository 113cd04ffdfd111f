"""What a screen reader reads on the vote page: the paper form, in its order and nothing else."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from app.rounds.reasons import Reason
from tests.browser.conftest import PHONE, Sample, Server
from tests.browser.test_weak_line import come_in

PAPER_FORM = """
- main:
  - heading "1号楼1单元301 表态" [level=1]
  - paragraph:
    - text: 方案第 1 版 ·
    - link "再看一遍方案"
  - group "1. 您家同意这份改造方案吗？":
    - text: 1. 您家同意这份改造方案吗？
    - radio "同意"
    - text: 同意
    - radio "不同意"
    - text: 不同意
    - radio "弃权"
    - text: 弃权
  - group: 不同意的原因（可以不说）
  - group "2. 您家同意改造以后这样管理小区吗？":
    - text: 2. 您家同意改造以后这样管理小区吗？
    - radio "同意"
    - text: 同意
    - radio "不同意"
    - text: 不同意
    - radio "弃权"
    - text: 弃权
  - group: 不同意的原因（可以不说）
  - text: 还有话想说吗？（可以不写）
  - textbox "还有话想说吗？（可以不写）"
  - paragraph: 社区会看到。一共最多 500 个字。
  - paragraph:
    - checkbox "社区可以就这件事给我家打电话"
    - text: 社区可以就这件事给我家打电话
  - paragraph: 打了勾，社区就知道是您家，也知道上面的话是您家写的；选了什么还是看不到。
  - button "下一步：核对"
  - paragraph: 这一步还不提交。
  - list:
    - listitem:
      - link "怎么算：要多少户同意"
    - listitem:
      - link "先不表态，回到我家"
"""


@pytest.fixture(scope="module")
def form(serve_sample: Callable[[str], tuple[Server, Sample]]) -> tuple[str, str]:
    """(address of the building, code) of a household of an open round that asks two things."""
    _server, facts = serve_sample("transcript")
    opened = next(r for r in facts["rounds"] if r["state"] == "open")
    home = next(
        h
        for h in facts["households"]
        if (h["round"], h["building"], h["room"]) == (opened["id"], "1号楼", "301")
    )
    urls = {b["name"]: b["url"] for b in facts["buildings"] if b["compound"] == opened["compound"]}
    return urls[home["building"]], home["code"]


def test_the_vote_page_reads_like_the_paper_form(
    form: tuple[str, str], new_page: Callable[[dict[str, int]], Page]
) -> None:
    page = new_page(PHONE)
    come_in(page, form)
    page.get_by_role("link", name="现在表态").tap()
    page.wait_for_url("**/vote")
    assert read(page, "main") == PAPER_FORM.strip()
    page.locator("details.why summary").first.tap()
    whys = [str(reason.label) for reason in Reason] + ["不说原因"]
    assert re.findall('radio "(.*)"', read(page, "details.why[open]")) == whys
    assert 'radiogroup "不同意的原因（可以不说）"' in read(page, "details.why[open]")


def read(page: Page, where: str) -> str:
    """The accessibility tree, without the addresses of its links."""
    tree = page.locator(where).aria_snapshot()
    return re.sub(r":?\n *- /url: .*", "", tree)
