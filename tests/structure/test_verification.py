"""What docs/verification.md claims: every test it names exists, and no rule is left out."""

import re
from functools import cache

import pytest

from app.rounds.lifecycle import Verb
from app.rounds.profile import Case
from tests.structure.source import ROOT, functions, modules

RULES = [f"R{number}" for number in range(1, 18)]
PROMISES = [f"P{number}" for number in range(1, 7)]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def rows() -> tuple[str, ...]:
    """The lines of the tables, without their heads."""
    text = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return tuple(line for line in lines if not line.endswith("| test |"))


def first_cells() -> list[str]:
    return [row.split("|")[1].strip() for row in rows()]


@pytest.mark.parametrize(("name", "least"), [("verification", 60), ("security", 12)])
def test_every_test_that_is_named_exists(name: str, least: int) -> None:
    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    named = {f"{path}::{name}" for path, name in NAMED.findall(text)}
    known = {
        f"{module.where.removeprefix('tests/')}::{function.name}"
        for module in modules("tests")
        for function in functions(module)
    }
    assert len(named) > least
    assert named - known == set()


@pytest.mark.parametrize("rule", RULES + PROMISES)
def test_every_rule_of_law_and_every_promise_has_its_row(rule: str) -> None:
    assert [cell for cell in first_cells() if cell.split()[0] == rule]


@pytest.mark.parametrize("verb", Verb)
def test_every_step_of_a_round_has_its_row(verb: Verb) -> None:
    assert [cell for cell in first_cells() if f"`{verb.value}`" in cell]


@pytest.mark.parametrize("case", Case)
def test_every_kind_of_premises_has_its_row(case: Case) -> None:
    assert [cell for cell in first_cells() if f"`{case.value}`" in cell]


def test_every_row_of_a_rule_names_a_test() -> None:
    ruled = [row for row in rows() if len(row.split("|")) == 5]
    assert len(ruled) > 60
    assert [row for row in ruled if not NAMED.search(row)] == []
