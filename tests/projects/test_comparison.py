"""What a reader is told about the difference of two versions."""

from dataclasses import replace
from datetime import date

import pytest

from app.projects.comparison import FieldChange, FundChange, ItemChange, Line, differences
from app.projects.contents import Contents, Fund, Item, Paper
from tests.projects.plans import BUILD, CARE, COMPLETE, DRAWING, FUNDS, LAMPS, MONEY, PIPES

DAY = date(2027, 4, 6)


def test_equal_contents_have_no_differences() -> None:
    assert differences(COMPLETE, replace(COMPLETE)).is_empty


def test_an_item_that_came_went_or_changed_is_told_with_both_sides() -> None:
    dearer = replace(PIPES, quantity=33_000, cost=9_000_000)
    gate = Item("enhanced", "单元门", 600, "扇", 1_000_000)
    new = replace(COMPLETE, items=(dearer, gate))
    assert differences(COMPLETE, new).items == (
        ItemChange(PIPES, dearer),
        ItemChange(None, gate),
        ItemChange(LAMPS, None),
    )


@pytest.mark.parametrize(
    ("new", "label"),
    [
        (replace(COMPLETE, by_building="1号楼：最先做"), "各楼不一样的地方"),
        (replace(COMPLETE, construction=replace(BUILD, disruption="停水 3 次")), "施工影响"),
    ],
)
def test_what_a_building_bears_is_told_line_by_line(new: Contents, label: str) -> None:
    (change,) = differences(COMPLETE, new).texts
    assert change.label == label
    assert [line.sign for line in change.lines] == ["+"]


def test_items_in_another_order_are_no_change_to_a_reader() -> None:
    assert differences(COMPLETE, replace(COMPLETE, items=(LAMPS, PIPES))).items == ()


def test_two_items_of_one_name_are_told_apart_by_their_order() -> None:
    second = replace(LAMPS, cost=1)
    old = replace(COMPLETE, items=(LAMPS, second))
    new = replace(COMPLETE, items=(LAMPS, replace(second, cost=2)))
    assert differences(old, new).items == (ItemChange(second, replace(second, cost=2)),)


def test_a_source_that_is_not_named_gave_nothing() -> None:
    funds = (Fund("central", 7_000_000), Fund("social", 1_000_000, "充电公司"))
    changes = differences(COMPLETE, replace(COMPLETE, money=replace(MONEY, funds=funds))).funds
    assert changes == (
        FundChange("central", 8_000_000, 7_000_000, "", ""),
        FundChange("social", 0, 1_000_000, "", "充电公司"),
        FundChange("district", 2_000_000, 0, "列入区级预算", ""),
    )
    assert FUNDS[0] not in funds


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (
            replace(COMPLETE, money=replace(MONEY, share_per_household=20_000)),
            FieldChange("每户出资", "money", 0, 20_000),
        ),
        (
            replace(COMPLETE, money=replace(MONEY, share_per_area=500)),
            FieldChange("每平方米出资", "money", 0, 500),
        ),
        (
            replace(COMPLETE, construction=replace(BUILD, starts_on=date(2027, 5, 1))),
            FieldChange("开工", "day", date(2027, 4, 6), date(2027, 5, 1)),
        ),
        (
            replace(COMPLETE, construction=replace(BUILD, finishes_on=date(2027, 10, 1))),
            FieldChange("完工", "day", date(2027, 9, 28), date(2027, 10, 1)),
        ),
        (
            replace(COMPLETE, management=replace(CARE, mode="market")),
            FieldChange("物业管理方式", "mode", "assured", "market"),
        ),
        (
            replace(COMPLETE, management=replace(CARE, fee_per_area=60)),
            FieldChange("物业费（每平方米每月）", "fee", 35, 60),
        ),
        *(
            (replace(COMPLETE, facts=replace(COMPLETE.facts, **{name: new})), change)
            for name, new, change in (
                ("name", "新名", FieldChange("项目名称", "words", "改造项目", "新名")),
                ("construction_unit", "甲", FieldChange("建设单位", "words", "", "甲")),
                ("supervising_unit", "甲", FieldChange("监管责任单位", "words", "", "甲")),
                ("responsible_person", "甲", FieldChange("责任人", "words", "", "甲")),
                ("phone", "", FieldChange("项目电话", "words", "0953-5550101", "")),
                ("designer", "甲", FieldChange("设计单位", "words", "", "甲")),
                ("builder", "甲", FieldChange("施工单位", "words", "", "甲")),
                ("budget", 100, FieldChange("资金概算", "money", 0, 100)),
                ("starts_on", DAY, FieldChange("计划开工", "day", None, DAY)),
                ("finishes_on", DAY, FieldChange("计划完工", "day", None, DAY)),
            )
        ),
    ],
)
def test_each_single_value_is_compared(new: Contents, change: FieldChange) -> None:
    assert differences(COMPLETE, new).fields == (change,)


@pytest.mark.parametrize(
    ("new", "label"),
    [
        (replace(COMPLETE, summary="新"), "简介"),
        (replace(COMPLETE, money=replace(MONEY, share_note="新")), "出资说明"),
        (replace(COMPLETE, design="新"), "规划设计"),
        (replace(COMPLETE, construction=replace(BUILD, text="新")), "施工组织"),
        (replace(COMPLETE, management=replace(CARE, services="新")), "物业服务内容"),
        (replace(COMPLETE, management=replace(CARE, fee_note="新")), "收费说明"),
        (replace(COMPLETE, management=replace(CARE, subsidy="新")), "补贴措施"),
        (replace(COMPLETE, facts=replace(COMPLETE.facts, safeguards="新")), "保障措施"),
    ],
)
def test_each_text_is_compared(new: Contents, label: str) -> None:
    changes = differences(COMPLETE, new)
    assert [text.label for text in changes.texts] == [label]
    assert not changes.is_empty


def test_a_changed_text_shows_what_went_what_came_and_one_line_around() -> None:
    old = replace(COMPLETE, design="甲\n乙\n丙\n丁\n戊")
    new = replace(COMPLETE, design="甲\n\n乙\n丙\n新丁\n戊")
    assert differences(old, new).texts[0].lines == (
        Line(" ", "丙"),
        Line("-", "丁"),
        Line("+", "新丁"),
        Line(" ", "戊"),
    )


def test_a_text_line_that_looks_like_the_head_of_a_difference_is_not_lost() -> None:
    old, new = replace(COMPLETE, design="甲"), replace(COMPLETE, design="甲\n-- 横线\n++ 加号")
    assert [line.text for line in differences(old, new).texts[0].lines] == [
        "甲",
        "-- 横线",
        "++ 加号",
    ]


def test_pictures_that_came_and_went_are_told() -> None:
    photo = Paper("work", "屋面现状", "image/jpeg", "c" * 64)
    changes = differences(COMPLETE, replace(COMPLETE, papers=(photo,)))
    assert changes.papers_added == (photo,)
    assert changes.papers_removed == (DRAWING,)
