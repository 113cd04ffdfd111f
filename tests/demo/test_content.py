"""The sample's content adds up, differs from compound to compound, and carries nobody's data."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app.demo.drawings import (
    Palette,
    elevation_after,
    elevation_before,
    entrance_ramp,
    pipe_section,
    plan_drawings,
    site_plan,
)

DEMO = Path(__file__).parents[2] / "app" / "demo"
TOTALS = json.loads((Path(__file__).parent / "roster-litong-totals.json").read_text("utf-8"))
ROSTER = {row["compound"]: row for row in TOTALS["compounds"]}
FILES = sorted((DEMO / "plans").glob("*.toml"))
PLANS: dict[str, dict[str, Any]] = {
    plan["compound"]: plan for plan in (tomllib.loads(path.read_text("utf-8")) for path in FILES)
}
DISTRICT = tomllib.loads((DEMO / "district.toml").read_text("utf-8"))

CATEGORIES = {"basic", "improved", "enhanced"}
SOURCES = {
    "central", "region", "district", "pipeline_units", "owner_unit", "social", "residents",
}  # fmt: skip
WITH_ROUNDS = {"利水南苑", "银塔南区", "裕民小区", "药材公司家属院"}

every_compound = pytest.mark.parametrize("plan", PLANS.values(), ids=[path.stem for path in FILES])


def test_the_plans_are_those_of_the_twenty_compounds_and_no_others() -> None:
    assert len(FILES) == 20
    assert PLANS.keys() == ROSTER.keys()
    assert all(plan["town"] == ROSTER[name]["town"] for name, plan in PLANS.items())


def test_all_plans_together_cost_forty_nine_million_yuan() -> None:
    assert sum(_total(plan) for plan in PLANS.values()) == 49_000_000


@every_compound
def test_the_money_comes_from_somewhere_to_the_last_yuan(plan: dict[str, Any]) -> None:
    funding = plan["plan"]["funding"]
    assert sum(share["yuan"] for share in funding) == _total(plan)
    assert all(share["yuan"] > 0 and share["note"] for share in funding)
    sources = [share["source"] for share in funding]
    assert set(sources) <= SOURCES
    assert len(sources) == len(set(sources))


@every_compound
def test_what_residents_pay_follows_from_the_roster(plan: dict[str, Any]) -> None:
    share, roster = plan["plan"]["household_share"], ROSTER[plan["compound"]]
    area = int(roster["area_m2"].replace(".", ""))
    due_in_fen = {
        "none": 0,
        "household": 100 * share["yuan"] * roster["households"],
        "area": share["yuan"] * area,
    }[share["basis"]]
    paid = sum(row["yuan"] for row in plan["plan"]["funding"] if row["source"] == "residents")
    assert due_in_fen == 100 * paid
    assert (share["basis"] == "none") == (share["yuan"] == 0)
    if paid:
        assert f"{paid:,} 元" in share["text"]
        assert f"{share['yuan']} 元" in share["text"]
        assert f"出 {share['yuan']} 元" in plan["plan"]["summary"] or share["basis"] == "area"


@every_compound
def test_the_cost_is_about_three_hundred_yuan_for_each_square_metre(plan: dict[str, Any]) -> None:
    area = int(ROSTER[plan["compound"]]["area_m2"].replace(".", ""))
    assert 290 * area < 100 * _total(plan) < 345 * area


@every_compound
def test_every_plan_has_work_of_all_three_categories(plan: dict[str, Any]) -> None:
    items = plan["plan"]["items"]
    assert 8 <= len(items) <= 14
    assert {item["category"] for item in items} == CATEGORIES
    assert sum(item["category"] == "basic" for item in items) >= 5
    assert any(item["safety"] for item in items)
    assert len({item["name"] for item in items}) == len(items)
    for item in items:
        assert item["name"]
        assert item["unit"]
        assert item["quantity"] > 0
        assert item["yuan"] > 0
        assert isinstance(item["yuan"], int)
        assert isinstance(item["safety"], bool)


@every_compound
def test_no_section_is_empty(plan: dict[str, Any]) -> None:
    words = [plan["plan"][section] for section in ("summary", "design", "construction")]
    words += [plan["plan"]["household_share"]["text"], plan["community"]]
    words += [plan["management"][field] for field in ("services", "fee_note", "subsidy")]
    words += [text for text in plan["facts"].values() if isinstance(text, str)]
    words += [text for text in plan["project"].values() if isinstance(text, str)]
    assert all(word.strip() for word in words)
    assert set(plan["facts"]) == {
        "address", "built_year", "cluster", "ownership", "manager", "property_status", "needs",
        "hazards", "inspection",
    }  # fmt: skip
    assert 1980 <= plan["facts"]["built_year"] <= 2000


@every_compound
def test_the_texts_have_the_length_that_people_read(plan: dict[str, Any]) -> None:
    assert 80 <= len(plan["plan"]["summary"]) <= 150
    assert 200 <= len(re.sub(r"\s", "", plan["plan"]["design"])) <= 400
    building = plan["plan"]["construction"] + plan["plan"].get("disruption", "")
    assert 200 <= len(re.sub(r"\s", "", building)) <= 520
    assert all(f"图 {number}" in plan["plan"]["design"] for number in (1, 2, 3, 4, 5))
    assert plan["project"]["phone"] in plan["plan"]["construction"]


@every_compound
def test_the_work_lies_within_2027_in_order(plan: dict[str, Any]) -> None:
    milestones = plan["project"]["milestones"]
    assert len(milestones) >= 3
    assert all(step["start"] < step["finish"] for step in milestones)
    assert all(step["start"].year == step["finish"].year == 2027 for step in milestones)
    starts = [step["start"] for step in milestones]
    assert starts == sorted(starts)


@every_compound
def test_every_management_plan_names_its_price(plan: dict[str, Any]) -> None:
    management = plan["management"]
    assert management["mode"] in {"market", "assured", "self"}
    if management["mode"] == "self":
        assert management["fee_fen"] == 0
        assert "每户每月" in management["fee_note"]
    else:
        assert 30 <= management["fee_fen"] <= 80
        assert f"{management['fee_fen'] / 100:.2f} 元" in management["fee_note"]


def test_no_two_compounds_say_the_same() -> None:
    for section in ("summary", "design", "construction"):
        assert len({plan["plan"][section] for plan in PLANS.values()}) == 20
    for field in ("address", "ownership", "needs", "hazards", "inspection", "property_status"):
        assert len({plan["facts"][field] for plan in PLANS.values()}) == 20
    assert len({plan["management"]["services"] for plan in PLANS.values()}) == 20
    assert len({plan["project"]["phone"] for plan in PLANS.values()}) == 20


def test_only_the_compounds_with_rounds_have_comments() -> None:
    for name, plan in PLANS.items():
        comments = plan.get("comments", [])
        assert 6 <= len(comments) <= 10 if name in WITH_ROUNDS else not comments
        numbers = range(1, ROSTER[name]["buildings"] + 1)
        for comment in comments:
            assert comment["building"] in {f"{number}号楼" for number in numbers}
            assert comment["entrance"]
            assert comment["day"] > 0
            assert comment["text"]
        assert sum("reply" not in comment for comment in comments) <= 1
        days = [comment["day"] for comment in comments]
        assert days == sorted(days)


def test_every_compound_belongs_to_a_community_of_its_town() -> None:
    towns = {community["name"]: community["town"] for community in DISTRICT["communities"]}
    assert all(towns[plan["community"]] == plan["town"] for plan in PLANS.values())
    assert set(Counter(towns.values()).values()) <= {2, 3}
    assert set(towns) == {plan["community"] for plan in PLANS.values()}


def test_the_texts_carry_no_phone_but_invented_office_numbers() -> None:
    for path in [*FILES, DEMO / "district.toml"]:
        words = path.read_text("utf-8")
        assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{17}[\dXx]|[\w.]+@[\w.]+", words)
        for area_code, number in re.findall(r"(\d{3,4})-(\d{5,8})", words):
            assert area_code == "0953"
            assert re.fullmatch(r"555\d{4}", number)


@pytest.mark.parametrize(
    "entrances", [[2], [3, 3], [3, 4, 2], [3] * 4, [3] * 5, [4, 3, 3, 3, 4, 2]]
)
@pytest.mark.parametrize("floors", [4, 5, 6])
def test_every_drawing_is_a_plain_picture(entrances: list[int], floors: int) -> None:
    drawings = plan_drawings("工行楼 & <三中>", floors, entrances, sheds=2, sign="安全")
    assert [drawing.name for drawing in drawings] == [
        "site-plan", "facade-before", "facade-after", "entrance-ramp", "pipe-section",
    ]  # fmt: skip
    for drawing in drawings:
        root = ElementTree.fromstring(drawing.svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "title", "rect", "path", "text"}
        assert root.get("viewBox") == "0 0 800 500"
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not any("href" in name or name.startswith(("on", "style")) for name in attributes)
        assert "url(" not in drawing.svg
        assert len(drawing.svg.encode()) < 24_000


def test_the_site_plan_numbers_each_building() -> None:
    for buildings in range(1, 7):
        svg = site_plan(buildings, "银塔南区")
        assert all(f">{number}号楼<" in svg for number in range(1, buildings + 1))
        assert f">{buildings + 1}号楼<" not in svg


def test_the_facade_after_shows_each_entrance() -> None:
    svg = elevation_after("工行楼", 6, 4)
    assert ">4单元<" in svg
    assert ">5单元<" not in svg


def test_a_drawing_is_the_same_every_time() -> None:
    assert elevation_before("裕民小区", 5, 2) == elevation_before("裕民小区", 5, 2)
    assert elevation_before("裕民小区", 5, 2) != elevation_before("工行楼", 5, 2)
    assert entrance_ramp() != pipe_section()


@every_compound
def test_the_colours_of_every_compound_make_a_drawing(plan: dict[str, Any]) -> None:
    wish = plan["drawing"]
    svg = elevation_after(
        plan["compound"], 6, 3, palette=Palette(wish["wall"], wish["base"], wish["trim"])
    )
    assert all(re.fullmatch(r"#[0-9a-f]{6}", wish[part]) for part in ("wall", "base", "trim"))
    assert wish["wall"] in svg
    assert wish["base"] in svg


def _total(plan: dict[str, Any]) -> int:
    """The cost of all work items of a plan, in yuan."""
    return sum(item["yuan"] for item in plan["plan"]["items"])
