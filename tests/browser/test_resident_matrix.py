"""The whole way of a resident on small and smallest phones, in three type and language mixes.

Inside WeChat, by touch, with scripts and without: nothing sticks out, everything is as large as a
finger, and nothing is wrong for those who listen to the page.
"""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Sample, Server, shoot
from tests.browser.residents import Resident, phone, residents

NewPage = Callable[[dict[str, int]], Page]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
}
HTML = {"zh_Hans_CN": ("zh-Hans", "ltr"), "en": ("en", "ltr"), "ug": ("ug", "rtl")}
# Links inside a sentence and a control inside its label are spared; all else is hit by a finger.
TOO_SMALL = """least => Array.from(document.querySelectorAll(
    "a, button, summary, label, input:not([type=hidden]), select, textarea"))
  .filter(e => getComputedStyle(e).display !== "inline" && !e.classList.contains("skip"))
  .filter(e => e.tagName !== "LABEL" || e.querySelector("input"))
  .filter(e => e.tagName !== "INPUT" || !e.closest("label"))
  .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
  .filter(([_, box]) => box.width && (box.height < least - 0.5 || box.width < least - 0.5))
  .map(([html, box]) => `${html} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`)"""
TOO_TIGHT = """() => Array.from(document.querySelectorAll("body *"))
  .filter(e => e.textContent.trim() && !e.closest("svg") && getComputedStyle(e).display !== "none")
  .map(e => [e.outerHTML.slice(0, 80), getComputedStyle(e)])
  .filter(([_, style]) => parseFloat(style.lineHeight) < 1.49 * parseFloat(style.fontSize))
  .map(([html]) => html)"""

MOVES = """Array.from(document.querySelectorAll("*"))
  .filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).map(e => e.tagName)"""
BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"


@pytest.fixture(scope="module")
def homes(sample: tuple[Server, Sample]) -> Iterator[tuple[str, str]]:
    return residents(sample[1])


def judge(page: Page, name: str, *, width: int, size: str, language: str, scripts: bool) -> None:
    """What must hold on every page of a resident."""
    shoot(page, f"matrix-{name}")
    html = page.locator("html")
    told = html.get_attribute("lang"), html.get_attribute("dir"), html.get_attribute("data-size")
    assert told == (*HTML[language], size)
    # A phone shows a page that is too wide smaller, so its own width is what counts.
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name} sticks out by {wide - width} px"
    assert page.evaluate(TOO_SMALL, 44 if size == "standard" else 60) == [], name
    assert page.evaluate(TOO_TIGHT) == [], name
    if not scripts:
        # The page is the same, and what listens to it for us needs scripts itself.
        return
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, [(name, v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]


@pytest.mark.parametrize(
    ("width", "height", "size", "language", "scripts"),
    [
        (390, 844, "standard", "zh_Hans_CN", True),
        (320, 568, "largest", "zh_Hans_CN", True),
        (320, 568, "standard", "en", True),
        (390, 844, "largest", "en", False),
        (390, 844, "standard", "ug", False),
        (320, 568, "largest", "ug", True),
    ],
)
def test_the_whole_way_holds(
    browser: Browser,
    sample: tuple[Server, Sample],
    homes: Iterator[tuple[str, str]],
    width: int,
    height: int,
    size: str,
    language: str,
    scripts: bool,
) -> None:
    context = phone(
        browser,
        sample[0],
        width=width,
        height=height,
        size=size,
        language=language,
        scripts=scripts,
    )
    page = context.new_page()
    resident = Resident(page, *next(homes))
    label = f"{width}-{size}-{language}-{'js' if scripts else 'plain'}"
    wanted = {"width": width, "size": size, "language": language, "scripts": scripts}
    for name in resident.goes():
        judge(page, f"{label}-{name}", **wanted)
    page.goto(f"{resident.url}/comments")
    judge(page, f"{label}-comments", **wanted)
    page.goto(f"{sample[0].url}/no-such-page")
    judge(page, f"{label}-not-found", **wanted)
    context.close()


def test_the_size_is_chosen_by_a_finger_and_stays(
    sample: tuple[Server, Sample], new_page: NewPage
) -> None:
    url = sample[1]["buildings"][0]["url"]
    page = new_page({"width": 390, "height": 844})
    page.goto(url)
    header = page.locator("header").bounding_box()
    assert header is not None
    assert header["height"] <= 3 * 18
    letter = "getComputedStyle(document.querySelector('main p')).fontSize"
    for size, pixels in (("large", "22px"), ("largest", "28px"), ("standard", "18px")):
        page.locator(f".sizes .{size}").tap()
        expect(page.locator("html")).to_have_attribute("data-size", size)
        assert page.url == url
        assert page.evaluate(letter) == pixels
        shown = page.eval_on_selector_all(
            ".sizes button", "all => all.map(b => getComputedStyle(b).fontSize)"
        )
        assert shown == ["18px", "22px", "28px"]
    page.locator(".sizes .largest").tap()
    expect(page.locator("html")).to_have_attribute("data-size", "largest")
    page.goto(f"{url}/enter")
    assert page.evaluate(letter) == "28px"


def test_the_language_is_chosen_without_a_script_and_by_keys_alone(
    browser: Browser, sample: tuple[Server, Sample]
) -> None:
    context = phone(browser, sample[0], scripts=False)
    page = context.new_page()
    page.goto(sample[1]["buildings"][0]["url"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _key in range(4):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    page.get_by_role("button", name="ئۇيغۇرچە").tap()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    context.close()


@pytest.mark.parametrize("path", ["", "/plan", "/comments", "/enter", "/rules", "/register"])
def test_a_page_is_fit_for_the_printer_and_for_the_dark(
    browser: Browser, sample: tuple[Server, Sample], path: str
) -> None:
    opened = next(r for r in sample[1]["rounds"] if r["state"] == "open")
    url = next(b["url"] for b in sample[1]["buildings"] if b["compound"] == opened["compound"])
    context = phone(browser, sample[0], size="largest")
    page = context.new_page()
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.goto(url + path)
    shoot(page, f"matrix-dark{path.replace('/', '-') or '-building'}")
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]
    assert page.evaluate(MOVES) == []
    page.emulate_media(media="print", color_scheme="dark")
    shoot(page, f"matrix-print{path.replace('/', '-') or '-building'}")
    assert page.locator("button:visible, .button:visible, .cells:visible").count() == 0
    assert page.locator(".phone:visible").count() == 1
    body = "getComputedStyle(document.body)"
    assert page.evaluate(f"[{body}.color, {body}.backgroundColor]") == [BLACK, WHITE]
    context.close()
