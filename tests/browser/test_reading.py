"""Reading the building's page and the plan: one screen, no scrolling sideways, aloud, on paper."""

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Server, shoot

Sample = dict[str, list[dict[str, str]]]
NewPage = Callable[[dict[str, int]], Page]
SMALL = {"width": 320, "height": 568}
LARGEST = 28

# What a browser with voices offers: it keeps what it is told to say, and ends when a test wants.
VOICES = """
(function (languages) {
  var engine = {
    said: [], cancelled: 0, pending: false, onvoiceschanged: null,
    getVoices: function () { return languages.map(function (one) { return { lang: one }; }); },
    speak: function (words) { engine.said.push(words); engine.pending = true; },
    cancel: function () { engine.cancelled += 1; engine.pending = false; },
    end: function () {
      engine.pending = false;
      engine.said[engine.said.length - 1].onend();
    }
  };
  Object.defineProperty(window, "speechSynthesis", { value: engine });
}(%s));
"""


@pytest.fixture(scope="module")
def sample(serve_sample: Callable[[str], tuple[Server, Sample]]) -> Sample:
    return serve_sample("reading")[1]


def url_of(sample: Sample, compound: str, building: str = "1号楼") -> str:
    wanted = (compound, building)
    return next(b["url"] for b in sample["buildings"] if (b["compound"], b["name"]) == wanted)


def bottom_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def sticks_out(page: Page) -> int:
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(width))


def with_voices(page: Page, *languages: str) -> Page:
    page.add_init_script(VOICES % json.dumps(languages))
    return page


def said(page: Page) -> str:
    return str(page.evaluate("speechSynthesis.said.map(function (w) { return w.text; }).join('|')"))


def test_on_every_building_of_an_open_round_the_button_and_a_phone_fit_on_one_screen(
    sample: Sample, new_page: NewPage
) -> None:
    page = new_page(PHONE)
    asked = [b for b in sample["buildings"] if b["compound"] in ("利水南苑", "银塔南区")]
    assert len(asked) == 8
    for building in asked:
        page.goto(building["url"])
        assert bottom_of(page, ".here .button") <= PHONE["height"], building
        assert bottom_of(page, ".here .call a") <= PHONE["height"], building
    shoot(page, "reading-building")


def test_the_button_fits_below_a_banner_and_for_a_household_that_came_in_and_left(
    sample: Sample, new_page: NewPage
) -> None:
    page = new_page(PHONE)
    url = url_of(sample, "银塔南区", "3号楼")
    opened = next(r["id"] for r in sample["rounds"] if r["compound"] == "银塔南区")
    home = next(
        h for h in sample["households"] if h["round"] == opened and h["building"] == "3号楼"
    )
    page.goto(f"{url}/enter")
    page.locator("[name=code]").fill(home["code"])
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/home")
    page.goto(url)
    assert bottom_of(page, ".here .button") <= PHONE["height"]
    page.go_back()
    page.locator("form[action*=leave] button").click()
    page.wait_for_url(url)
    expect(page.get_by_role("status")).to_be_visible()
    assert bottom_of(page, ".here .button") <= PHONE["height"]
    shoot(page, "reading-after-leaving")


