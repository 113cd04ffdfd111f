"""The process that lays out print pages: a long print run must not slow or fatten the server.

It is started by file name and knows nothing of Juyi. One JSON line with the style sheet arrives on
standard input, then one per document; each is answered by a line, and after the last one
comes the whole as one PDF. Nothing is ever fetched (THREATS.md T12).
"""

import io
import json
import logging
import os
import resource
import sys
import tempfile

from pypdf import PdfWriter

try:
    import weasyprint
except OSError:  # Pango is a system library; its absence is an answer of this process.
    weasyprint = None

MEGABYTE = 1 << 20
MEMORY = 2048 * MEGABYTE
PROCESSOR_SECONDS = 600
NO_LIBRARIES = 3


def main() -> int:
    """Lay out everything that arrives; the exit code tells missing system libraries apart."""
    os.nice(5)
    if weasyprint is None:
        return NO_LIBRARIES
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)
    _confine()
    _say(b"ready\n")
    _answer()
    return 0


def _confine() -> None:
    # Finding the temporary folder writes to it once, which is forbidden from here on.
    tempfile.gettempdir()
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (limit, limit))


def _answer() -> None:
    first = sys.stdin.buffer.readline()
    if not first:
        return
    fonts = weasyprint.text.fonts.FontConfiguration()
    # Only what lies inside the document itself; http, file and the rest are refused unopened.
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    css = weasyprint.CSS(string=json.loads(first)["css"], font_config=fonts, url_fetcher=fetcher)
    whole = None
    for line in sys.stdin.buffer:
        html = weasyprint.HTML(string=json.loads(line)["html"], url_fetcher=fetcher)
        # The boxes of a laid-out page weigh megabytes: each part is written before the next.
        part = io.BytesIO(html.write_pdf(stylesheets=[css], font_config=fonts))
        if whole is None:
            whole = PdfWriter(clone_from=part)  # The first part gives title and language.
        else:
            whole.append(part, import_outline=False)
        _say(b"done\n")
    if whole is not None:
        pdf = io.BytesIO()
        whole.write(pdf)
        _say(pdf.getvalue())


def _say(answer: bytes) -> None:
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
