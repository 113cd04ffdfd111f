"""Spreadsheets in and out: reading uploads safely, writing text that never becomes a formula.

Rows and columns are those a person sees: index 0 of `rows` is row 1 of Excel, index 0 of a row is
column A. It knows no feature; what the cells mean is the importer's business.
"""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from app.core.errors import Refused, msg

Cell = str | int | float | bool | date | datetime | None
Row = tuple[Cell, ...]

WALL_SECONDS = 9.0

CAUSES = {
    "upload": msg("这个文件超过 10 MB，请按社区或小区拆成几个文件，再分别上传。"),
    "empty": msg("这个文件是空的，请检查后重新上传。"),
    "pdf": msg("这是 PDF 文件，不是表格。请上传 Excel 表格（.xlsx、.xls）、.ods 或 .csv。"),
    "picture": msg("这是一张图片，不是表格。请上传 Excel 表格（.xlsx、.xls）、.ods 或 .csv。"),
    "archive": msg("这是压缩包，不是表格。请先解压，再上传里面的表格。"),
    "foreign": msg("这个文件不是表格（可能是 Word 或幻灯片）。请上传 Excel 表格、.ods 或 .csv。"),
    "web": msg("这个文件里面其实是网页格式。请用 Excel 或 WPS 打开它，另存为 .xlsx 后再上传。"),
    "unknown": msg("认不出这是什么文件。请用 Excel 或 WPS 打开它，另存为 .xlsx 后再上传。"),
    "quotes": msg("这个 CSV 文件的引号不成对，读不完整。请用 Excel 或 WPS 另存为 .xlsx 后再上传。"),
    "password": msg("这个文件设置了密码，请在 Excel 里取消密码后再上传。"),
    "damaged": msg("这个文件已损坏或不完整，打不开。请在 Excel 里重新保存一份再上传。"),
    "bomb": msg("这个文件的结构不正常，为安全起见没有打开。请新建一个表格，把内容复制过去再上传。"),
    "unpacked": msg("这个表格展开后超过 100 MB。请新建一个表格，只复制有内容的行，再上传。"),
    "large": msg(
        "这个表格太大，或在很远的行列有多余的格子。请新建一个表格，只复制有内容的部分，或拆成几个文件。"
    ),
    "slow": msg("这个表格太复杂，10 秒内读不完。请新建一个表格，只复制有内容的部分，再上传。"),
}

_CHILD = Path(__file__).with_name("sheets_child.py")
_SHARED_TEXT = 24
_ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FORMULA_SIGNS = tuple("=+-@\t＝＋－＠'")


class Unreadable(Refused):
    """The file cannot be read at all; the sentence names the cause (one of `CAUSES`)."""

    def __init__(self, cause: str) -> None:
        super().__init__(CAUSES[cause])
        self.cause = cause


@dataclass(frozen=True)
class Merge:
    """A merged block of cells; zero-based, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """One sheet; rows are cut after their last filled cell, an empty row is an empty tuple."""

    name: str
    rows: list[Row]
    hidden: bool = False
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column to write: its heading and its width in characters of a digit."""

    heading: str
    width: float = 12


@dataclass(frozen=True)
class Table:
    """A sheet to write: an optional line of advice, the bold header, the rows below."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    advice: str = ""


def read_workbook(path: Path) -> list[Sheet]:
    """The sheets of an uploaded .xlsx, .xls, .ods or .csv, told apart by content, not by name.

    Parsing happens in a confined child process (THREATS T14). Raises `Unreadable` within ten
    seconds for anything else, without having used noticeable memory here.
    """
    with path.open("rb") as upload, tempfile.TemporaryFile() as output:
        code = _run_child(upload, output)
        output.seek(0)
        return _sheets(output, code)


def write_workbook(tables: Sequence[Table]) -> bytes:
    """An .xlsx with bold, frozen headers in which every text stays a text (THREATS T15).

    `read_workbook` gives every text back as it was, except that signs no spreadsheet can hold
    are dropped.
    """
    book = Workbook(write_only=True)
    for table in tables:
        _write(book, table)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def as_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Comma-separated lines as other systems read them; no text becomes a formula there.

    A text that a spreadsheet would calculate gets an apostrophe before it (THREATS T15).
    """
    target = io.StringIO()
    writer = csv.writer(target)
    for row in (header, *rows):
        writer.writerow([f"'{text}" if text.startswith(_FORMULA_SIGNS) else text for text in row])
    return target.getvalue()


