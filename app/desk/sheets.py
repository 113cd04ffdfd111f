"""The desk's tables as the office keeps them in its own workbooks (RULES.md §7, D12).

Numbers stay numbers, percentages are cut to tenths; nobody is named.
"""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _

from app.core.format import local
from app.core.sheets import Cell, Column, Table
from app.desk.board import Board, BuildingRow, Standing
from app.desk.queries import CompoundLine, RoundLine
from app.rounds.counting import Tally


def compounds_table(lines: Sequence[CompoundLine]) -> Table:
    """One row for each compound, with the newest round of each."""
    headings = (
        _("乡镇、街道"), _("社区"), _("小区"), _("楼栋"), _("户数"), _("面积（m²）"),
        _("投资（元）"), _("征求轮次"), _("状态"), _("截止"), _("应征户数"), _("已征户数"),
        _("意愿覆盖率（%%）") % (), _("改造方案：同意户数"), _("改造方案：同意率（%%）") % (),
        _("物业管理方案：同意户数"), _("物业管理方案：同意率（%%）") % (),
        _("差额户数"), _("待重新确认"), _("异议未结"),
    )  # fmt: skip
    rows = [_compound_row(line) for line in lines]
    return Table(_("小区一览"), [Column(heading, 14) for heading in headings], rows)


def _compound_row(line: CompoundLine) -> list[Cell]:
    facts: list[Cell] = [line.town, line.community, line.name, line.buildings, line.households]
    budget = line.budget / 100 if line.budget else None
    return [*facts, line.size / 100, budget, *_round_cells(line.round)]


def _round_cells(round_: RoundLine | None) -> list[Cell]:
    if round_ is None:
        return [None, _("没有征询"), *[None] * 11]
    known: list[Cell] = [round_.title, round_.standing, _moment(round_.closes_at)]
    if not round_.is_counting or not round_.total:
        return [*known, *[None] * 10]
    voted = max((m.tally.voted for m in round_.matters), default=0)
    counted: list[Cell] = [round_.total, voted, _tenths(voted, round_.total)]
    for place in (0, 1):
        matters = round_.matters[place : place + 1]
        counted += _agreed(matters[0].tally) if matters else [None, None]
    return [*known, *counted, round_.missing, round_.to_confirm, round_.cases.objections]


def buildings_table(board: Board) -> Table:
    """One row for each building of a round, and the whole round in the last."""
    headings = [_("楼栋"), _("应征户数"), _("已征户数"), _("意愿覆盖率（%%）") % (), _("要上门")]
    for standing in board.main:
        title = standing.title
        headings += [
            _("%(matter)s：同意户数", matter=title),
            _("%(matter)s：不同意户数", matter=title),
            _("%(matter)s：弃权户数", matter=title),
            _("%(matter)s：同意率（%%）", matter=title),
            _("%(matter)s：差额户数", matter=title),
        ]
    rows = [_building_row(row) for row in board.buildings]
    total = _cells(_("合计"), board.total, board.voted, board.doors, board.main)
    return Table(_("各楼情况"), [Column(heading, 14) for heading in headings], [*rows, total])


def _building_row(row: BuildingRow) -> list[Cell]:
    return _cells(row.name, row.total, row.voted, row.doors, row.standings)


def _cells(
    name: str, total: int, voted: int, doors: int, standings: Sequence[Standing]
) -> list[Cell]:
    cells: list[Cell] = [name, total, voted, _tenths(voted, total), doors]
    for tally in (standing.tally for standing in standings):
        agree, share = _agreed(tally)
        cells += [agree, tally.disagree, tally.abstain, share, tally.missing]
    return cells


def _agreed(tally: Tally) -> list[Cell]:
    return [tally.agree, _tenths(tally.agree, tally.total)]


def _tenths(part: int, whole: int) -> Cell:
    return part * 1000 // whole / 10 if whole else None


def _moment(moment: datetime) -> Cell:
    return f"{local(moment):%Y-%m-%d %H:%M}"
