"""The process that opens an uploaded spreadsheet, so that a hostile one cannot hurt the server.

It is started by file name, knows nothing of Juyi, and cannot open a file once it has begun: the
workbook arrives on standard input, one JSON line per filled row leaves on standard output, and a
line `{"refused": cause}` says why a file cannot be read. `sheets.py` turns causes into sentences.
"""

import codecs
import csv
import datetime
import io
import json
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

MEGABYTE = 1 << 20
MEMORY = 1024 * MEGABYTE
PROCESSOR_SECONDS = 8
OUTPUT = 64 * MEGABYTE
UPLOAD = 10 * MEGABYTE
UNPACKED = 100 * MEGABYTE
MEMBERS = 2_000
DIRECTORY = MEMBERS * 512
RATIO = 100
SMALL = MEGABYTE
PIECE = 65_536
CELLS = 1_200_000
CELL_TEXT = 2_000
MERGES = 50_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF8_START = b"\x09\x08\x10\x00\x00\x06\x05\x00"
_FILE_PASS = b"\x2f\x00"
_FOREIGN = [
    (b"%PDF", "pdf"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
]
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
)
_CONTROL = frozenset(map(chr, range(32))) - set("\t\n\r\f\v\x1a") | {"\x7f"}


class Refusal(Exception):  # noqa: N818 - the cause is the whole message
    """The file cannot be read; the argument is one of the causes of `sheets.CAUSES`."""


def main() -> None:
    """Read the workbook on standard input and write its filled rows to standard output."""
    _prepare_codecs()
    _confine()
    try:
        for line in _lines(sys.stdin.buffer.read(UPLOAD + 1)):
            _say(line)
        _say({"end": True})
    except Refusal as refusal:
        _say({"refused": str(refusal)})
    except PasswordError:
        _say({"refused": "password"})
    except MemoryError:
        _say({"refused": "large"})
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of the parser is not an Exception
        _say({"refused": "damaged"})
    sys.stdout.buffer.flush()


def _prepare_codecs() -> None:
    """Load what decoding needs now, because no file can be opened later."""
    for encoding in ("utf-8-sig", "utf-16", "gb18030", "utf-16-le", "cp437", "ascii"):
        codecs.lookup(encoding)


def _confine() -> None:
    """Take from this process everything that a hostile file could use against the machine."""
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _say(line: object) -> None:
    text = json.dumps(line, ensure_ascii=True, separators=(",", ":"))
    sys.stdout.buffer.write(text.encode("ascii") + b"\n")


def _lines(content: bytes) -> Iterator[object]:
    """The sheets of `content`, told apart by their first bytes and never by the file's name."""
    if len(content) > UPLOAD:
        raise Refusal("upload")
    if not content.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise Refusal("empty")
    for magic, cause in _FOREIGN:
        if content.startswith(magic):
            raise Refusal(cause)
    if content.startswith(b"PK"):
        _check_zip(content)
        return _workbook(content)
    if content.startswith(_OLE):
        _check_ole(content)
        return _workbook(content)
    if _is_old_biff(content):
        return _workbook(content)
    return _text(content)


