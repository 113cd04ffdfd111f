"""What a preview found, kept as a file beside its job until the import is done.

It holds what stands in an office's ledger, and so personal data: it is discarded with the upload.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.core import files
from app.core.format import as_area, masked_phone
from app.core.i18n import say
from app.core.sheets import Column, Table, write_workbook
from app.roster.differences import FIELDS, Change
from app.roster.headings import LABELS
from app.roster.importer import EXAMPLE
from app.roster.ledger import Home, Ledger, Problem
from app.roster.models import Occupancy, Use
from app.roster.queries import Arrival, Preview

SHOWN_CHANGES = 200
SHOWN_HOMES = 5


@dataclass(frozen=True)
class Report:
    """The problems and the changes of a preview, in full, and how its ledger was read.

    `samples` are the first homes of each compound and its new homes by building; `columns` are
    lists of sheets, each with pairs of a field's name and the headings it was read from.
    """

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    changes: tuple[dict[str, Any], ...]
    samples: tuple[dict[str, Any], ...]
    columns: tuple[tuple[list[str], list[tuple[str, list[str]]]], ...]


def keep_report(preview: Preview, ledger: Ledger) -> str:
    """Store the report of a preview of `ledger`; returns its digest for `read_report`."""
    changes = [change for each in preview.arrivals for change in each.difference.changed]
    content = {
        "errors": [_as_list(problem) for problem in preview.errors],
        "warnings": [_as_list(problem) for problem in preview.warnings],
        "changes": [_as_dict(change) for change in changes[:SHOWN_CHANGES]],
        "samples": [_sample(arrival) for arrival in preview.arrivals],
        "columns": [
            [sheets, [[LABELS[field], headings] for field, headings in columns]]
            for sheets, columns in ledger.columns
        ],
    }
    return files.keep_alone(json.dumps(content, ensure_ascii=False).encode())


def read_report(digest: str) -> Report:
    """The report kept under `digest`; raises `FileNotFoundError` once it was discarded."""
    content = json.loads(files.read(digest))
    return Report(
        tuple(Problem(*each) for each in content["errors"]),
        tuple(Problem(*each) for each in content["warnings"]),
        tuple(content["changes"]),
        tuple(content.get("samples", ())),
        tuple(content.get("columns", ())),
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
        "doubts": [[doubt.message, dict(doubt.params)] for doubt in preview.doubts],
        "compounds": [
            {
                "name": each.name,
                "area": each.destination.name,
                "is_new": each.compound is None,
                "is_new_community": each.destination.is_new_community,
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


def _sample(arrival: Arrival) -> dict[str, Any]:
    """The first homes of a compound as they were understood, and how many are new where."""
    added = Counter(home.building for home in arrival.difference.added)
    return {
        "name": arrival.name,
        "area": arrival.destination.name,
        "homes": [_as_read(home) for home in arrival.homes[:SHOWN_HOMES]],
        "added": list(added.items()),
    }


def _as_read(home: Home) -> dict[str, Any]:
    return {
        "row": home.row,
        "building": home.building,
        "entrance": home.entrance,
        "room": home.room,
        "area": as_area(home.area),
        "owners": "、".join(home.owners),
        "phones": "、".join(map(masked_phone, home.phones)),
    }


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
