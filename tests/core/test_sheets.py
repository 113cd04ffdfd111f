"""Reading uploaded spreadsheets safely and writing text that stays text."""

import io
import resource
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdfTable
from odf.table import TableCell, TableRow
from odf.text import P

from app.core.sheets import (
    CAUSES,
    Column,
    Merge,
    Sheet,
    Table,
    Unreadable,
    read_workbook,
    write_workbook,
)

Reads = Callable[[bytes], list[Sheet]]
ROWS = [("楼栋", "房号"), ("3号楼", "501"), ("3号楼", "502")]


@pytest.fixture
def read(tmp_path: Path) -> Reads:
    def read_bytes(content: bytes) -> list[Sheet]:
        path = tmp_path / "upload"
        path.write_bytes(content)
        return read_workbook(path)

    return read_bytes


def cause_of(read: Reads, content: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    assert str(refusal.value) == CAUSES[refusal.value.cause]
    return refusal.value.cause


def xlsx(fill: Callable[[openpyxl.Workbook], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def simple_xlsx() -> bytes:
    return write_workbook([Table("台账", [Column("楼栋"), Column("房号")], ROWS[1:])])


def rezipped(content: bytes, **changes: bytes) -> bytes:
    """The archive with members replaced or added; `__` in a name stands for `/`, `_o_` for `.`."""
    named = {name.replace("__", "/").replace("_o_", "."): text for name, text in changes.items()}
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, named.pop(name, None) or old.read(name))
        for name, text in named.items():
            new.writestr(name, text)
    return target.getvalue()


def sheet_xml(cells: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    head = f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>'
    return f"{head}{cells}</sheetData></worksheet>".encode()


def xls() -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    for number, row in enumerate(ROWS):
        for column, value in enumerate(row):
            sheet.write(number, column, value)
    sheet.write_merge(3, 5, 0, 0, "4号楼")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def ods() -> bytes:
    document = OpenDocumentSpreadsheet()
    table = OdfTable(name="台账")
    for row in ROWS:
        line = TableRow()
        for value in row:
            cell = TableCell(valuetype="string")
            cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    target = io.BytesIO()
    document.write(target)
    return target.getvalue()


def csv_text(separator: str) -> str:
    return "\r\n".join(separator.join(row) for row in ROWS) + "\r\n"


@pytest.mark.parametrize("write", [simple_xlsx, xls, ods])
def test_every_kind_of_workbook_is_told_by_its_content(
    read: Reads, write: Callable[[], bytes]
) -> None:
    (sheet,) = read(write())
    assert sheet.name == "台账"
    assert sheet.rows[:3] == ROWS


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_in_every_encoding_that_offices_save(
    read: Reads, separator: str, encoding: str
) -> None:
    (sheet,) = read(csv_text(separator).encode(encoding))
    assert sheet.rows == ROWS


def test_a_csv_cell_may_hold_line_breaks_and_still_be_one_row(read: Reads) -> None:
    (sheet,) = read('房号,电话\n501,"138\n139"\n\n502,\n'.encode())
    assert sheet.rows == [("房号", "电话"), ("501", "138\n139"), (), ("502",)]


def test_rows_and_columns_are_those_a_person_sees(read: Reads) -> None:
    def fill(book: openpyxl.Workbook) -> None:
        sheet = book.active
        assert isinstance(sheet, openpyxl.worksheet.worksheet.Worksheet)
        sheet["C4"] = "房号"
        sheet["B6"] = 501
        sheet["C6"] = date(2026, 3, 2)
        sheet["D6"] = datetime(2026, 3, 2, 9, 30)
        sheet["E6"] = True
        sheet.merge_cells("B6:B8")
        book.create_sheet("隐藏").sheet_state = "hidden"

    first, second = read(xlsx(fill))
    assert first.rows[:3] == [(), (), ()]
    assert first.rows[3] == (None, None, "房号")
    assert first.rows[5] == (None, 501, date(2026, 3, 2), datetime(2026, 3, 2, 9, 30), True)
    assert first.merges == (Merge(5, 1, 7, 1),)
    assert (first.hidden, second.hidden) == (False, True)


def test_an_old_workbook_tells_its_merged_cells(read: Reads) -> None:
    (sheet,) = read(xls())
    assert sheet.merges == (Merge(3, 0, 5, 0),)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"%PDF-1.7\n1 0 obj", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "picture"),
        (b"Rar!\x1a\x07\x00", "archive"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "web"),
        (b"<?xml version='1.0'?><?mso-application progid='Excel.Sheet'?>", "web"),
        (b"\x00\x01\x02\x03" * 20, "unknown"),
        ("房号\x07".encode(), "unknown"),
        ('房号,业主\n501,"张三\n'.encode(), "quotes"),
        (b"PK\x03\x04" + b"\0" * 40, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "foreign"),
        (b"x" * (10 * 1024 * 1024 + 1), "upload"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_by_its_cause(
    read: Reads, content: bytes, cause: str
) -> None:
    assert cause_of(read, content) == cause


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("write", [simple_xlsx, xls, ods])
def test_a_truncated_file_is_refused(read: Reads, write: Callable[[], bytes], share: float) -> None:
    content = write()
    assert cause_of(read, content[: int(len(content) * share)]) in ("damaged", "foreign")


def test_a_workbook_without_any_cell_is_refused(read: Reads) -> None:
    assert cause_of(read, xlsx(lambda book: None)) == "empty"


def test_other_office_files_and_archives_are_refused(read: Reads) -> None:
    assert (
        cause_of(read, archive({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}))
        == "foreign"
    )
    assert cause_of(read, archive({"a.xlsx": simple_xlsx()})) == "archive"


def test_encrypted_workbooks_ask_for_the_password_to_be_removed(read: Reads) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
    assert cause_of(read, ole + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512) == "password"
    old = bytearray(xls())
    after_start = old.find(b"\x09\x08\x10\x00\x00\x06\x05\x00") + 20
    old[after_start : after_start + 2] = b"\x2f\x00"
    assert cause_of(read, bytes(old)) == "password"
    manifest = b"<manifest><encryption-data/></manifest>"
    assert cause_of(read, rezipped(ods(), **{"META-INF/manifest.xml": manifest})) == "password"
    locked = bytearray(simple_xlsx())
    for at in (locked.find(b"PK\x03\x04") + 6, locked.find(b"PK\x01\x02") + 8):
        locked[at] |= 1
    assert cause_of(read, bytes(locked)) == "password"


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)
    return target.getvalue()


def bomb_of_one_member(declared: int = 1 << 30, megabytes: int = 1024) -> bytes:
    """One megabyte that unpacks to a gigabyte."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    chunks = (packer.compress(b"\0" * (1 << 20)) for _ in range(megabytes))
    packed = b"".join(chunks) + packer.flush()
    name = b"xl/worksheets/sheet1.xml"
    size = declared
    local = struct.pack(
        "<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, 0, len(packed), size, len(name), 0
    )
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII",
        0x02014B50,
        20,
        20,
        0,
        8,
        0,
        0,
        0,
        len(packed),
        size,
        len(name),
        0,
        0,
        0,
        0,
        0,
        0,
    )
    body = local + name + packed
    directory = central + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(directory), len(body), 0)
    return body + directory + end


def bomb_of_many_members() -> bytes:
    """A hundred thousand empty members."""
    local = b"PK\x03\x04" + b"\0" * 26
    entry = b"PK\x01\x02" + b"\0" * 42
    count = 100_000
    end = struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, len(local), 0
    )
    return local + entry * count + end


def bomb_of_overlapping_members() -> bytes:
    """Two names for the same bytes."""
    content = bytearray(archive({"xl/a.xml": b"<a/>" * 99, "xl/b.xml": b"<a/>" * 99}))
    second = content.rfind(b"PK\x01\x02")
    content[second + 42 : second + 46] = b"\0\0\0\0"
    return bytes(content)


def laughing_strings(declaration: str) -> bytes:
    text = f'<?xml version="1.0"?><!DOCTYPE sst [{declaration}]><sst><si><t>&c;</t></si></sst>'
    return rezipped(simple_xlsx(), xl__sharedStrings_o_xml=text.encode())


def linked() -> bytes:
    target = io.BytesIO(simple_xlsx())
    with zipfile.ZipFile(target, "a") as new:
        link = zipfile.ZipInfo("xl/link.xml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        new.writestr(link, "/etc/passwd")
    return target.getvalue()


LAUGHS = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">'
FAR_CELL = (
    '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
)


@pytest.mark.parametrize(
    ("write", "cause"),
    [
        (bomb_of_one_member, "unpacked"),
        (lambda: bomb_of_one_member(declared=900_000, megabytes=300), "bomb"),
        (bomb_of_many_members, "bomb"),
        (bomb_of_overlapping_members, "bomb"),
        (lambda: laughing_strings(LAUGHS), "bomb"),
        (lambda: laughing_strings('<!ENTITY c SYSTEM "file:///etc/passwd">'), "bomb"),
        (lambda: rezipped(simple_xlsx(), xl__media__a_o_xml=b" " * (20 << 20)), "bomb"),
        (lambda: archive({"xl/workbook.xml": b"<a/>", "../../evil": b"x"}), "bomb"),
        (lambda: archive({"xl/workbook.xml": b"<a/>", "/etc/evil": b"x"}), "bomb"),
        (
            lambda: rezipped(simple_xlsx(), xl__worksheets__sheet1_o_xml=sheet_xml(FAR_CELL)),
            "large",
        ),
        (linked, "bomb"),
    ],
)
def test_hostile_files_are_refused_quickly_and_without_harm(
    read: Reads, write: Callable[[], bytes], cause: str
) -> None:
    content = write()
    before = resident_megabytes()
    started = time.monotonic()
    assert cause_of(read, content) == cause
    assert time.monotonic() - started < 10
    assert resident_megabytes() - before < 50


def test_the_declared_size_decides_before_anything_is_unpacked(read: Reads) -> None:
    honest = bomb_of_one_member(megabytes=1)
    start = honest.index(b"sheet1.xml") + len(b"sheet1.xml")
    # These bytes are no packed data at all: whoever looked at them would call the file damaged.
    assert cause_of(read, honest[:start] + b"\xff" * 64 + honest[start + 64 :]) == "unpacked"


def resident_megabytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // (1 << 20)


def test_more_cells_than_any_ledger_has_are_refused(read: Reads) -> None:
    line = ",".join("1" * 12) + "\n"
    assert cause_of(read, (line * 100_001).encode()) == "large"


def test_a_million_empty_formatted_rows_do_no_harm(read: Reads) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(2, 1_048_577))
    content = sheet_xml(f'<row r="1"><c r="A1"><v>501</v></c></row>{rows}')
    (sheet,) = read(rezipped(simple_xlsx(), xl__worksheets__sheet1_o_xml=content))
    assert sheet.rows == [(501,)]


def test_formulas_give_the_values_that_were_last_shown(read: Reads) -> None:
    cells = '<row r="1"><c r="A1"><f>40+46.5</f><v>86.5</v></c></row>'
    (sheet,) = read(rezipped(simple_xlsx(), xl__worksheets__sheet1_o_xml=sheet_xml(cells)))
    assert sheet.rows == [(86.5,)]


NAUGHTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠a",
    "'501",
    "501",
    "0501",
]
NAUGHTY += [
    "_x000D_",
    "_x0041_",
    "a_x005F_b",
    " 两边有空格 ",
    "两\n行",
    "<b>&amp;",
    "𠮷",
    "1.38E+10",
    "TRUE",
]


def test_text_of_any_kind_stays_text_and_comes_back_as_it_was(read: Reads) -> None:
    content = write_workbook([Table("导出", [Column("文字")], [[text] for text in NAUGHTY])])
    (sheet,) = read(content)
    assert [row[0] for row in sheet.rows[1:]] == NAUGHTY
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        markup = book.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in markup
        assert b'quotePrefix="1"' in book.read("xl/styles.xml")


def test_numbers_and_dates_stay_numbers_and_dates(read: Reads) -> None:
    row = (86.5, 3, date(2026, 3, 2), None, True)
    (sheet,) = read(write_workbook([Table("导出", [Column("a")] * 5, [row])]))
    assert sheet.rows[1] == row


def test_the_header_is_bold_and_frozen_below_the_advice() -> None:
    table = Table("模板", [Column("房号", 9)], [["501"]], advice="每户一行")
    sheet = openpyxl.load_workbook(io.BytesIO(write_workbook([table])))["模板"]
    assert sheet["A1"].value == "每户一行"
    assert sheet["A2"].font.bold
    assert sheet.freeze_panes == "A3"
    assert sheet.column_dimensions["A"].width == 9


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)))
def test_an_export_read_again_gives_the_same_text(read: Reads, texts: list[str]) -> None:
    legal = [text.replace("\ufffe", "").replace("\uffff", "") for text in texts]
    (sheet,) = read(
        write_workbook([Table("导出", [Column("文字")], [["|" + text] for text in legal])])
    )
    assert [row[0] for row in sheet.rows[1:]] == ["|" + text for text in legal]
