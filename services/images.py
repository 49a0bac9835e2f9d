"""Pictures from strangers: checked, turned upright, cropped, and written anew without metadata."""

from __future__ import annotations

import io
import struct
import threading
import warnings

from PIL import Image, ImageOps

from services.errors import InvalidInput

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 50_000_000
LEAST_SIDE = 160
QUALITY = 82

# Decoding takes up to 200 MB: few at a time, however many people upload.
_decoding = threading.BoundedSemaphore(2)
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


def square_webps(data: bytes, sides: dict[str, int]) -> dict[str, bytes]:
    """The middle square of a picture as WebP, in each of the named sizes (side in pixels).

    Nothing of the file survives but its pixels: no EXIF, no place, no thumbnail, no second frame.

    Raises:
        InvalidInput: not a JPEG, PNG or WebP picture, broken, too large or too small.
    """
    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            picture = _decoded(data, largest=max(sides.values()))
        except (*_BROKEN, Image.DecompressionBombWarning):
            raise _unreadable() from None
        return {name: _webp(picture, side) for name, side in sides.items()}


def _decoded(data: bytes, *, largest: int) -> Image.Image:
    """The picture upright and without transparency; its size is checked before it is decoded."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        _check_size(*opened.size)
        if opened.format == "JPEG":  # decodes at an eighth to a half of the size where that will do
            opened.draft("RGB", (largest * 2, largest * 2))
        upright = ImageOps.exif_transpose(opened)
        if upright.mode == "RGB":
            return upright.copy()
        if not upright.has_transparency_data:
            return upright.convert("RGB")
        layered = upright.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise InvalidInput("photo", f"This picture is larger than {most} megapixels.")
    if min(width, height) < LEAST_SIDE:
        raise InvalidInput("photo", f"This picture needs at least {LEAST_SIDE} pixels a side.")


def _webp(picture: Image.Image, side: int) -> bytes:
    square = ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS)
    square.info.clear()
    out = io.BytesIO()
    square.save(out, "WEBP", quality=QUALITY, method=4)
    return out.getvalue()


def _unreadable() -> InvalidInput:
    return InvalidInput("photo", "This file is not a readable JPEG, PNG or WebP picture.")
