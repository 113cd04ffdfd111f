"""The hashes that votes are bound to."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from app.projects.contents import Contents, Paper
from app.projects.fingerprint import fingerprints
from tests.projects.plans import BUILD, CARE, COMPLETE, DRAWING, LAMPS, MONEY, PIPES


def test_the_hashes_of_known_contents_never_change() -> None:
    """Published versions carry these; a change of the form would disown every old vote."""
    known = fingerprints(COMPLETE)
    assert known.plan == "db0aa090bcf2174bb491c71b6254a2398f918998c20c4447a17fe2e46a1ce722"
    assert known.management == "785197623af8d4ca18cd514ab21b4d5caa6cb379754f3785ddd1718316cfd659"


OTHER_FACTS: tuple[dict[str, Any], ...] = (
    {"name": "别的项目"},
    {"construction_unit": "利通区住建局"},
    {"supervising_unit": "胜利镇"},
    {"responsible_person": "王建国"},
    {"phone": "0953-5550199"},
    {"designer": "宁夏设计院"},
    {"builder": "宁建三公司"},
    {"budget": 1},
    {"safeguards": "专人负责。"},
    {"starts_on": date(2027, 4, 6)},
    {"finishes_on": date(2027, 9, 28)},
)


@pytest.mark.parametrize(
    "changed",
    [
        replace(COMPLETE, summary="换水管。"),
        *(replace(COMPLETE, facts=replace(COMPLETE.facts, **changed)) for changed in OTHER_FACTS),
        replace(COMPLETE, items=(PIPES,)),
        replace(COMPLETE, items=(LAMPS, PIPES)),
        replace(COMPLETE, items=(replace(PIPES, cost=PIPES.cost + 1), LAMPS)),
        replace(COMPLETE, items=(replace(PIPES, is_safety=False), LAMPS)),
        replace(COMPLETE, money=replace(MONEY, share_per_household=1)),
        replace(COMPLETE, design="院子分两块。"),
        replace(COMPLETE, construction=replace(BUILD, finishes_on=date(2027, 9, 29))),
        replace(COMPLETE, construction=replace(BUILD, disruption="停水 3 次。")),
        replace(COMPLETE, by_building="1号楼：最先做。"),
        replace(COMPLETE, papers=(replace(DRAWING, digest="e" * 64),)),
        replace(COMPLETE, papers=(replace(DRAWING, caption="图1"),)),
    ],
)
def test_a_change_of_the_renovation_part_changes_only_its_hash(changed: Contents) -> None:
    old, new = fingerprints(COMPLETE), fingerprints(changed)
    assert new.plan != old.plan
    assert new.management == old.management


@pytest.mark.parametrize(
    "changed",
    [
        replace(COMPLETE, management=replace(CARE, mode="market")),
        replace(COMPLETE, management=replace(CARE, services="- 保洁")),
        replace(COMPLETE, management=replace(CARE, fee_per_area=36)),
        replace(COMPLETE, management=replace(CARE, fee_per_area=None)),
        replace(COMPLETE, management=replace(CARE, fee_note="")),
        replace(COMPLETE, management=replace(CARE, subsidy="无")),
        replace(
            COMPLETE,
            papers=(DRAWING, Paper("management", "服务合同", "application/pdf", "f" * 64)),
        ),
    ],
)
def test_a_change_of_the_management_part_changes_only_its_hash(changed: Contents) -> None:
    old, new = fingerprints(COMPLETE), fingerprints(changed)
    assert new.management != old.management
    assert new.plan == old.plan


def test_text_that_moves_between_two_fields_changes_the_hash() -> None:
    one = replace(COMPLETE, management=replace(CARE, fee_note="甲", subsidy="乙"))
    other = replace(COMPLETE, management=replace(CARE, fee_note="乙", subsidy="甲"))
    assert fingerprints(one).management != fingerprints(other).management
