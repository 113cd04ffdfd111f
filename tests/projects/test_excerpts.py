"""What is taken out of the plan's own words: whole sentences, and nothing that nobody wrote."""

import pytest

from app.projects.excerpts import at_first, opening, paying_apart

LONG = (
    "六栋楼，217 户。屋顶、外墙、泵房全换新，添**五座**充电棚。三月开工，十月验收。每户出 260 元。"
)


@pytest.mark.parametrize(
    ("most", "shown"),
    [
        (
            60,
            LONG.replace("*", ""),
        ),
        (45, LONG.replace("*", "")[:-10]),
        (12, "六栋楼，217 户。"),
        (6, "六栋楼…"),
        (2, "六栋…"),
    ],
)
def test_a_summary_is_cut_after_a_sentence_or_says_that_it_goes_on(most: int, shown: str) -> None:
    assert opening(LONG, most) == shown


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (("每平方米 0.50 元。第一年只收八成。", "第一年补 0.10 元；"), "第一年只收八成"),
        (
            ("", "原单位头一年承担一半，只交 0.42 元；第二年起 0.60 元。"),
            "原单位头一年承担一半，只交 0.42 元",
        ),
        (
            ("", "前两年由区里补 0.15 元，居民交 0.30 元；第三年起交 0.45 元。"),
            "前两年由区里补 0.15 元，居民交 0.30 元",
        ),
        (("每月 0.35 元。", "没有补贴。"), ""),
    ],
)
def test_the_first_step_of_a_fee_is_said_in_the_words_of_the_plan(
    texts: tuple[str, str], said: str
) -> None:
    assert at_first(*texts) == said


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("每户 260 元。同意方案不等于同意交钱，交钱另签字。", "同意方案不等于同意交钱，交钱另签字"),
        ("同意改造和同意出钱分开签字。低保户由镇里代出。", "同意改造和同意出钱分开签字"),
        ("每户 260 元，一次交清。", ""),
        ("领钥匙要签字。", ""),
    ],
)
def test_paying_apart_is_said_only_where_the_plan_says_it(note: str, said: str) -> None:
    assert paying_apart(note) == said
