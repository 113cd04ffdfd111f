"""PDFs are made in a process of its own that opens nothing from outside (THREATS.md T12)."""

import io
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pypdf
import pytest

from app.core import pdf

CHILD = Path(pdf.__file__).with_name("pdf_child.py")
SECRET = "kept-on-this-machine-only"


@pytest.fixture
def visitors() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine that writes down everybody who connects."""
    seen: list[str] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                seen.append("connected")
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_nothing_is_fetched_from_anywhere(visitors: tuple[int, list[str]], tmp_path: Path) -> None:
    port, seen = visitors
    secret = tmp_path / "secret.svg"
    secret.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text>{SECRET}</text></svg>')
    css = ""
    tags = ""
    for address in (f"http://127.0.0.1:{port}/x", "http://169.254.169.254/", secret.as_uri()):
        css += f'@import url("{address}"); @font-face {{ font-family: f; src: url("{address}") }}'
        tags += (
            f'<link rel="stylesheet" href="{address}"><link rel="attachment" href="{address}">'
            f'<img src="{address}"><object data="{address}"></object><embed src="{address}">'
            f'<svg><image href="{address}"/><use href="{address}#a"/></svg>'
            f'<p style="background: url({address}); font-family: f">x</p>'
            f'<a rel="attachment" href="{address}">a</a>'
        )
    made = pdf.render_pdf(f"<html><body>{tags}<p>here</p></body></html>", css)
    assert seen == []
    for page in whole(made).pages:
        assert SECRET not in page.extract_text()
    assert not whole(made).attachments


def test_a_picture_inside_the_document_is_shown() -> None:
    dot = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw=="
    made = pdf.render_pdf(f'<img src="{dot}">')
    assert len(list(whole(made).pages[0].images)) == 1


def test_parts_are_joined_in_order_and_counted() -> None:
    heard: list[int] = []
    parts = (f"<p>part {number}</p>" for number in range(3))
    made = pdf.join_pdf(parts, "@page { size: A6 }", heard.append)
    assert [page.extract_text().strip() for page in whole(made).pages] == [
        "part 0",
        "part 1",
        "part 2",
    ]
    assert heard == [1, 2, 3]


def test_an_error_in_the_middle_leaves_no_process_behind() -> None:
    def parts() -> Iterator[str]:
        yield "<p>one</p>"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pdf.join_pdf(parts(), "", lambda done: None)


def test_a_machine_without_pango_is_told_apart_from_a_bug(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango')")
    answer = subprocess.run(
        [sys.executable, str(CHILD)], env={"PYTHONPATH": str(tmp_path)}, stdin=subprocess.DEVNULL
    )
    assert answer.returncode == 3


def test_without_pdf_components_the_answer_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    pdf.is_available.cache_clear()
    try:
        assert not pdf.is_available()
        with pytest.raises(pdf.NoPdf, match="PDF 组件"):
            pdf.render_pdf("<p>x</p>")
    finally:
        pdf.is_available.cache_clear()


def whole(made: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(made))
