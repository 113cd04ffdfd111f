"""Looking at a PDF as an office does: pictures of its pages, its codes, words and millimetres."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pypdfium2
import zxingcpp

A4 = (595.28, 841.89)
POINTS_IN_MM = 72 / 25.4


@dataclass(frozen=True)
class Code:
    """A decoded QR code and where its four corners lie, in pixels."""

    text: str
    left: int
    top: int
    right: int
    bottom: int


def sizes(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of every page, in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [document.get_page_size(index) for index in range(len(document))]


@lru_cache(maxsize=8)
def picture(pdf: bytes, index: int = 0, dpi: int = 150) -> Any:
    """A page in grey, as an array of rows."""
    with pypdfium2.PdfDocument(pdf) as document:
        bitmap = document[index].render(scale=dpi / 72, grayscale=True)
        return np.array(bitmap.to_numpy()).squeeze()


def words(pdf: bytes, index: int = 0, box: tuple[float, float, float, float] | None = None) -> str:
    """The text of a page, or of a box on it: left, top, right, bottom in millimetres."""
    with pypdfium2.PdfDocument(pdf) as document:
        textpage = document[index].get_textpage()
        if box is None:
            return textpage.get_text_range().replace("\r\n", "\n")
        left, top, right, bottom = (edge * POINTS_IN_MM for edge in box)
        return textpage.get_text_bounded(left, A4[1] - bottom, right, A4[1] - top)


@lru_cache(maxsize=8)
def signs(pdf: bytes, index: int = 0) -> list[tuple[str, float, float, float, float]]:
    """Every printed character with its left, top, right, bottom in millimetres."""
    with pypdfium2.PdfDocument(pdf) as document:
        textpage = document[index].get_textpage()
        text = textpage.get_text_range()
        found = []
        for number, sign in enumerate(text[: textpage.count_chars()]):
            if not sign.isspace():
                left, bottom, right, top = textpage.get_charbox(number)
                edges = (left, A4[1] - top, right, A4[1] - bottom)
                found.append((sign, *(edge / POINTS_IN_MM for edge in edges)))
        return found


def codes(image: Any) -> list[Code]:
    """Every QR code on a picture, from top to bottom and left to right."""
    found = [
        Code(
            read.text,
            min(read.position.top_left.x, read.position.bottom_left.x),
            min(read.position.top_left.y, read.position.top_right.y),
            max(read.position.top_right.x, read.position.bottom_right.x),
            max(read.position.bottom_left.y, read.position.bottom_right.y),
        )
        for read in zxingcpp.read_barcodes(image, zxingcpp.BarcodeFormat.QRCode)
    ]
    return sorted(found, key=lambda code: (code.top // 100, code.left))


def measured(image: Any, code: Code, dpi: int) -> tuple[float, float]:
    """Width and height of a code's dark part in millimetres, measured on the picture itself."""
    edge = dpi // 10
    part = image[code.top - edge : code.bottom + edge, code.left - edge : code.right + edge] < 128
    rows, columns = np.where(part.any(axis=1))[0], np.where(part.any(axis=0))[0]
    mm = 25.4 / dpi
    return (columns[-1] - columns[0] + 1) * mm, (rows[-1] - rows[0] + 1) * mm
