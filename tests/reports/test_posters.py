"""The poster: its code can be read by an old phone, and its words by old eyes."""

from datetime import UTC, datetime

import numpy as np
import pytest
from flask import Flask

from app.reports import printing
from app.reports.pages import PosterPage
from tests.reports import paper

URL = "https://juyi.litong.example/b/k7m2pqx9ab4d"
PHONE = "0953-5550100"
CLOSES = datetime(2026, 12, 5, 10, 0, tzinfo=UTC)
LONG = "原农业机械制造厂家属院一号综合楼北侧附属楼"


def poster(**facts: object) -> PosterPage:
    known: dict[str, object] = {
        "compound": "裕西社区 · 利水南园",
        "building": "3号楼",
        "entrance": "2单元",
        "title": "老旧小区改造方案征询意见",
        "url": URL,
        "check_phrase": "清风 石榴",
        "phone": PHONE,
        "closes_at": CLOSES,
    }
    return PosterPage(**{**known, **facts})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pdf(app: Flask) -> bytes:
    """Two plain posters, one with everything long, and one with the shortest address."""
    pages = [
        poster(),
        poster(entrance="3单元", closes_at=None),
        poster(
            compound=f"金积镇秦渠社区 · {LONG}{LONG}",
            building=LONG,
            entrance="东侧第一单元（靠近老锅炉房）",
            title="二〇二六年度老旧小区改造方案及改造后物业管理方案征求居民意见（第一轮）",
            url="https://laojiuxiaoqu.zhengxun.wuzhong.nx.example.cn/juyi/b/k7m2pqx9ab4d",
            phone="0953-5550100 / 13900000000",
        ),
        poster(url="http://a.cn/b/k7m2pqx9ab4d"),
    ]
    with app.app_context():
        return printing.posters_pdf(pages, lambda done, total: None)


def test_every_page_is_one_sheet_of_a4(pdf: bytes) -> None:
    assert len(paper.sizes(pdf)) == 4
    for size in paper.sizes(pdf):
        assert size == pytest.approx(paper.A4, abs=0.1)


def test_the_code_leads_to_the_building_and_to_nothing_else(pdf: bytes) -> None:
    for index in (0, 1):
        assert [code.text for code in paper.codes(paper.picture(pdf, index))] == [URL]


@pytest.mark.parametrize("index", [0, 2, 3])
def test_the_dark_part_of_the_code_measures_at_least_100_mm(pdf: bytes, index: int) -> None:
    image = paper.picture(pdf, index)
    (code,) = paper.codes(image)
    width, height = paper.measured(image, code, 150)
    assert 100 <= width <= 116
    assert height == pytest.approx(width, abs=0.4)


@pytest.mark.parametrize("seed", range(4))
def test_a_dirty_and_partly_hidden_poster_is_still_read(pdf: bytes, seed: int) -> None:
    image = paper.picture(pdf).astype(float)
    (code,) = paper.codes(paper.picture(pdf))
    chance = np.random.default_rng(seed)
    width, height = code.right - code.left, code.bottom - code.top
    # A sticker over 7 % of the code, somewhere in it but not on a corner mark.
    sticker = int((0.07 * width * height) ** 0.5)
    left = code.left + int(width * chance.uniform(0.35, 0.6))
    top = code.top + int(height * chance.uniform(0.35, 0.6))
    image[top : top + sticker, left : left + sticker] = 120
    noisy = np.clip(image + chance.normal(0, 45, image.shape), 0, 255).astype(np.uint8)
    assert [found.text for found in paper.codes(noisy)] == [URL]


def test_the_words_that_protect_people_are_on_it(pdf: bytes) -> None:
    text = paper.words(pdf).replace("\n", "")
    for words in (
        "裕西社区 · 利水南园",
        "3号楼 2单元",
        "小区改造征求意见",
        "老旧小区改造方案征询意见",
        "12月5日（周六）18:00 截止",
        "juyi.litong.example/b/k7m2pqx9ab4d",
        PHONE,
        "我们不会向您要钱，也不要身份证号和银行卡号。",
        "清风 石榴",
        "社区工作人员可以上门",
        "不会用手机？打电话",
    ):
        assert words in text, words


def test_without_a_round_no_deadline_is_made_up(pdf: bytes) -> None:
    assert "截止" not in paper.words(pdf, 1)
    assert "征询时间另行公告" in paper.words(pdf, 1)


def test_phone_and_address_are_large(pdf: bytes) -> None:
    signs = paper.signs(pdf)
    digits = [bottom - top for sign, _, top, _, bottom in signs if sign == "5"]
    assert max(digits) >= 8  # millimetres: readable from two metres away


@pytest.mark.parametrize("index", range(4))
def test_no_word_leaves_the_sheet_or_lies_on_the_code(pdf: bytes, index: int) -> None:
    image = paper.picture(pdf, index)
    (code,) = paper.codes(image)
    mm = 25.4 / 150
    for sign, left, top, right, bottom in paper.signs(pdf, index):
        assert left >= 10 and right <= 200 and top >= 8 and bottom <= 289, sign  # noqa: PT018
        beside = left > code.right * mm + 5 or top > code.bottom * mm or bottom < code.top * mm
        assert beside, sign


def test_long_names_are_printed_in_full(pdf: bytes) -> None:
    heading = "".join(s for s, _, _, _, bottom in paper.signs(pdf, 2) if bottom < 58)
    for words in (LONG + LONG, "东侧第一单元（靠近老锅炉房）", "（第一轮）"):
        assert words in heading
    signs = paper.signs(pdf, 2)
    box = min(top for sign, _, top, _, _ in signs if sign == "银")
    assert all(bottom < box - 1 for _, _, top, _, bottom in signs if top < box - 3)
