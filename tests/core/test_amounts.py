"""Amounts that people type: read exactly, or refused."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import FieldList, FormField, StringField
from wtforms import Form as Row
from wtforms.validators import InputRequired

from app.core.forms import Form, HundredthsField, YuanField, from_hundredths, in_hundredths


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0", 0),
        ("1", 100),
        ("0.35", 35),
        ("0.3", 30),
        ("0.05", 5),
        ("1200", 120_000),
        ("1,200", 120_000),
        ("1,200.5", 120_050),
        ("12,345,678.90", 1_234_567_890),
        ("１２００．５０", 120_050),
        ("１，２００", 120_000),
        ("1。5", 150),
        (" 86.50 ", 8650),
        ("\u200b86.50\ufeff", 8650),
        ("0.29", 29),
        ("19.99", 1999),
        ("999999999999.99", 99_999_999_999_999),
        ("007", 700),
    ],
)
def test_what_people_type_is_read_exactly(text: str, amount: int) -> None:
    assert in_hundredths(text) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "-1", "+1", "1.234", "1.", ".5", "1,5", "1,20", "12,34", "1,200,5", "1e5", "0x10"),
        *("1 200", "１２万", "约 300", "NaN", "inf", "1.2.3", "1/2", "1000000000000000"),
        *("86.5²", "²", "½", "①", "100㎡", "٣", "三"),
    ],
)
def test_what_is_not_one_clear_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text itself is the message
        in_hundredths(text)
    assert refused.value.args == (text,)


@given(st.integers(min_value=0, max_value=99_999_999_999_999))
def test_every_amount_survives_being_shown_and_read_again(amount: int) -> None:
    assert in_hundredths(from_hundredths(amount)) == amount


class Line(Row):
    name = StringField("名称", validators=[InputRequired("请写名称。")])
    cost = YuanField("费用")


class Amounts(Form):
    class Meta:
        csrf = False

    fee = YuanField("收费", validators=[InputRequired("请写收费。")])
    size = HundredthsField("面积")
    lines = FieldList(FormField(Line))


@pytest.fixture
def typed(app: Flask) -> object:
    def fill(**values: str) -> Amounts:
        with app.test_request_context(method="POST"):
            form = Amounts(MultiDict({key.replace("__", "-"): v for key, v in values.items()}))
            form.validate()
            str(form.fee()), form.error_list()
            return form

    return fill


@pytest.mark.parametrize("text", ["¥1,200", "￥1200", "1200元", "1200 元", "1200.00"])
def test_money_may_carry_its_sign(typed: object, text: str) -> None:
    form = typed(fee=text)  # type: ignore[operator]
    assert form.fee.data == 120_000
    assert not form.has_errors


def test_an_empty_amount_is_nothing_and_zero_is_something(typed: object) -> None:
    empty, zero = typed(fee=""), typed(fee="0")  # type: ignore[operator]
    assert empty.fee.data is None
    assert empty.fee.errors == ["请写收费。"]
    assert zero.fee.data == 0
    assert not zero.has_errors
    assert zero.size.data is None


def test_a_wrong_amount_stays_in_the_field_with_its_reason(app: Flask, typed: object) -> None:
    form = typed(fee="很多", size="1.234")  # type: ignore[operator]
    assert 'value="很多"' in str(form.fee())
    assert "最多两位小数" in form.fee.errors[0]
    assert "最多两位小数" in form.size.errors[0]


def test_errors_inside_a_table_are_told_with_their_row(app: Flask) -> None:
    with app.test_request_context(method="POST"):
        values = {"fee": "1", "lines-0-name": "水管", "lines-1-name": "", "lines-1-cost": "x"}
        form = Amounts(MultiDict(values))
        form.validate()
        told = dict(form.error_list())
    assert told["lines-1-name"] == "第 2 行：请写名称。"
    assert told["lines-1-cost"].startswith("第 2 行：")
    assert set(told) == {"lines-1-name", "lines-1-cost"}
