"""Private numbers are found however they are written, and everyday numbers are left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.comments.privacy import MASK, has_private_number, masked, private_numbers

OFFICE = "0953-5550100"

MOBILES = [
    "13812345678",
    "138 1234 5678",
    "138-1234-5678",
    "1381 2345 678",
    "＋８６１３８１２３４５６７８",
    "0086 138 1234 5678",
    "138.1234.5678",
    "138，1234，5678",
    "1 3 8 1 2 3 4 5 6 7 8",
    "1-3-8-1-2-3-4-5-6-7-8",
    "(138)12345678",
    "一三八一二三四五六七八",
    "幺三八 一二三四 五六七八",
    "壹叁捌壹贰叁肆伍陆柒捌",
    "一3八12三4五6七8",
    "138１２３４五六七八",
    "𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
    "①③⑧①②③④⑤⑥⑦⑧",
    "138\u202f1234\u00a05678",
    "138—1234–5678",
    "138\u00ad1234\u00ad5678",
    "1\u03323\u03328\u033212345678",
    "139a1234b5678",
    "139x1234x5678",
    "139🙂1234🙂5678",
    "139点1234点5678",
    "139 和 1234 和 5678",
    "139杠12345678",
    "O139l2345678",
    "l39I2345678",
    "139l1234l5678",
]
OTHERS = [
    "0953-5551234",
    "（0951）5551234",
    "01082345678",
    "010 8234 5678",
    "+86 10 8234 5678",
    "零九五三五五五一二三四",
    "11010519491231002X",
    "11010519491231002ｘ",
    "640302 19580303 0016",
    "640302-1958-0303-0016",
    "130105491231002",
    "6222021234567890128",
    "6222 0212 3456 7890 128",
    "4111 1111 1111 1111",
]
EVERYDAY = [
    "总价 49000000 元，1845 户，160200.00 平方米",
    "2026-04-01 到 2026-09-30，1号楼 101 102 201 202",
    "2026-04-01 2026-09-30",
    "订单号 20260401123456789012",
    "12345678901",
    "一二三四五六七八九十",
    "二〇二六年四月一日，三四天",
    "1、2、3、4、5、6、7、8、9、10、11、12",
    "三楼 301、302、303、401、402",
    "每平方米 0.35 元，1200 户",
    "0.35 1200 5000 300",
    "1,385,000 元",
    "5x6x7",
    "4111 1111 1111 1112",
    "110、119、120、12345",
    "139户1200元6000",
    "138号楼 1234 户 5678 元",
    "13点30到15点45，301",
    "18点30分到19点45分",
    "138个和1234个，共5678",
    "1.5l 水，100 l",
    "微信群里说 2026 年开工，微信缴费 12345",
    "微信上问过，QQ 上也问过",
    "加微信群，看 6 号楼",
    "WeChat",
    "",
]


@pytest.mark.parametrize("number", [*MOBILES, *OTHERS])
def test_a_private_number_is_found_however_it_is_written(number: str) -> None:
    for text in (number, f"打我电话{number}谢谢", f"301室 {number}，\n王"):
        assert has_private_number(text), text
    hidden = masked(f"找我：{number}，多谢")
    assert hidden.startswith("找我：")
    assert hidden.endswith("，多谢")
    assert MASK in hidden
    assert not has_private_number(hidden)
    assert not any(sign.isdecimal() for sign in hidden)


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_numbers_are_left_alone(text: str) -> None:
    assert private_numbers(text) == []
    assert masked(text) == text


def test_the_phone_of_the_office_may_stand_anywhere() -> None:
    for text in (
        f"社区电话 {OFFICE}",
        "社区电话（0953）555 0100",
        "社区电话０９５３５５５０１００",
    ):
        assert has_private_number(text)
        assert not has_private_number(text, [OFFICE])
    both = f"社区 {OFFICE}，我家 0953-5551234"
    assert masked(both, [OFFICE]) == f"社区 {OFFICE}，我家 {MASK}"
    assert has_private_number("13812345678", [""])


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("微信 abc123", "微信 ****"),
        ("加我微信号：lao-wang", "加我微信号：****"),
        ("QQ 12345678，找我", "QQ ****，找我"),
        ("qq:87654321", "qq:****"),
        ("vx wang_1960", "vx ****"),
        ("我的微信是wxid_8k2m", "我的微信是****"),
    ],
)
def test_a_name_in_a_chat_is_found_and_masked(text: str, hidden: str) -> None:
    assert masked(text) == hidden
    assert not has_private_number(hidden)


def test_every_number_of_a_text_is_masked_and_nothing_else() -> None:
    text = "甲 13812345678，乙 139 8765 4321；一共 2 家，101 和 102"
    assert masked(text) == "甲 ****，乙 ****；一共 2 家，101 和 102"


@given(st.text(alphabet="0123456789一三八xX -.、\n户１３８①", max_size=60))
def test_what_was_masked_holds_no_private_number_any_more(text: str) -> None:
    assert not has_private_number(masked(text))


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for start, end in private_numbers(text):
        assert 0 <= start < end <= len(text)


def test_masking_makes_no_number_of_what_stood_around_one() -> None:
    hidden = masked("138一三八一二三四五六七八12345678")
    assert not has_private_number(hidden)
