"""PDF out of our own print pages; WeasyPrint does it in a process of its own (`pdf_child.py`)."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import IO

from flask import current_app, render_template
from flask_babel import force_locale

from app.core.errors import Refused, msg
from app.core.i18n import DEFAULT

_CHILD = Path(__file__).with_name("pdf_child.py")


class NoPdf(Refused):
    """This machine cannot make PDFs; the print page in the browser still can."""


class PdfFailed(Exception):  # noqa: N818 - a bug or a full machine, never an answer
    """The layout process died; its exit code is in the message."""


@cache
def is_available() -> bool:
    """Whether the system libraries that WeasyPrint needs are installed (asked once)."""
    with _start() as child:
        child.communicate()
    return child.returncode == 0


def printed(template: str, **context: object) -> str:
    """A print page as HTML; paper is always in the language of the wall it hangs on, Chinese."""
    with force_locale(DEFAULT):
        return render_template(template, **context)


def print_css() -> str:
    """The style sheet of everything printed."""
    return (Path(current_app.static_folder or "static") / "css" / "print.css").read_text("utf-8")


def render_pdf(html: str, css: str = "") -> bytes:
    """`html` as PDF bytes, styled by `css`; refuses with `NoPdf` without the system libraries.

    Images must be data: addresses; any other address is refused, so that no document can make
    the server fetch something (THREATS.md T12).
    """
    return join_pdf([html], css, lambda _done: None)


def join_pdf(parts: Iterable[str], css: str, report: Callable[[int], None]) -> bytes:
    """All `parts` (HTML documents) as one PDF; `report` hears how many of them are laid out.

    The next part is made while the one before is laid out. Refuses with `NoPdf`.
    """
    if not is_available():
        raise NoPdf(msg("这台服务器没有装好 PDF 组件，请在浏览器里打开打印页，按 Ctrl+P 打印。"))
    with _start() as child:
        try:
            pdf = _converse(child, parts, css, report)
        except BrokenPipeError:
            pdf = b""
        except BaseException:
            child.kill()
            raise
    if child.returncode or not pdf.startswith(b"%PDF"):
        raise PdfFailed(f"layout process ended with {child.returncode}")
    return pdf


def _start() -> "subprocess.Popen[bytes]":
    """The layout process, with nothing of our environment in it."""
    return subprocess.Popen(
        [sys.executable, "-I", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"LANG": "C.UTF-8", "HOME": "/nonexistent"},
        cwd="/",
    )


def _converse(
    child: "subprocess.Popen[bytes]",
    parts: Iterable[str],
    css: str,
    report: Callable[[int], None],
) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    _send(child.stdin, {"css": css})
    sent = done = 0
    for html in parts:
        _send(child.stdin, {"html": html})
        sent += 1
        if sent > 1:
            done = _hear(child.stdout, done, report)
    child.stdin.close()
    while done < sent:
        done = _hear(child.stdout, done, report)
    return child.stdout.read()


def _send(to: IO[bytes], message: dict[str, str]) -> None:
    to.write(json.dumps(message).encode("ascii") + b"\n")
    to.flush()


def _hear(stream: IO[bytes], done: int, report: Callable[[int], None]) -> int:
    if stream.readline() != b"done\n":
        raise BrokenPipeError
    report(done + 1)
    return done + 1
