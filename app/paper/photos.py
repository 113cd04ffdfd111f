"""The photograph of a signed form: re-encoded, its number read, and told apart from others.

Forms look alike, so a look alone accuses nobody: two photographs are the same picture when they
look the same *and* at least one of them does not show the number of its own form.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import zxingcpp
from PIL import Image

from app.core import files
from app.core.errors import Refused, msg
from app.paper.serials import Misread, Serial, read_serial

# A look is made of 32 × 32 steps from light to dark, 1,024 bits. Measured on generated forms
# (tests/paper/test_photos.py): the same photograph made smaller, darker or compressed again differs
# in at most some dozens of them, photographs of two forms in more than a hundred.
_STEPS = 32
ALIKE = 60


class SeveralForms(Refused):
    """More than one form lies in the picture."""


@dataclass(frozen=True)
class Photo:
    """A picture as we keep it: without its metadata, in grey, legible."""

    content: bytes
    media_type: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the picture, as it stands in the journal."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def look(self) -> str:
        """What it looks like, in hex: whether each spot is darker than the one to its right."""
        return _look_of(self._image)

    @cached_property
    def serial(self) -> Serial | None:
        """The number that its QR code says; None when there is no code of ours on it.

        Refuses `SeveralForms`.
        """
        found = {serial for text in _codes_on(self._image) if (serial := _serial_in(text))}
        if len(found) > 1:
            raise SeveralForms(msg("照片里有两张表。请一张一张拍。"))
        return found.pop() if found else None

    @property
    def _image(self) -> Image.Image:
        return Image.open(io.BytesIO(self.content))


def develop(content: bytes) -> Photo:
    """An uploaded picture as we keep it; refuses `BadFile`, `SeveralForms`. It takes a second."""
    picture = files.shrink_paper(content)
    photo = Photo(picture.content, picture.media_type)
    # Both are wanted by whoever holds a lock next.
    assert photo.look
    assert photo.serial is None or photo.serial.number
    return photo


def distance(look: str, other: str) -> int:
    """In how many of their spots two looks differ."""
    return (int(look, 16) ^ int(other, 16)).bit_count()


def _codes_on(image: Image.Image) -> list[str]:
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [code.text for code in zxingcpp.read_barcodes(image, formats)]


def _serial_in(text: str) -> Serial | None:
    try:
        return read_serial(text)
    except Misread:
        return None


def _look_of(image: Image.Image) -> str:
    small = image.convert("L").resize((_STEPS + 1, _STEPS), Image.Resampling.LANCZOS)
    spots = small.tobytes()
    rows = (spots[row * (_STEPS + 1) : (row + 1) * (_STEPS + 1)] for row in range(_STEPS))
    bits = "".join("1" if a > b else "0" for row in rows for a, b in pairwise(row))
    return f"{int(bits, 2):0{_STEPS * _STEPS // 4}x}"
