"""The slip: eight to a sheet, each with its own code that a phone reads and a hand can type."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from app.reports import printing
from app.reports.pages import Slip
from tests.reports import paper

URL = "https://juyi.litong.example/b/k7m2pqx9ab4d"
LONG = "阳光水岸国际花园老旧机械厂第三家属院东区"
CELL = (105.0, 74.25)


def slip(**facts: object) -> Slip:
    known: dict[str, object] = {
        "compound": "利水南园",
        "label": "3号楼2单元501",
        "url": URL,
        "digits": "482910573362",
        "check_phrase": "清风 石榴",
        "phone": "0953-5550100",
        "closes_at": datetime(2026, 12, 5, 10, 0, tzinfo=UTC),
    }
    return Slip(**{**known, **facts})  # type: ignore[arg-type]


SLIPS = [
    *[slip(label=f"3号楼2单元{n}01", digits=f"{n:04d}00000000") for n in range(1, 6)],
    slip(compound=LONG, label=f"{LONG}1单元501", phone="0953-5550100 / 13900000000"),
    slip(compound=f"秦渠社区{LONG}", label="1号综合楼东侧第一单元1501"),
    slip(label=(LONG * 4)[:76], closes_at=None, url=f"https://{'laojiuxiaoqu.' * 3}cn/b/k7m2pqx9"),
    slip(label="4号楼1单元101", digits="999900000001"),
]


@pytest.fixture(scope="module")
def pdf(app: Flask) -> bytes:
    with app.app_context():
        return printing.slips_pdf(iter([SLIPS]), len(SLIPS), lambda done, total: None)


def cell(place: int) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the n-th slip of a sheet in millimetres."""
    left, top = place % 2 * CELL[0], place // 2 * CELL[1]
    return left, top, left + CELL[0], top + CELL[1]


def test_eight_slips_stand_on_a_sheet_of_a4(pdf: bytes) -> None:
    assert [len(paper.codes(paper.picture(pdf, page))) for page in (0, 1)] == [8, 1]
    assert paper.sizes(pdf) == [pytest.approx(paper.A4, abs=0.1)] * 2


def test_every_code_on_the_sheet_belongs_to_the_slip_around_it(pdf: bytes) -> None:
    found = paper.codes(paper.picture(pdf))
    assert [code.text for code in found] == [one.personal_url for one in SLIPS[:8]]
    for place, code in enumerate(found):
        left, top, right, bottom = (edge / 25.4 * 150 for edge in cell(place))
        assert left < code.left < code.right < right
        assert top < code.top < code.bottom < bottom


def test_the_codes_are_large_enough_for_an_old_phone(pdf: bytes) -> None:
    image = paper.picture(pdf)
    for code in paper.codes(image):
        width, _height = paper.measured(image, code, 150)
        assert 30 <= width <= 36


def test_a_slip_says_what_a_household_needs(pdf: bytes) -> None:
    text = paper.words(pdf, 0, cell(0)).replace("\r\n", "")
    for words in (
        "利水南园",
        "小区改造征求意见",
        "3号楼2单元101",
        "0001 0000 0000",
        "juyi.litong.example/b/k7m2pqx9ab4d",
        "清风 石榴",
        "12月5日（周六）18:00 截止",
        "0953-5550100",
        "只交给本户，不要给别人看。",
        "我们不会向您要钱，也不要身份证号和银行卡号。",
    ):
        assert words in text, words


@pytest.mark.parametrize("place", range(8))
def test_every_word_stays_on_its_slip_and_off_the_code(pdf: bytes, place: int) -> None:
    left, top, right, bottom = cell(place)
    code = paper.codes(paper.picture(pdf))[place]
    mm = 25.4 / 150
    inside = [s for s in paper.signs(pdf) if left <= s[1] < right and top <= s[2] < bottom]
    assert inside
    for sign, start, high, end, low in inside:
        assert start >= left + 5 and end <= right - 4, sign  # noqa: PT018
        assert high >= top + 4 and low <= bottom - 3, sign  # noqa: PT018
        in_columns = start < code.right * mm + 1 and end > code.left * mm - 1
        in_rows = high < code.bottom * mm + 1 and low > code.top * mm - 1
        assert not (in_columns and in_rows), sign


@pytest.mark.parametrize("place", range(8))
def test_a_long_address_is_readable_in_full_above_the_code(pdf: bytes, place: int) -> None:
    left, top, right, _bottom = cell(place)
    strip = (left, top + 11.2, right, top + 21.4)
    printed = [
        sign
        for sign, start, high, end, low in paper.signs(pdf)
        if strip[0] <= start and end <= strip[2] and strip[1] <= high and low <= strip[3]
    ]
    assert SLIPS[place].label in "".join(printed)


@pytest.mark.parametrize("place", range(8))
def test_the_lines_of_a_slip_do_not_run_into_its_foot(pdf: bytes, place: int) -> None:
    left, top, right, _bottom = cell(place)
    inside = [s for s in paper.signs(pdf) if left <= s[1] < right and top <= s[2] < top + CELL[1]]
    foot = min(high for sign, _, high, _, _ in inside if sign == "只")
    above = [low for sign, _, high, _, low in inside if high < foot - 1]
    assert max(above) < foot - 0.3
