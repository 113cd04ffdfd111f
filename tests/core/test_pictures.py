"""Pictures and PDFs from outside: made small and harmless, or refused with a reason."""

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageDraw, ImageFilter

from app.core.files import BadFile, checked_pdf, shrink_picture

_ORIENTATION, _MAKER = 0x0112, 0x010F
_PLACE = 0x8825


def as_bytes(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def photo(width: int, height: int) -> Image.Image:
    """Something with many colours."""
    return Image.effect_noise((width, height), 80).convert("RGB")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_photo_comes_out_as_a_jpeg_with_its_longest_side_at_1280() -> None:
    soft = photo(3000, 2000).filter(ImageFilter.GaussianBlur(8))
    picture = shrink_picture(as_bytes(soft, "JPEG"))
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 1280, 853)
    assert opened(picture.content).size == (1280, 853)


def noise(width: int, height: int) -> Image.Image:
    """The hardest picture to make small: no pixel is like its neighbour."""
    return Image.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_noisiest_picture_comes_out_with_at_most_150_kilobytes(kind: str) -> None:
    picture = shrink_picture(as_bytes(noise(1900, 1400), kind))
    assert len(picture.content) <= 150_000
    assert picture.width >= 640
    assert opened(picture.content).size == (picture.width, picture.height)


def test_a_small_picture_is_not_blown_up() -> None:
    picture = shrink_picture(as_bytes(photo(300, 200), "PNG"))
    assert (picture.width, picture.height) == (300, 200)


def test_a_drawing_of_few_colours_stays_sharp_as_a_png() -> None:
    drawing = Image.new("RGB", (2000, 1000), "white")
    ImageDraw.Draw(drawing).line((0, 0, 2000, 1000), fill="black", width=5)
    picture = shrink_picture(as_bytes(drawing, "PNG"))
    assert picture.media_type == "image/png"
    assert picture.width == 1280


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_the_usual_kinds_are_read(kind: str) -> None:
    assert shrink_picture(as_bytes(photo(60, 40), kind)).width == 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_every_usual_colour_mode_is_read(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert shrink_picture(as_bytes(photo(60, 40).convert(mode), kind)).height == 40


def test_what_is_transparent_becomes_white() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert opened(shrink_picture(as_bytes(clear, "PNG")).content).convert("RGB").getpixel(
        (20, 20)
    ) == (255, 255, 255)


def test_of_a_moving_picture_the_first_frame_is_kept() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    moving = as_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    picture = shrink_picture(moving)
    red, _, blue = opened(picture.content).convert("RGB").getpixel((20, 20))
    assert red > 200 > 50 > blue
    assert picture.media_type in ("image/jpeg", "image/png")


def test_place_camera_and_comment_are_left_behind_and_the_picture_stands_upright() -> None:
    notes = Image.Exif()
    notes[_ORIENTATION], notes[_MAKER] = 6, "Somebody's phone"
    notes.get_ifd(_PLACE)[1] = "N"
    sideways = as_bytes(photo(400, 200), "JPEG", exif=notes, comment=b"at home")
    assert b"Somebody" in sideways

    picture = shrink_picture(sideways)

    assert (picture.width, picture.height) == (200, 400)
    assert not opened(picture.content).getexif()
    for note in (b"Exif", b"Somebody", b"at home"):
        assert note not in picture.content


def test_notes_of_a_png_are_left_behind() -> None:
    notes = Image.Exif()
    notes[_MAKER] = "Somebody's phone"
    assert (
        b"Somebody"
        not in shrink_picture(as_bytes(Image.new("RGB", (40, 40)), "PNG", exif=notes)).content
    )


def claimed(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"") + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


@pytest.mark.parametrize("side", [6325, 9900, 14_000, 100_000, 2_000_000_000])
def test_a_decompression_bomb_is_refused_by_what_its_header_says(side: int) -> None:
    with pytest.raises(BadFile) as refused:
        shrink_picture(claimed(side, side))
    assert "百万像素" in str(refused.value) or side > 100_000


def test_forty_megapixels_are_not_refused_for_their_size() -> None:
    with pytest.raises(BadFile) as refused:
        shrink_picture(claimed(8000, 5000))
    assert "打不开" in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"\xff\xd8\xff\xe0 not a photo",
        b"%PDF-1.4",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"PK\x03\x04",
        as_bytes(photo(200, 200), "JPEG")[:2000],
        as_bytes(photo(200, 200), "PNG")[:2000],
        as_bytes(photo(20, 20), "TIFF"),
        as_bytes(photo(20, 20), "PDF"),
    ],
    ids=[
        "empty",
        "gif",
        "jpeg",
        "pdf",
        "svg",
        "html",
        "zip",
        "cut jpeg",
        "cut png",
        "tiff",
        "pdf2",
    ],
)
def test_what_is_no_picture_for_a_page_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile):
        shrink_picture(content)


def test_code_hidden_behind_a_picture_does_not_survive() -> None:
    poisoned = as_bytes(photo(40, 40), "JPEG") + b"<script>alert(1)</script>"
    assert b"<script>" not in shrink_picture(poisoned).content


@pytest.mark.parametrize("check", [shrink_picture, checked_pdf])
def test_a_file_over_ten_megabytes_is_refused(check: object) -> None:
    with pytest.raises(BadFile) as refused:
        check(b"%PDF-" + bytes(10 * 1024 * 1024))  # type: ignore[operator]
    assert "10 MB" in str(refused.value)


def test_a_pdf_passes_unchanged_and_anything_else_is_refused() -> None:
    assert checked_pdf(b"%PDF-1.7 body") == b"%PDF-1.7 body"
    for content in (b"", b"PK\x03\x04", b"<html>%PDF-", as_bytes(photo(9, 9), "PNG")):
        with pytest.raises(BadFile):
            checked_pdf(content)
