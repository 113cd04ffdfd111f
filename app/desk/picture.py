"""A posting as a picture for a phone: 1080 points wide, big letters, one QR code to scan."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from app.core.errors import Refused, msg
from app.core.qr import qr_image
from app.desk.share import Posting

WIDTH, HEIGHT, MARGIN = 1080, 1920, 72
_INK, _SOFT, _SHEET, _MAIN = "#1d2733", "#5b6673", "#ffffff", "#24527f"
_QR_SIDE = 520
# Where Linux distributions keep fonts; the one that prints our paper draws this, too.
_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FAMILY = "Noto Sans CJK SC"
_FACES_IN_A_FILE = 10


class NoFont(Refused):
    """This machine has no Chinese font to draw with; the text can still be copied."""


@cache
def can_draw() -> bool:
    """Whether there is a Chinese font on this machine (asked once)."""
    return _face("Regular") is not None and _face("Bold") is not None


def picture_of(posting: Posting) -> bytes:
    """The posting as PNG; refuses `NoFont`."""
    if not can_draw():
        raise NoFont(msg("这台机器没有中文字体，画不了图片。请复制文字，或请管理员安装字体。"))
    image = Image.new("RGB", (WIDTH, HEIGHT), _SHEET)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 24), fill=_MAIN)
    top = 72
    for text, size, weight, colour in _lines(posting):
        top = _write(draw, text, top, _font(weight, size), colour)
    code = qr_image(posting.url, _QR_SIDE)
    image.paste(code, ((WIDTH - code.width) // 2, top + 8))
    top += code.height + 12
    for text in (posting.typed_address, posting.check):
        draw.text((WIDTH // 2, top), text, font=_font("Regular", 32), fill=_SOFT, anchor="ma")
        top += 52
    out = BytesIO()
    image.crop((0, 0, WIDTH, min(top + 40, HEIGHT))).save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(posting: Posting) -> Iterator[tuple[str, int, str, str]]:
    yield f"{posting.compound} {posting.building}", 60, "Bold", _INK
    yield posting.title, 40, "Regular", _SOFT
    for fact in posting.facts:
        yield fact, 46, "Bold", _INK
    yield posting.how, 36, "Regular", _INK
    if posting.phone:
        yield posting.phone, 46, "Bold", _MAIN


def _write(
    draw: ImageDraw.ImageDraw, text: str, top: int, font: ImageFont.FreeTypeFont, colour: str
) -> int:
    """Write a text, broken where the line is full; gives where the next one begins."""
    height = int(font.size * 1.45)
    for line in _broken(text, font):
        draw.text((MARGIN, top), line, font=font, fill=colour)
        top += height
    return top + int(font.size * 0.25)


def _broken(text: str, font: ImageFont.FreeTypeFont) -> Iterator[str]:
    """Lines that fit; numbers and Latin words stay whole, and no line begins with a comma."""
    line = ""
    for piece in _pieces(text):
        if line and font.getlength(line + piece) > WIDTH - 2 * MARGIN and piece not in "，。；：）":
            yield line
            line = piece.lstrip()
        else:
            line += piece
    if line:
        yield line


def _pieces(text: str) -> Iterator[str]:
    word = ""
    for sign in text:
        if sign.isascii() and not sign.isspace():
            word += sign
            continue
        if word:
            yield word
        word = ""
        yield sign
    if word:
        yield word


@cache
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    found = _face(weight)
    if found is None:
        raise NoFont(msg("这台机器没有中文字体，画不了图片。请复制文字，或请管理员安装字体。"))
    path, index = found
    return ImageFont.truetype(path, size, index=index)


@cache
def _face(weight: str) -> tuple[str, int] | None:
    """File and place of the face of this weight; the Chinese one, or its signs look Japanese."""
    for folder in _FONT_FOLDERS:
        for path in sorted(folder.rglob(f"NotoSansCJK*-{weight}.*tc")):
            for index in range(_FACES_IN_A_FILE):
                if _family(path, index) == _FAMILY:
                    return str(path), index
    return None


def _family(path: Path, index: int) -> str | None:
    try:
        return ImageFont.truetype(str(path), 12, index=index).getname()[0]
    except OSError:
        return None
