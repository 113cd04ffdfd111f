"""From values to paper: HTML and PDF bytes; codes pass through and are written nowhere else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from app.core import clock, pdf
from app.core.i18n import pack
from app.core.qr import draw_qr, qr_png
from app.reports.notice import Notice
from app.reports.pages import SHEETS_IN_A_PART, SLIPS_ON_A_SHEET, PosterPage, Slip, portions

POSTERS_IN_A_PART = 10
SLIPS_IN_A_PART = SLIPS_ON_A_SHEET * SHEETS_IN_A_PART
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Toolbar:
    """What stands above paper on a screen, in the language of the one who sits before it."""

    language: str
    links: tuple[tuple[str, str], ...]
    hint: str


def toolbar(*links: tuple[str, str]) -> Toolbar:
    """The ways on (words, address) from a page to print, and how to print it."""
    return Toolbar(pack().tag, links, gettext("按 Ctrl+P 打印；纸张选 A4，缩放选 100 %%。") % ())


def posters_pdf(pages: Sequence[PosterPage], report: Progress) -> bytes:
    """The posters as PDF, one A4 page each; refuses with `NoPdf`."""
    parts = (
        pdf.printed("print/posters.html", posters=with_codes(portion), on_screen=False)
        for portion in portions(pages, POSTERS_IN_A_PART)
    )
    return pdf.join_pdf(parts, pdf.print_css(), _counted(len(pages), POSTERS_IN_A_PART, report))


def with_codes(pages: Sequence[PosterPage]) -> list[tuple[PosterPage, object]]:
    """Every page with the drawing of its QR code."""
    drawings = {page.url: draw_qr(page.url) for page in pages}
    return [(page, drawings[page.url]) for page in pages]


def slips_pdf(batches: Iterator[Sequence[Slip]], total: int, report: Progress) -> bytes:
    """The slips as PDF, eight to an A4 page; refuses with `NoPdf`.

    `batches` (of `SLIPS_IN_A_PART`) is asked for the next while the last is laid out, so that
    hashing codes and laying out pages share the time.
    """
    parts = (
        pdf.printed("print/slips.html", sheets=_sheets(batch), on_screen=False) for batch in batches
    )
    return pdf.join_pdf(parts, pdf.print_css(), _counted(total, SLIPS_IN_A_PART, report))


def notice_html(notice: Notice, **context: object) -> str:
    """The notice of a round's figures as HTML, for the browser or for `render_pdf`."""
    return pdf.printed(
        "print/notice.html",
        notice=notice,
        made_at=clock.now(),
        in_groups=_in_groups,
        **context,
    )


def _sheets(slips: Sequence[Slip]) -> list[list[tuple[Slip, str]]]:
    return [
        [(slip, qr_png(slip.personal_url)) for slip in sheet]
        for sheet in portions(slips, SLIPS_ON_A_SHEET)
    ]


def _in_groups(fingerprint: str | None) -> str:
    """A hash in groups of eight, so that two papers can be compared by eye."""
    return " ".join(portions(fingerprint or "", 8))


def _counted(total: int, size: int, report: Progress) -> Callable[[int], None]:
    return lambda parts: report(min(parts * size, total), total)
