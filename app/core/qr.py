"""QR codes as SVG, at level Q with a quiet zone of four modules (RULES.md, poster)."""

from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathImage


def qr_svg(text: str) -> str:
    """`text` as a standalone SVG drawing that scales to any size; level Q survives 25 % damage."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_Q, border=4, box_size=10)
    code.add_data(text)
    code.make(fit=True)
    out = BytesIO()
    code.make_image(image_factory=SvgPathImage).save(out)
    return out.getvalue().decode()
