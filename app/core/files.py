"""Files kept by content: named by their SHA-256, never by what somebody called them.

Pictures and PDFs from outside pass through here before they are kept (THREATS.md T14).
"""

import hashlib
import io
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from PIL import Image, ImageOps

from app.core.errors import Refused, msg

MEGABYTES = 10
MEGAPIXELS = 40
# A phone shows no more; a page with six pictures stays under a megabyte. A picture that is full
# of detail gives up some sharpness first and then some size, until it weighs no more than this.
LONGEST_SIDE = 1280
MOST_BYTES = 150 * 1000
_QUALITIES = (80, 70, 60, 50)
_SMALLER = 0.8
# What is written by hand on A4 must stay legible, and the code in its corner readable: 6 px a mm.
LONGEST_SIDE_OF_PAPER = 2000
_PAPER_QUALITY = 72
# Forty megapixels take 350 MB while they are decoded: two uploads at once must not take twice that.
_decoding = threading.Lock()
_READABLE = ("JPEG", "PNG", "GIF", "WEBP", "BMP")


class BadFile(Refused):
    """The file is too large, broken, or not what it has to be."""


@dataclass(frozen=True)
class Picture:
    """A picture made by us out of an uploaded one: small, and without its metadata."""

    content: bytes
    media_type: str
    width: int
    height: int


def keep(content: bytes) -> str:
    """Store `content` durably and return its SHA-256 in hex; the same bytes are kept once."""
    digest = hashlib.sha256(content).hexdigest()
    if not path_of(digest).exists():
        _write(digest, content)
    return digest


def keep_alone(content: bytes) -> str:
    """Store `content` under a random name of its own: only such a file may be discarded.

    Two people may hold the same bytes; what one of them throws away must not be the other's.
    """
    name = secrets.token_hex(32)
    _write(name, content)
    return name


def _write(name: str, content: bytes) -> None:
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{secrets.token_hex(8)}.part")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


def path_of(digest: str) -> Path:
    """Where the file with this digest lies (it may not exist)."""
    root: Path = current_app.extensions["juyi_config"].instance_dir / "files"
    return root / digest[:2] / digest


def read(digest: str) -> bytes:
    """The bytes kept under `digest`."""
    return path_of(digest).read_bytes()


def discard(digest: str) -> None:
    """Delete a file that was kept alone (printed codes, uploads); missing is fine."""
    path_of(digest).unlink(missing_ok=True)


def shrink_picture(content: bytes) -> Picture:
    """`content` as a JPEG (or, for drawings of few colours, a PNG): 1280 px a side and 150 KB

    at most, so that it comes through on a bad line.

    The size is read from the header before anything is decoded; orientation is applied, and
    place, camera and every other note are left behind. Refuses with `BadFile`. This takes up to
    seconds: hold no lock meanwhile.
    """
    return _made_of(content, _shrunk)


def shrink_paper(content: bytes) -> Picture:
    """The photograph of a sheet as a grey JPEG of 2000 px a side at most; else as `shrink_picture`.

    It need not travel far, but two people read it, and perhaps a court.
    """
    return _made_of(content, _as_paper)


def _made_of(content: bytes, make: Callable[[Image.Image], Picture]) -> Picture:
    _check_size(content)
    try:
        with _decoding:
            return make(_opened(content))
    except BadFile:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception:
        # Pillow's readers answer hostile bytes with nearly every exception there is.
        raise BadFile(msg("这张图片打不开。请换成 JPG 或 PNG，或者拍一张照片再上传。")) from None


def checked_pdf(content: bytes) -> bytes:
    """`content` when it is a PDF of at most 10 MB; otherwise refuses with `BadFile`."""
    _check_size(content)
    if not content.startswith(b"%PDF-"):
        raise BadFile(msg("这不是 PDF 文件。请在 WPS 或 Word 里“另存为 PDF”再上传。"))
    return content


def _check_size(content: bytes) -> None:
    if len(content) > MEGABYTES * 1024 * 1024:
        raise BadFile(msg("文件超过 %(most)s MB，请压缩后再上传。"), most=MEGABYTES)


def _too_many_pixels() -> BadFile:
    return BadFile(msg("图片超过 %(most)s 百万像素，请缩小后再上传。"), most=MEGAPIXELS)


def _opened(content: bytes) -> Image.Image:
    """The picture with its header read and nothing decoded yet."""
    image = Image.open(io.BytesIO(content), formats=_READABLE)
    if image.width * image.height > MEGAPIXELS * 1_000_000:
        raise _too_many_pixels()
    return image


def _as_paper(image: Image.Image) -> Picture:
    image.draft("L", (LONGEST_SIDE_OF_PAPER, LONGEST_SIDE_OF_PAPER))
    image.thumbnail((LONGEST_SIDE_OF_PAPER, LONGEST_SIDE_OF_PAPER))
    plain = _on_white(ImageOps.exif_transpose(image)).convert("L")
    content = _encoded(plain, "JPEG", quality=_PAPER_QUALITY)
    return Picture(content, "image/jpeg", plain.width, plain.height)


def _shrunk(image: Image.Image) -> Picture:
    # A JPEG is decoded at reduced size straight away, so it must not be looked into before.
    is_drawing = image.format != "JPEG" and image.getcolors(256) is not None
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = _on_white(ImageOps.exif_transpose(image))
    photo = _as_photo(plain)
    if is_drawing:
        drawing = _encoded(plain.quantize(128), "PNG")
        if len(drawing) < len(photo.content):
            return Picture(drawing, "image/png", plain.width, plain.height)
    return photo


def _as_photo(plain: Image.Image) -> Picture:
    """The sharpest JPEG that is light enough; every picture becomes one when it is small enough."""
    for quality in _QUALITIES:
        content = _encoded(plain, "JPEG", quality=quality, progressive=True)
        if len(content) <= MOST_BYTES:
            return Picture(content, "image/jpeg", plain.width, plain.height)
    smaller = plain.copy()
    smaller.thumbnail((int(plain.width * _SMALLER), int(plain.height * _SMALLER)))
    return _as_photo(smaller)


def _on_white(image: Image.Image) -> Image.Image:
    """A new picture with the same pixels: what is transparent gets white, notes stay behind."""
    plain = Image.new("RGB", image.size, "white")
    if image.mode in ("RGBA", "LA", "PA"):
        plain.paste(image.convert("RGBA"), mask=image.getchannel("A"))
    else:
        plain.paste(image.convert("RGB"))
    return plain


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, optimize=True, **options)
    return out.getvalue()