def _run_child(upload: IO[bytes], output: IO[bytes]) -> int:
    """Run the reader on `upload` with nothing of our environment; returns its exit code."""
    command = [sys.executable, "-I", str(_CHILD)]
    with subprocess.Popen(
        command, stdin=upload, stdout=output, stderr=subprocess.DEVNULL, env={}, cwd=os.sep
    ) as child:
        try:
            return child.wait(timeout=WALL_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            raise Unreadable("slow") from None


def _sheets(output: IO[bytes], code: int) -> list[Sheet]:
    sheets: list[Sheet] = []
    shared: dict[str, str] = {}
    for line in output:
        if not line.endswith(b"\n"):
            break
        message = json.loads(line)
        if isinstance(message, list):
            _place(sheets[-1].rows, message, shared)
        elif "sheet" in message:
            merges = tuple(Merge(*block) for block in message["merged"])
            sheets.append(Sheet(message["sheet"], [], message["hidden"], merges))
        elif "refused" in message:
            raise Unreadable(message["refused"])
        else:
            return _not_empty(sheets)
    raise Unreadable("slow" if code in (-9, -24) else "large")


def _not_empty(sheets: list[Sheet]) -> list[Sheet]:
    if not any(sheet.rows for sheet in sheets):
        raise Unreadable("empty")
    return sheets


def _place(rows: list[Row], message: list[Any], shared: dict[str, str]) -> None:
    """Put a row at its number; equal short texts share one object, for a ledger repeats itself."""
    gap = message[0] - len(rows)
    if gap > 0:
        rows.extend([()] * gap)
    rows.append(tuple([_cell(value, shared) for value in message[1:]]))


def _cell(value: Any, shared: dict[str, str]) -> Cell:
    if isinstance(value, str):
        return shared.setdefault(value, value) if len(value) <= _SHARED_TEXT else value
    if isinstance(value, dict):
        text: str = value["date"]
        return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    known: int | float | bool | None = value
    return known


def _write(book: Workbook, table: Table) -> None:
    sheet = book.create_sheet(_sheet_name(table.name))
    header_row = 2 if table.advice else 1
    sheet.freeze_panes = f"A{header_row + 1}"
    for number, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    if table.advice:
        sheet.append([_styled(sheet, table.advice, Font(italic=True))])
    sheet.append([_heading(sheet, column.heading) for column in table.columns])
    for row in table.rows:
        sheet.append(list(_written(sheet, row)))


def _sheet_name(name: str) -> str:
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip("' ")[:31] or "Sheet"


def _heading(sheet: Any, text: str) -> Any:
    cell = _styled(sheet, text, Font(bold=True))
    cell.fill = PatternFill("solid", fgColor="FFE7EEF5")
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _styled(sheet: Any, text: str, font: Font) -> Any:
    cell = _text_cell(sheet, text)
    cell.font = font
    return cell


def _written(sheet: Any, row: Sequence[Cell]) -> Iterator[object]:
    for value in row:
        yield _text_cell(sheet, value) if isinstance(value, str) else value


def _text_cell(sheet: Any, text: str) -> Any:
    """A cell that holds `text` literally, whatever it starts with."""
    legal = _NOT_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    cell = WriteOnlyCell(sheet)
    cell.value = _ESCAPE_LOOKALIKE.sub("_x005F_", legal)[:32_767]
    cell.data_type = "s"
    cell.number_format = "@"
    if legal.startswith(_FORMULA_SIGNS):
        cell.quotePrefix = True
    return cell
