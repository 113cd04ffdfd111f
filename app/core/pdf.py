"""PDF out of our own print pages with WeasyPrint; nothing is fetched from anywhere."""

from typing import Any

from app.core.errors import Refused, msg

try:
    import weasyprint
except OSError:  # Pango is a system library and may be missing: everything else still works.
    weasyprint = None


class NoPdf(Refused):
    """This machine cannot make PDFs; the print page in the browser still can."""


def is_available() -> bool:
    """Whether the system libraries that WeasyPrint needs are installed."""
    return weasyprint is not None


def render_pdf(html: str, css: str = "") -> bytes:
    """`html` as PDF bytes, styled by `css`; refuses with `NoPdf` without the system libraries.

    Images must be data: addresses; any other address is refused, so that no document can make
    the server fetch something (THREATS.md T12).
    """
    return bytes(render_document(html, css).write_pdf())


def render_document(html: str, css: str = "") -> Any:
    """The laid-out pages, for callers that join several documents into one file."""
    if weasyprint is None:
        raise NoPdf(msg("这台服务器没有装好 PDF 组件，请在浏览器里打开打印页，按 Ctrl+P 打印。"))
    sheets = [weasyprint.CSS(string=css, url_fetcher=_fetch)] if css else []
    return weasyprint.HTML(string=html, url_fetcher=_fetch).render(stylesheets=sheets)


def _fetch(url: str, *args: Any, **kwargs: Any) -> Any:
    if not url.startswith("data:"):
        raise ValueError("print pages load nothing from outside")
    return weasyprint.default_url_fetcher(url, *args, **kwargs)
