"""Forms as PDF: one A4 sheet each, in portions, so that a compound fits into the memory."""

from collections.abc import Callable, Sequence
from pathlib import Path

from flask import current_app

from app.core import pdf
from app.paper.sheet import Heading, Sheet

_SHEETS_IN_A_PART = 40


def forms_pdf(
    heading: Heading, sheets: Sequence[Sheet], report: Callable[[int, int], None]
) -> bytes:
    """The forms as PDF, in their order; refuses with `NoPdf`."""
    parts = (
        pdf.printed(
            "print/paper_forms.html",
            heading=heading,
            sheets=sheets[start : start + _SHEETS_IN_A_PART],
            on_screen=False,
        )
        for start in range(0, len(sheets), _SHEETS_IN_A_PART)
    )
    total = len(sheets)
    return pdf.join_pdf(
        parts, _css(), lambda done: report(min(done * _SHEETS_IN_A_PART, total), total)
    )


def _css() -> str:
    """The style sheet of the form alone: the fewer rules, the faster a thousand pages are."""
    folder = Path(current_app.static_folder or "static")
    return (folder / "css" / "paper-form.css").read_text("utf-8")
