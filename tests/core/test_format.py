"""How numbers are shown: counts exact, percentages cut, money and areas to the last unit."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from app.core.format import (
    as_area,
    as_code,
    as_count,
    as_day,
    as_deadline,
    as_large_sum,
    as_moment,
    as_percent,
    as_share,
    as_time_left,
    as_total_area,
    as_wan,
    as_yuan,
    masked_name,
    masked_phone,
)
from app.core.i18n import LANGUAGES

CLOSING = datetime(2026, 12, 5, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_chinese(app: Flask) -> Iterator[None]:
    with app.test_request_context(base_url="http://127.0.0.1:8000"):
        yield


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (323, 404, "79.9"),
        (324, 404, "80.1"),
        (1476, 1845, "80.0"),
        (1475, 1845, "79.9"),
        (690, 863, "79.9"),
        (691, 863, "80.0"),
        (0, 404, "0.0"),
        (404, 404, "100.0"),
        (1, 3, "33.3"),
        (2, 3, "66.6"),
        (1, 1845, "0.0"),
        (0, 0, "0.0"),
    ],
)
def test_a_percentage_is_cut_and_never_rounded_up(part: int, whole: int, shown: str) -> None:
    assert as_percent(part, whole) == shown


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_no_percentage_shows_more_than_there_is(counts: tuple[int, int]) -> None:
    part, whole = counts
    tenths = int(as_percent(part, whole).replace(".", ""))
    assert tenths * whole <= part * 1000 < (tenths + 1) * whole


def test_the_count_stands_before_the_percentage() -> None:
    assert as_share(323, 404) == "323/404 户，79.9 %"
    assert as_share(1476, 1845) == "1,476/1,845 户，80.0 %"


def test_large_numbers_have_their_thousands_apart() -> None:
    assert (as_count(999), as_count(160_200)) == ("999", "160,200")
    assert as_total_area(16_020_000) == "160,200.00"
    assert as_area(16_020_000) == "160200.00"


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (0, "0"),
        (55, "0.55"),
        (5, "0.05"),
        (120_000, "1,200"),
        (120_050, "1,200.50"),
        (-120_050, "-1,200.50"),
        (4_900_000_000, "49,000,000"),
    ],
)
def test_money_is_shown_to_the_fen(fen: int, shown: str) -> None:
    assert as_yuan(fen) == shown


@pytest.mark.parametrize(
    ("fen", "shown"),
    [
        (0, "0"),
        (1_000_000, "1"),
        (120_500_000, "120.5"),
        (4_900_000_000, "4,900"),
        (1, "0.000001"),
        (-50_000, "-0.05"),
        (-150_000_000, "-150"),
    ],
)
def test_budgets_are_shown_in_ten_thousands_and_lose_nothing(fen: int, shown: str) -> None:
    assert as_wan(fen) == shown


@pytest.mark.parametrize(
    ("hundredths", "shown"), [(8650, "86.50"), (5, "0.05"), (16_020_000, "160200.00")]
)
def test_an_area_has_two_decimals(hundredths: int, shown: str) -> None:
    assert as_area(hundredths) == shown


def test_moments_are_shown_on_the_clock_of_the_office() -> None:
    assert as_moment(CLOSING) == "2026年12月5日 18:00"
    assert as_moment(datetime(2026, 12, 31, 16, 30, tzinfo=UTC)) == "2027年1月1日 00:30"
    assert as_day(date(2026, 12, 5)) == "2026年12月5日"


def test_a_deadline_names_its_weekday_and_minute() -> None:
    assert as_deadline(CLOSING) == "12月5日（周六）18:00 截止"


@pytest.mark.parametrize(
    ("language", "deadline", "left", "moment"),
    [
        ("zh_Hans_CN", "12月5日（周六）18:00 截止", "还剩15天", "2026年12月5日 18:00"),
        ("zh_Hant", "12月5日（週六）18:00 截止", "還剩15天", "2026年12月5日 18:00"),
        ("en", "Deadline: Sat 5 Dec, 18:00", "15 days left", "5 Dec 2026, 18:00"),
        (
            "ug",
            "5-دېكابىر (شەنبە) سائەت 18:00 دا ئاخىرلىشىدۇ",
            "15 كۈن قالدى",
            "5-دېكابىر، 2026، سائەت 18:00",
        ),
    ],
)
def test_a_deadline_reads_well_in_every_language(
    language: str, deadline: str, left: str, moment: str
) -> None:
    with force_locale(language), time_machine.travel("2026-11-20T09:00:00+00:00", tick=False):
        assert as_deadline(CLOSING) == deadline
        assert as_time_left(CLOSING) == left
        assert as_moment(CLOSING) == moment


@pytest.mark.parametrize(
    ("language", "share"),
    [
        ("zh_Hans_CN", "1,475/1,845 户，79.9 %"),
        ("zh_Hant", "1,475/1,845 戶，79.9 %"),
        ("en", "1,475/1,845 households, 79.9 %"),
        ("ug", "1,475/1,845 ئائىلە، 79.9 %"),
    ],
)
def test_a_share_is_cut_in_every_language(language: str, share: str) -> None:
    with force_locale(language):
        assert as_share(1475, 1845) == share


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_are_exact_in_every_language(language: str) -> None:
    with force_locale(language):
        assert (as_count(160_200), as_percent(323, 404)) == ("160,200", "79.9")
        assert (as_yuan(120_050), as_yuan(120_000), as_wan(1)) == ("1,200.50", "1,200", "0.000001")
        assert as_total_area(16_020_000) == "160,200.00"
        assert as_yuan(10**18 + 1) == "10,000,000,000,000,000.01"


def test_another_language_writes_its_own_separators() -> None:
    # None of our packs is German; whoever adds one finds its numbers right.
    with force_locale("de"):
        assert (as_count(160_200), as_percent(323, 404)) == ("160.200", "79,9")


def test_from_right_to_left_digits_keep_their_order() -> None:
    with force_locale("ug"):
        assert as_code("482177301952") == "\u20664821 7730 1952\u2069"
        assert masked_phone("13812341234") == "\u2066138****1234\u2069"
        assert masked_name("王五") == "\u2066王**\u2069"


def test_a_deadline_in_english_has_the_same_hour(app: Flask) -> None:
    with force_locale("en"):
        shown = as_deadline(CLOSING)
    assert "18:00" in shown
    assert "5 Dec" in shown


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        ("2026-11-20T09:00:00+00:00", "还剩15天"),
        # Late in the evening before: it is still one day by the calendar, not two.
        ("2026-12-04T09:00:00+00:00", "还剩1天"),
        ("2026-12-04T10:00:01+00:00", "还剩23小时"),
        ("2026-12-05T09:00:00+00:00", "还剩1小时"),
        ("2026-12-05T09:00:01+00:00", "还剩60分钟"),
        ("2026-12-05T09:59:30+00:00", "还剩1分钟"),
        ("2026-12-05T10:00:00+00:00", "已截止"),
        ("2026-12-06T10:00:00+00:00", "已截止"),
    ],
)
def test_the_time_that_is_left_never_promises_more_than_there_is(now: str, shown: str) -> None:
    with time_machine.travel(now, tick=False):
        assert as_time_left(CLOSING) == shown


def test_codes_names_and_phones() -> None:
    assert as_code("482177301952") == "4821 7730 1952"
    assert masked_name("欧阳小明") == "欧**"
    assert masked_name("王五") == "王**"
    assert masked_phone("13812341234") == "138****1234"
    assert masked_phone("8213456") == "****"


@pytest.mark.parametrize(
    ("language", "shown"),
    [("zh_Hans_CN", "578 万元"), ("en", "5.78 million yuan"), ("ug", "5.78 مىليون يۈەن")],
)
def test_large_sums_are_said_in_the_units_of_the_language(language: str, shown: str) -> None:
    with force_locale(language):
        assert as_large_sum(578_000_000) == shown
