"""The written content of the sample district, read from its TOML files into values."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.demo.drawings import Drawing, Palette, plan_drawings
from app.projects.contents import Construction, Facts, Fund, Item, Management, Money

HERE = Path(__file__).parent
ROSTER = HERE / "roster-litong.xlsx"
_FEN = 100
_HUNDREDTHS = 100


@dataclass(frozen=True)
class CompoundPlan:
    """What is written about one compound of the sample."""

    written: dict[str, Any]

    @property
    def name(self) -> str:
        """The compound's name, as in the ledger."""
        return str(self.written["compound"])

    @property
    def community(self) -> str:
        """The community that looks after it."""
        return str(self.written["community"])

    @property
    def ledger_facts(self) -> dict[str, Any]:
        """The compound's facts, by the names of its columns."""
        return dict(self.written["facts"])

    @property
    def comments(self) -> list[dict[str, Any]]:
        """What households said, and the office's replies."""
        return list(self.written.get("comments", []))

    @property
    def summary(self) -> str:
        """The plan in a few words."""
        return str(self.written["plan"]["summary"])

    @property
    def by_building(self) -> str:
        """What is different in some buildings."""
        return str(self.written["plan"].get("by_building", ""))

    @property
    def design(self) -> str:
        """The text of 规划设计."""
        return str(self.written["plan"]["design"])

    @cached_property
    def facts(self) -> Facts:
        """The project's facts; the budget is the sum of its items."""
        project = {k: v for k, v in self.written["project"].items() if k != "milestones"}
        starts_on, finishes_on = self._dates()
        budget = sum(item.cost for item in self.items)
        return Facts(**project, budget=budget, starts_on=starts_on, finishes_on=finishes_on)

    @property
    def items(self) -> list[Item]:
        """The work items, in fen and hundredths."""
        return [
            Item(
                item["category"],
                item["name"],
                item["quantity"] * _HUNDREDTHS,
                item["unit"],
                item["yuan"] * _FEN,
                item["safety"],
                item["note"],
            )
            for item in self.written["plan"]["items"]
        ]

    @property
    def money(self) -> Money:
        """Where the money comes from and what a household pays."""
        share = self.written["plan"]["household_share"]
        fen = share["yuan"] * _FEN
        return Money(
            tuple(
                Fund(fund["source"], fund["yuan"] * _FEN, fund["note"])
                for fund in self.written["plan"]["funding"]
            ),
            share_per_household=fen if share["basis"] == "household" else 0,
            share_per_area=fen if share["basis"] == "area" else 0,
            share_note=share["text"],
        )

    @property
    def construction(self) -> Construction:
        """How and when it is built."""
        plan = self.written["plan"]
        return Construction(plan["construction"], *self._dates(), plan.get("disruption", ""))

    @property
    def management(self) -> Management:
        """The management plan; its fee is in fen already."""
        plan = self.written["management"]
        fee, note = plan["fee_fen"], plan["fee_note"]
        return Management(plan["mode"], plan["services"], fee, note, plan["subsidy"])

    def drawings(self, floors: int, entrances: list[int]) -> list[Drawing]:
        """The compound's drawings: its first building has `floors`, each building its entrances."""
        look = self.written["drawing"]
        return plan_drawings(
            self.name,
            floors,
            entrances,
            sheds=look["sheds"],
            parking=look["parking"],
            sign=look["sign"],
            palette=Palette(look["wall"], look["base"], look["trim"]),
        )

    def _dates(self) -> tuple[Any, Any]:
        stages = self.written["project"]["milestones"]
        return min(s["start"] for s in stages), max(s["finish"] for s in stages)


def district() -> dict[str, Any]:
    """Names, addresses and phones of the district office and its communities."""
    return tomllib.loads((HERE / "district.toml").read_text())


def compound_plans() -> dict[str, CompoundPlan]:
    """Every compound's content by its name, in the order of the files."""
    files = sorted((HERE / "plans").glob("*.toml"))
    plans = [CompoundPlan(tomllib.loads(file.read_text())) for file in files]
    return {plan.name: plan for plan in plans}