def _check_zip(content: bytes) -> None:
    """Refuse bombs before anything is unpacked for good (THREATS T14)."""
    _check_directory(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_members(members, content)
            _check_declared_sizes(members)
            names = {member.filename for member in members}
            _check_kind(archive, names)
            _unpack(archive, members, content)
    except RuntimeError as error:  # zipfile's word for an encrypted member
        raise Refusal("password") from error
    except _BROKEN as error:
        raise Refusal("damaged") from error


def _check_directory(content: bytes) -> None:
    """Read the count and size of the directory by hand: a million members must not be parsed."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if at < 0 or len(content) < at + 22:
        raise Refusal("damaged")
    count = int.from_bytes(content[at + 10 : at + 12], "little")
    size = int.from_bytes(content[at + 12 : at + 16], "little")
    if count > MEMBERS or size > DIRECTORY or b"PK\x06\x07" in content[max(0, at - 20) : at]:
        raise Refusal("bomb")


def _check_members(members: list[zipfile.ZipInfo], content: bytes) -> None:
    if len(members) > MEMBERS:
        raise Refusal("bomb")
    free_from = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.flag_bits & 1:
            raise Refusal("password")
        if member.header_offset < free_from or _is_unsafe(member):
            raise Refusal("bomb")
        free_from = _start_of_data(member, content) + member.compress_size
    if free_from > len(content):
        raise Refusal("damaged")


def _start_of_data(member: zipfile.ZipInfo, content: bytes) -> int:
    """Where the packed bytes of a member begin, behind its own header."""
    start = member.header_offset
    name_length = int.from_bytes(content[start + 26 : start + 28], "little")
    extra_length = int.from_bytes(content[start + 28 : start + 30], "little")
    return start + 30 + name_length + extra_length


def _check_declared_sizes(members: list[zipfile.ZipInfo]) -> None:
    """What the directory admits is refused at once, however busy the machine is."""
    if sum(member.file_size for member in members) > UNPACKED:
        raise Refusal("unpacked")
    for member in members:
        _check_ratio(member, member.file_size)


def _check_ratio(member: zipfile.ZipInfo, size: int) -> None:
    if size > SMALL and size > RATIO * max(1, member.compress_size):
        raise Refusal("bomb")


def _is_unsafe(member: zipfile.ZipInfo) -> bool:
    name = member.filename.replace("\\", "/")
    is_link = (member.external_attr >> 28) == 0o12
    return is_link or name.startswith("/") or ".." in name.split("/") or ":" in name


def _check_kind(archive: zipfile.ZipFile, names: set[str]) -> None:
    if "mimetype" in names and "content.xml" in names:
        if b"encryption-data" in _start_of(archive, "META-INF/manifest.xml", names):
            raise Refusal("password")
        if b"spreadsheet" not in _start_of(archive, "mimetype", names):
            raise Refusal("foreign")
    elif not any(name.lower().startswith("xl/") for name in names):
        raise Refusal("foreign" if "[Content_Types].xml" in names else "archive")


def _start_of(archive: zipfile.ZipFile, name: str, names: set[str]) -> bytes:
    if name not in names:
        return b""
    with archive.open(name) as member:
        return member.read(MEGABYTE)


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], content: bytes) -> None:
    """Unpack once into nothing: count what really comes out and look for document types.

    The parser unpacks to the end of the packed bytes, whatever the directory declares: so a
    member that gives more or less than it declares is refused before the parser meets it.
    """
    total = 0
    for member in members:
        archive.open(member).close()  # The member's own header must tell the same.
        size, checksum, tail = 0, 0, b""
        is_markup = member.filename.lower().endswith((".xml", ".rels", ".vml"))
        for chunk in _unpacked(member, content):
            size += len(chunk)
            checksum = zlib.crc32(chunk, checksum)
            if total + size > UNPACKED:
                raise Refusal("unpacked")
            if size > member.file_size or (is_markup and _declares(tail + chunk)):
                raise Refusal("bomb")
            tail = chunk[-32:]
        if size != member.file_size or checksum != member.CRC:
            raise Refusal("damaged")
        _check_ratio(member, size)
        total += size


def _unpacked(member: zipfile.ZipInfo, content: bytes) -> Iterator[bytes]:
    """What comes out of a member's packed bytes, at most a megabyte at a time."""
    start = _start_of_data(member, content)
    end = start + member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        for at in range(start, end, MEGABYTE):
            yield content[at : min(at + MEGABYTE, end)]
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise NotImplementedError(member.compress_type)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for at in range(start, end, PIECE):
        packed = content[at : min(at + PIECE, end)]
        while packed:
            yield inflater.decompress(packed, MEGABYTE)
            packed = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise EOFError


def _declares(chunk: bytes) -> bool:
    plain = chunk.replace(b"\0", b"") if b"\0" in chunk else chunk
    return b"<!DOCTYPE" in plain or b"<!ENTITY" in plain


def _check_ole(content: bytes) -> None:
    """Tell an encrypted workbook and other old Office files from an .xls."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refusal("password")
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book", "BOOK")):
        raise Refusal("foreign")
    # The record that says how an .xls is encrypted is among the first of its stream.
    record = content.find(_BIFF8_START)
    for _ in range(4 if record >= 0 else 0):
        record += 4 + int.from_bytes(content[record + 2 : record + 4], "little")
        if content[record : record + 2] == _FILE_PASS:
            raise Refusal("password")


def _is_old_biff(content: bytes) -> bool:
    return content[:2] == b"\x09\x08" and content[2:4] in (b"\x08\0", b"\x10\0")


def _workbook(content: bytes) -> Iterator[object]:
    try:
        workbook = CalamineWorkbook.from_object(io.BytesIO(content))
    except PasswordError:
        raise
    except CalamineError as error:
        raise Refusal("password" if "assword" in str(error) else "damaged") from error
    cells = 0
    for about in workbook.sheets_metadata:
        sheet = workbook.get_sheet_by_name(about.name)
        merged = [[*first, *last] for first, last in (sheet.merged_cell_ranges or [])[:MERGES]]
        hidden = about.visible != SheetVisibleEnum.Visible
        yield {"sheet": about.name, "hidden": hidden, "merged": merged}
        left = sheet.start[1] if sheet.start else 0
        for number, row in enumerate(sheet.iter_rows()):
            filled = _filled(row, left)
            cells += len(filled)
            if cells > CELLS:
                raise Refusal("large")
            if filled:
                yield [number, *filled]


def _filled(row: list[Any], left: int) -> list[object]:
    """The cells of a row up to the last filled one, with the columns that the parser cut off."""
    end = len(row)
    while end and row[end - 1] == "":
        end -= 1
    return [None] * left + [_plain(cell) for cell in row[:end]] if end else []


def _plain(cell: object) -> object:
    """A value that JSON knows; dates travel as an object, times and durations as their text."""
    if cell == "":
        return None
    if isinstance(cell, datetime.date):
        return {"date": cell.isoformat()}
    if isinstance(cell, (datetime.time, datetime.timedelta)):
        return str(cell)
    return cell[:CELL_TEXT] if isinstance(cell, str) else cell


def _text(content: bytes) -> Iterator[object]:
    """A CSV file: UTF-8, UTF-16 with its mark, or GB18030 as Excel and WPS write it."""
    text = _decoded(content)
    start = text[:400].lstrip().lower()
    if start.startswith("<"):
        raise Refusal("web")
    if any(sign in _CONTROL for sign in text):
        raise Refusal("unknown")
    yield {"sheet": "CSV", "hidden": False, "merged": []}
    cells = 0
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for number, row in enumerate(lines):
            filled = _filled(row, 0)
            cells += len(filled)
            if cells > CELLS:
                raise Refusal("large")
            if filled:
                yield [number, *filled]
    except csv.Error as error:
        raise Refusal("quotes") from error


def _decoded(content: bytes) -> str:
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refusal("unknown")


def _delimiter(text: str) -> str:
    """The separator that divides the first lines most often; a comma when none does."""
    head = "".join(text.splitlines(keepends=True)[:50])
    return max((",", "\t", ";"), key=head.count)


if __name__ == "__main__":
    main()
