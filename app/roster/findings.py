"""What a preview found, kept as a file beside its job until the import is done.

It holds what stands in an office's ledger, and so personal data: it is discarded with the upload.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.core import files
from app.core.format import as_area
from app.core.i18n import say
from app.core.sheets import Column, Table, write_workbook
from app.roster.differences import FIELDS, Change
from app.roster.importer import EXAMPLE
from app.roster.ledger import Problem
from app.roster.models import Occupancy, Use
from app.roster.queries import Preview

SHOWN_CHANGES = 200


@dataclass(frozen=True)
class Report:
    """The problems and the changes of a preview, in full."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    changes: tuple[dict[str, Any], ...]


def keep_report(preview: Preview) -> str:
    """Store the report of a preview; returns its digest for `read_report`."""
    changes = [change for each in preview.arrivals for change in each.difference.changed]
    content = {
        "errors": [_as_list(problem) for problem in preview.errors],
        "warnings": [_as_list(problem) for problem in preview.warnings],
        "changes": [_as_dict(change) for change in changes[:SHOWN_CHANGES]],
    }
    return files.keep(json.dumps(content, ensure_ascii=False).encode())


def read_report(digest: str) -> Report:
    """The report kept under `digest`; raises `FileNotFoundError` once it was discarded."""
    content = json.loads(files.read(digest))
    return Report(
        tuple(Problem(*each) for each in content["errors"]),
        tuple(Problem(*each) for each in content["warnings"]),
        tuple(content["changes"]),
    )


def summary_of(preview: Preview) -> dict[str, Any]:
    """The counts of a preview, in all and per compound, as a job keeps them."""
    return {
        "errors": len(preview.errors),
        "warnings": len(preview.warnings),
        "added": preview.added,
        "changed": preview.changed,
        "unchanged": preview.unchanged,
        "absent": preview.absent,
        "compounds": [
            {
                "name": each.name,
                "area": each.destination.name,
                "is_new": each.compound is None,
                "buildings": each.buildings,
                "households": each.households,
                "size": each.size,
                "added": len(each.difference.added),
                "changed": len(each.difference.changed),
                "unchanged": each.difference.unchanged,
                "absent": each.difference.absent,
            }
            for each in preview.arrivals
        ],
    }


def error_sheet(report: Report) -> bytes:
    """The problems as a workbook that can be sent back to whoever keeps the ledger."""
    columns = [
        Column(_("工作表"), 16),
        Column(_("行"), 8),
        Column(_("列"), 16),
        Column(_("要求"), 12),
        Column(_("问题"), 70),
        Column(_("处理情况"), 24),
    ]
    rows = [
        *_problem_rows(report.errors, _("必须改")),
        *_problem_rows(report.warnings, _("请核对")),
    ]
    advice = _("请按行号在台账里改好“必须改”的，核对“请核对”的，再把台账发回来。")
    return write_workbook([Table(_("台账问题"), columns, rows, advice)])


def template() -> bytes:
    """An empty ledger with an example row, which the import leaves out."""
    example = (EXAMPLE, "胜利镇", "裕西社区", "裕民小区", "3号楼", "2单元", "501", "5", "住宅")
    people = ("86.50", "商品房", "张三、李四", "13800000000", "自住", "")
    # The headings stay Chinese in every language: they are what the import looks for.
    headings = ["序号", "乡镇", "社区", "小区名称", "楼栋", "单元", "房号", "楼层", "用途"]
    headings += ["建筑面积(㎡)", "产权性质", "业主姓名", "联系电话", "居住情况", "备注"]
    columns = [Column(heading, 8 if len(heading) < 3 else 14) for heading in headings]
    advice = _("每户一行；两位业主或两个电话写在同一格，用顿号隔开。“例”这一行不会导入。")
    return write_workbook([Table("住户台账", columns, [(*example, *people)], advice)])


def _problem_rows(problems: Iterable[Problem], demand: str) -> Iterator[tuple[str | int, ...]]:
    for problem in problems:
        text = say(problem.message, **problem.params)
        yield problem.sheet, problem.row, problem.column, demand, text, ""


def _as_list(problem: Problem) -> list[Any]:
    return [problem.sheet, problem.row, problem.column, problem.message, dict(problem.params)]


def _as_dict(change: Change) -> dict[str, Any]:
    return {
        "sheet": change.home.sheet,
        "row": change.home.row,
        "home": change.home.address,
        "fields": [
            [FIELDS[name], _shown(name, before), _shown(name, after)]
            for name, before, after in _sides(change)
        ],
    }


def _sides(change: Change) -> Iterator[tuple[str, Any, Any]]:
    """Field, what is known, what the ledger says."""
    home, standing = change.home, change.standing
    for name in change.fields:
        if name == "size":
            yield name, standing.size, home.area
        elif name == "owners":
            yield name, list(standing.tenures), home.owners
        elif name == "phones":
            yield name, list(standing.contacts), home.phones
        else:
            yield name, getattr(standing, name), getattr(home, name)


def _shown(name: str, value: Any) -> str:
    if name == "size":
        return as_area(value)
    if name in ("owners", "phones"):
        return "、".join(value)
    if name == "use":
        return str(Use(value).label)
    if name == "occupancy":
        return str(Occupancy(value).label)
    return "" if value is None else str(value)
