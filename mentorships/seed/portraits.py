"""Portraits of people who do not exist: two colours, three shapes and their initials."""

from __future__ import annotations

import io

from PIL import Image, ImageColor, ImageDraw, ImageFont

SIDE = 640


def draw(name: str, colours: tuple[str, str]) -> bytes:
    """A square PNG, `SIDE` pixels wide; the same name gives the same picture."""
    top, bottom = (ImageColor.getrgb(colour)[:3] for colour in colours)
    image = Image.new("RGB", (1, SIDE))
    for y in range(SIDE):
        share = y / SIDE
        image.putpixel(
            (0, y), tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        )
    image = image.resize((SIDE, SIDE))
    _shapes(image, sum(name.encode()))
    _initials(image, name)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _shapes(image: Image.Image, number: int) -> None:
    """Three pale circles, placed by the letters of the name."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    for turn in range(3):
        radius = 120 + (number * (turn + 3)) % 180
        x, y = (number * (7 + turn)) % SIDE, (number * (11 + 2 * turn)) % SIDE
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 255, 255, 34))
    image.paste(Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB"))


def _initials(image: Image.Image, name: str) -> None:
    letters = "".join(part[0] for part in name.split()[:2]).upper()
    font = ImageFont.load_default(size=240)
    ImageDraw.Draw(image).text(
        (SIDE / 2, SIDE / 2), letters, font=font, fill=(255, 255, 255), anchor="mm"
    )