# What is cut off on the building's page: money, time and the own line of a building never are.
CUT = """Array.from(document.querySelectorAll(".here *"))
  .filter(e => e.clientHeight && e.scrollHeight > e.clientHeight + 1)
  .filter(e => getComputedStyle(e).overflow !== "visible").map(e => e.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("size", ["standard", "large", "largest"])
def test_nothing_on_a_buildings_page_is_cut_and_the_rest_of_the_plan_is_a_tap_away(
    sample: Sample, new_page: NewPage, size: str
) -> None:
    page = new_page(PHONE)
    for compound in ("利水南苑", "药材公司家属院", "银塔南区", "工商局家属院", "商业车队家属楼"):
        url = url_of(sample, compound)
        page.context.add_cookies([{"name": "size", "value": size, "url": url}])
        page.goto(url)
        assert page.evaluate(CUT) == []
        summary = page.locator(".brief").inner_text()
        assert summary.removesuffix("全文").strip()[-1] in "。；"
    page.goto(url_of(sample, "药材公司家属院"))
    expect(page.locator(".here")).to_contain_text("家里没人住的收一半。")
    page.locator(".brief a").tap()
    page.wait_for_url("**/plan")


@pytest.mark.parametrize(
    ("compound", "name"),
    [
        ("利水南苑", "open"),
        ("药材公司家属院", "certified"),
        ("裕民小区", "closed"),
        ("工商局家属院", "nothing-open"),
    ],
)
def test_in_every_state_the_page_is_one_screen_to_its_button_and_never_wider(
    sample: Sample, new_page: NewPage, compound: str, name: str
) -> None:
    page = new_page(PHONE)
    page.goto(url_of(sample, compound))
    assert bottom_of(page, ".here .button") <= PHONE["height"]
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], v["nodes"][0]["html"][:120]) for v in found]
    page.set_viewport_size(SMALL)
    assert sticks_out(page) <= 0
    page.evaluate(f"document.documentElement.style.fontSize = '{LARGEST}px'")
    assert sticks_out(page) <= 0
    shoot(page, f"reading-{name}-largest")


@pytest.mark.parametrize("size", [PHONE, SMALL])
@pytest.mark.parametrize("compound", ["利水南苑", "药材公司家属院", "银塔南区"])
def test_the_plan_is_never_wider_than_the_phone_in_any_size_of_type(
    sample: Sample, new_page: NewPage, compound: str, size: dict[str, int]
) -> None:
    page = with_voices(new_page(size), "zh-CN")
    page.goto(url_of(sample, compound) + "/plan")
    assert sticks_out(page) <= 0
    shoot(page, f"reading-plan-{compound}-{size['width']}")
    page.evaluate(f"document.documentElement.style.fontSize = '{LARGEST}px'")
    assert sticks_out(page) <= 0


def test_before_and_after_stand_side_by_side_or_below_each_other_on_the_smallest_phone(
    sample: Sample, new_page: NewPage
) -> None:
    for size, is_beside in ((PHONE, True), (SMALL, False)):
        page = new_page(size)
        page.goto(url_of(sample, "利水南苑") + "/plan")
        first, second = (page.locator(".pair figure").nth(place).bounding_box() for place in (0, 1))
        assert first is not None
        assert second is not None
        assert (first["y"] == second["y"]) is is_beside


def test_pictures_wait_until_they_are_near_and_nothing_moves_when_they_come(
    sample: Sample, new_page: NewPage
) -> None:
    page = new_page(PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/pictures/*", lambda route: route.abort())
    page.goto(url_of(sample, "利水南苑") + "/plan")
    page.wait_for_load_state("networkidle")
    tall = page.evaluate("document.documentElement.scrollHeight")
    page.unroute("**/pictures/*")
    page.reload()
    page.evaluate("document.querySelectorAll('img').forEach(i => { i.loading = 'eager'; })")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollHeight") == tall
    loaded = page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert loaded


def test_where_the_browser_has_no_voice_nothing_is_offered(
    sample: Sample, new_page: NewPage
) -> None:
    for voices in ((), ("en-US", "ja-JP")):
        page = with_voices(new_page(PHONE), *voices)
        page.goto(url_of(sample, "利水南苑") + "/plan")
        expect(page.locator(".speak").first).to_be_hidden()
    # A real browser without any voice.
    page = new_page(PHONE)
    page.goto(url_of(sample, "利水南苑") + "/plan")
    expect(page.locator(".speak").first).to_be_hidden()


def test_the_summary_is_read_aloud_in_the_language_of_the_page_and_can_be_stopped(
    sample: Sample, new_page: NewPage
) -> None:
    page = with_voices(new_page(PHONE), "en-US", "zh-CN")
    page.goto(url_of(sample, "利水南苑") + "/plan")
    button = page.locator("#summary .speak")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.tap()
    assert button.get_attribute("aria-pressed") == "true"
    words = said(page)
    assert words.startswith("一分钟看懂|")
    for part in ("屋顶不漏", "200 元", "停水", "政府出"):
        assert part in words.replace("\u00a0", " ")
    assert not [label for label in ("念给我听", "再点就停") if label in words]
    assert set(page.evaluate("speechSynthesis.said.map(function (w) { return w.lang; })")) == {
        "zh-CN"
    }
    shoot(page, "reading-aloud")
    stopped = page.evaluate("speechSynthesis.cancelled")
    button.tap()
    assert button.get_attribute("aria-pressed") == "false"
    assert page.evaluate("speechSynthesis.cancelled") > stopped


def test_another_part_takes_over_and_the_end_lets_the_button_go(
    sample: Sample, new_page: NewPage
) -> None:
    page = with_voices(new_page(PHONE), "zh_CN")
    page.goto(url_of(sample, "利水南苑") + "/plan")
    first, second = page.locator("#summary .speak"), page.locator("#management .speak")
    first.tap()
    second.tap()
    assert first.get_attribute("aria-pressed") == "false"
    assert second.get_attribute("aria-pressed") == "true"
    assert "社区保障性物业管理" in said(page)
    page.evaluate("speechSynthesis.end()")
    assert second.get_attribute("aria-pressed") == "false"


def test_voices_that_come_late_are_noticed(sample: Sample, new_page: NewPage) -> None:
    page = with_voices(new_page(PHONE))
    page.goto(url_of(sample, "利水南苑") + "/plan")
    expect(page.locator("#summary .speak")).to_be_hidden()
    page.evaluate(
        "speechSynthesis.getVoices = function () { return [{ lang: 'zh-CN' }]; };"
        "speechSynthesis.onvoiceschanged()"
    )
    expect(page.locator("#summary .speak")).to_be_visible()


def test_the_plan_with_its_buttons_for_reading_is_accessible_also_in_the_dark(
    sample: Sample, new_page: NewPage
) -> None:
    page = with_voices(new_page(PHONE), "zh-CN")
    page.goto(url_of(sample, "利水南苑") + "/plan")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator("#summary .speak").tap()
        found = Axe().run(page).response["violations"]
        assert not found, [(v["id"], v["nodes"][0]["html"][:120]) for v in found]


def test_on_paper_there_is_the_plan_and_nothing_to_press(sample: Sample, new_page: NewPage) -> None:
    page = with_voices(new_page(PHONE), "zh-CN")
    page.emulate_media(media="print", color_scheme="light")
    for path in ("", "/plan"):
        page.goto(url_of(sample, "利水南苑") + path)
        for gone in (".button", ".speak", "main nav", ".language"):
            assert not page.locator(f"{gone}:visible").count(), gone
        colours = page.evaluate(
            "['color', 'backgroundColor'].map(function (name) {"
            " return getComputedStyle(document.body)[name]; })"
        )
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert page.locator("#summary .bar").is_visible()
