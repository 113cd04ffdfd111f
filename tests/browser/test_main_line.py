"""From the office's Excel file to live consent: the whole line, by hand, in a real browser."""

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, ROOT, Server, shoot

SAMPLE = ROOT / "app" / "demo" / "roster-litong.xlsx"
COMPOUND = "裕民小区"
PASSWORD = "a password for the journey"
NewPage = Callable[[dict[str, int]], Page]


class Worker:
    """Somebody at the desk."""

    def __init__(self, page: Page, server: Server, username: str) -> None:
        code = server.flask("staff", "code", username).strip()
        self.page, self.url = page, server.url
        page.goto(f"{server.url}/login")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.fill("#otp", code)
        page.get_by_role("button", name="登录").click()
        page.wait_for_url("**/desk")

    def opens(self, path: str) -> None:
        """Go to a page of the desk."""
        answer = self.page.goto(f"{self.url}/desk{path}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def fills(self, path: str, **fields: str) -> None:
        """Fill the form of a page and send it; what comes back must not be an error."""
        self.opens(path)
        for name, value in fields.items():
            control = self.page.locator(f"[name='{name.replace('__', '-')}']").first
            if control.evaluate("control => control.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)
        self.page.locator("main form button[type=submit]").first.click()
        self.page.wait_for_load_state()
        assert self.page.locator("[role=alert]").count() == 0, self.page.inner_text("main")[:600]

    def waits_for_job(self, words: str) -> None:
        """Until the progress bar is gone and the page says so."""
        expect(self.page.locator("progress")).to_have_count(0, timeout=60_000)
        expect(self.page.locator("main")).to_contain_text(words, timeout=60_000)

    def takes_step(self, round_id: str, name: str) -> None:
        """One step of a round, through its confirm page."""
        self.opens(f"/rounds/{round_id}/steps/{name}")
        self.page.locator("main form button[type=submit]").click()
        self.page.wait_for_url(f"**/desk/rounds/{round_id}/preflight")


@pytest.fixture(scope="module")
def server(serve: Callable[[str], Server]) -> Server:
    started = serve("line")
    for username in ("first", "second"):
        started.flask("staff", "create", username, "--role", "office", "--password", PASSWORD)
    return started


def test_from_the_excel_file_to_live_consent(
    server: Server, new_page: NewPage, tmp_path: Path
) -> None:
    first = Worker(new_page(DESK), server, "first")
    second = Worker(new_page(DESK), server, "second")
    compound_id = import_the_ledger(first)
    write_and_publish_the_plan(first, second, compound_id)
    round_id = prepare_the_round(first, second, compound_id)
    url = print_and_decode_the_poster(first, compound_id, tmp_path)
    code, own_url = print_and_read_a_slip(first, compound_id, tmp_path)
    first.takes_step(round_id, "open")
    first.opens(f"/rounds/{round_id}")
    shoot(first.page, "line-board-before")
    assert urlsplit(own_url).path.startswith(urlsplit(url).path)
    resident = new_page(PHONE)
    vote_on_the_phone(resident, url, code, round_id)
    the_board_follows(first.page)
    change_the_vote(resident, server, round_id)
    ask_and_be_answered(resident, first, url)
    counted = server.flask("rounds", "tally", round_id, "--recount")
    assert "0/18 0.0 %" in counted
    assert "1/18 5.5 %" in counted
    server.flask("journal", "verify", round_id)


def import_the_ledger(first: Worker) -> str:
    first.opens("/roster/import")
    first.page.set_input_files("[name=file]", SAMPLE)
    first.page.select_option("[name=community]", "new")
    first.page.fill("[name=new_community]", "枣园社区")
    first.page.locator("main form button[type=submit]").click()
    first.waits_for_job("1845")
    shoot(first.page, "line-import-preview")
    first.page.locator("form[action$=confirm] button").click()
    first.waits_for_job("1845")
    shoot(first.page, "line-import-result")
    first.opens("/compounds?q=" + COMPOUND)
    link = first.page.get_by_role("link", name=COMPOUND, exact=True).first
    return str(link.get_attribute("href")).rsplit("/", 1)[1]


def write_and_publish_the_plan(first: Worker, second: Worker, compound_id: str) -> None:
    first.fills(
        f"/compounds/{compound_id}/project",
        name="裕民小区改造项目",
        construction_unit="利通区住建局",
        supervising_unit="胜利镇",
        responsible_person="王建国",
        phone="0953-5550100",
        budget="500000",
    )
    first.opens(f"/compounds/{compound_id}/project")
    plan = first.page.locator("a[href*='/desk/plans/']").first.get_attribute("href")
    path = "/plans/" + str(plan).split("/desk/plans/")[1].split("/")[0]
    first.fills(f"{path}/summary", summary="换水管、修屋面、补路灯，明年四月动工，每户不用出钱。")
    first.fills(
        f"{path}/items",
        items__0__category="basic",
        items__0__name="更换给水管",
        items__0__quantity="1200",
        items__0__unit="米",
        items__0__cost="500000",
    )
    first.fills(
        f"{path}/money",
        funds__0__amount="500000",
        share_per_household="0",
        share_per_area="0",
        share_note="居民不出资。",
    )
    first.fills(f"{path}/design", design="楼顶加保温层，外墙刷**浅黄色**。")
    first.fills(
        f"{path}/construction",
        starts_on="2027-04-01",
        finishes_on="2027-09-30",
        construction="四月进场，九月完工。",
    )
    first.fills(
        f"{path}/management",
        mode="self",
        services="- 保洁\n- 门卫",
        fee_per_area="0.40",
        fee_note="每月收一次。",
        subsidy="无",
    )
    first.opens(f"{path}/pictures")
    picture = ROOT / "artefacts" / "line-board-picture.png"
    first.page.screenshot(path=picture)
    first.page.select_option("[name=section]", "design")
    first.page.fill("[name=caption]", "改造后的样子")
    first.page.set_input_files("[name=file]", picture)
    first.page.locator("main form[enctype] button[type=submit]").click()
    first.page.wait_for_load_state()
    first.opens(path)
    shoot(first.page, "line-plan")
    first.page.locator("form[action$=submit] button").click()
    first.page.wait_for_load_state()
    second.opens(f"{path}/publish")
    second.page.locator("form[action$=publish] button").click()
    second.page.wait_for_load_state()
    shoot(second.page, "line-plan-published")


def prepare_the_round(first: Worker, second: Worker, compound_id: str) -> str:
    closes = datetime.now() + timedelta(days=15)
    first.fills(
        f"/compounds/{compound_id}/rounds/new",
        closes_at=closes.strftime("%Y-%m-%dT18:00"),
        phone="0953-5550100",
    )
    round_id = re.findall(r"/rounds/(\d+)/", first.page.url)[0]
    first.takes_step(round_id, "submit")
    second.takes_step(round_id, "confirm")
    first.takes_step(round_id, "publish-register")
    first.takes_step(round_id, "freeze")
    shoot(first.page, "line-preflight")
    return str(round_id)


def print_and_decode_the_poster(first: Worker, compound_id: str, folder: Path) -> str:
    """Order the posters, fetch the PDF, and read its QR as a phone would."""
    first.opens(f"/compounds/{compound_id}/prints")
    shoot(first.page, "line-prints")
    first.page.locator("form[action$=posters] button").first.click()
    pdf = fetch_print(first, folder / "posters.pdf")
    document = pypdfium2.PdfDocument(pdf)
    found = {code.text for page in document for code in zxingcpp.read_barcodes(as_image(page, 150))}
    [url] = found
    assert url.startswith(f"{first.url}/b/")
    return url


def print_and_read_a_slip(first: Worker, compound_id: str, folder: Path) -> tuple[str, str]:
    """Print every slip; the first one's code and the address of its personal QR."""
    first.opens(f"/compounds/{compound_id}/slips")
    first.page.locator("main form[action*=slips] button[type=submit]").first.click()
    pdf = fetch_print(first, folder / "slips.pdf")
    document = pypdfium2.PdfDocument(pdf)
    codes = [c.text for page in document for c in zxingcpp.read_barcodes(as_image(page, 200))]
    assert len(codes) == len(set(codes)) == 18
    url, code = codes[0].split("#code=")
    return code, url


def fetch_print(worker: Worker, target: Path) -> Path:
    """Wait for a print job and download its file."""
    link = worker.page.locator("a[href$='/file']")
    expect(link).to_be_visible(timeout=60_000)
    with worker.page.expect_download() as download:
        link.click()
    download.value.save_as(target)
    return target


def as_image(page: pypdfium2.PdfPage, dpi: int) -> object:
    return page.render(scale=dpi / 72).to_numpy()


def vote_on_the_phone(page: Page, url: str, code: str, round_id: str) -> None:
    page.goto(url)
    expect(page.locator("main")).to_contain_text("我要表态")
    page.get_by_text("看方案").first.click()
    expect(page.locator("h1")).to_contain_text("改造方案")
    page.goto(url)
    page.get_by_text("我要表态").first.click()
    page.locator("[name=code]").fill(f"{code[:4]} {code[4:8]}-{code[8:]}")
    page.locator("main form:has([name=code]) button[type=submit]").click()
    page.wait_for_url("**/home")
    page.locator(f"a[href*='/rounds/{round_id}/vote']").first.click()
    expect(page.locator("input[type=radio]:checked")).to_have_count(0)
    for agree in page.locator("input[type=radio][value=agree]").all():
        agree.check()
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("h1")).to_contain_text("核对")
    shoot(page, "line-review")
    page.locator("form[action$='/vote'] button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("已经计入")
    shoot(page, "line-receipt")


def the_board_follows(board: Page) -> None:
    """Within two seconds of the receipt, without a reload."""
    began = time.monotonic()
    expect(board.locator("main")).to_contain_text("1/18 户，5.5 %", timeout=2_000)
    assert time.monotonic() - began < 2
    shoot(board, "line-board-after")


def change_the_vote(page: Page, server: Server, round_id: str) -> None:
    page.goto(f"{server.url}/rounds/{round_id}/vote")
    radios = page.locator("input[type=radio][value=disagree]").all()
    radios[0].check()
    page.locator("input[type=radio][value=agree]").nth(1).check()
    page.locator("main form button[type=submit]").first.click()
    page.locator("form[action$='/vote'] button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("已经计入")
    page.goto(f"{server.url}/home")
    expect(page.locator("main")).to_contain_text("2 次")


def ask_and_be_answered(page: Page, first: Worker, url: str) -> None:
    page.goto(f"{url}/comments")
    page.locator("textarea").fill("停水会停几天？")
    page.locator("main form:has(textarea) button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("停水会停几天？")
    first.opens("/comments")
    expect(first.page.locator("main")).to_contain_text("停水会停几天？")
    first.page.get_by_role("link", name="回复", exact=True).first.click()
    first.page.locator("textarea").fill("每次不超过半天，提前三天通知。")
    first.page.locator("main form:has(textarea) button[type=submit]").click()
    first.page.wait_for_load_state()
    page.goto(f"{url}/comments")
    expect(page.locator("main")).to_contain_text("每次不超过半天")
