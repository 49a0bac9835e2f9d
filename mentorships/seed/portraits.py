"""Portraits of people who do not exist: a few shapes each, as if an illustrator had a minute."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageColor, ImageDraw

SIDE = 640
_FINE = 2 * SIDE  # drawn twice as large and made smaller, so that edges are smooth
_CLOSER = (0.1 * _FINE, 0.05 * _FINE, 0.9 * _FINE, 0.85 * _FINE)
_INK = (38, 32, 44)
_SHADE = (122, 58, 44)
_WHITE = (255, 255, 255)

Colour = tuple[int, int, int]
Hair = Literal["long", "bob", "bun", "short", "curls", "swept", "bald"]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks like."""

    skin: str
    hair: str
    style: Hair
    beard: bool = False
    glasses: bool = False


LOOKS = {
    "Mara Lindqvist": Look("#f2cdb4", "#d9a860", "bob"),
    "Tomas Okafor": Look("#7a4a31", "#241a18", "short", beard=True),
    "Yuki Brandt": Look("#f0cfae", "#2a2326", "long", glasses=True),
    "Inês Caldeira": Look("#dba77f", "#53301f", "curls"),
    "Oskar Weiß": Look("#efc6aa", "#b9b4ad", "bald", beard=True, glasses=True),
    "Amara Diallo": Look("#6b3f2b", "#1e1717", "bun"),
    "Nora Feld": Look("#f4d3bd", "#a5452c", "long"),
    "Dev Raman": Look("#b97f57", "#2b2120", "swept", glasses=True),
}
_SOMEBODY = Look("#e3b797", "#4a3428", "short")


def draw(name: str, colours: tuple[str, str]) -> bytes:
    """A square PNG, `SIDE` pixels wide; the same name gives the same picture.

    `colours` are of what the person wears and of what is behind.
    """
    look = LOOKS.get(name, _SOMEBODY)
    wears, behind = (_rgb(colour) for colour in colours)
    image = Image.new("RGB", (_FINE, _FINE), _mixed(behind, _WHITE, 0.72))
    pen = _Pen(ImageDraw.Draw(image))
    pen.oval(0.5, 0.46, 0.44, 0.44, _mixed(behind, _WHITE, 0.52))
    skin, hair = _rgb(look.skin), _rgb(look.hair)
    _behind_the_head(pen, look.style, hair)
    _body(pen, skin, wears)
    pen.oval(0.5, 0.45, 0.165, 0.205, skin)
    for side in (-1, 1):
        pen.oval(0.5 + side * 0.166, 0.465, 0.027, 0.04, _mixed(skin, _SHADE, 0.16))
    if look.beard:
        _beard(pen, skin, hair)
    _on_the_head(pen, look.style, skin, hair)
    _features(pen, skin, hair, glasses=look.glasses, beard=look.beard)
    out = io.BytesIO()
    image.crop(_CLOSER).resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


class _Pen:
    """Draws with shares of the picture's side."""

    def __init__(self, pen: ImageDraw.ImageDraw) -> None:
        self._pen = pen

    def oval(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        self._pen.ellipse(_box(x - across, y - down, x + across, y + down), fill=colour)

    def box(self, box: tuple[float, float, float, float], round_by: float, colour: Colour) -> None:
        self._pen.rounded_rectangle(_box(*box), radius=round_by * _FINE, fill=colour)

    def cap(
        self, box: tuple[float, float, float, float], begin: float, end: float, colour: Colour
    ) -> None:
        """A part of an oval, cut straight between two angles (0 is right, 90 below)."""
        self._pen.chord(_box(*box), begin, end, fill=colour)

    def arc(
        self, box: tuple[float, float, float, float], begin: float, end: float, colour: Colour
    ) -> None:
        self._pen.arc(_box(*box), begin, end, fill=colour, width=round(0.0085 * _FINE))


def _behind_the_head(pen: _Pen, style: Hair, hair: Colour) -> None:
    match style:
        case "long":
            pen.box((0.302, 0.24, 0.698, 0.83), 0.19, hair)
        case "bob":
            pen.box((0.302, 0.225, 0.698, 0.62), 0.17, hair)
        case "bun":
            pen.oval(0.5, 0.185, 0.092, 0.088, hair)
        case "curls":
            for x, y in ((0.33, 0.36), (0.3, 0.47), (0.33, 0.57), (0.67, 0.36), (0.7, 0.47)):
                pen.oval(x, y, 0.082, 0.082, hair)
            pen.oval(0.67, 0.57, 0.082, 0.082, hair)
        case _:
            pass


def _body(pen: _Pen, skin: Colour, wears: Colour) -> None:
    shade = _mixed(skin, _SHADE, 0.26)
    pen.oval(0.5, 1.03, 0.385, 0.31, wears)
    pen.oval(0.5, 0.745, 0.112, 0.07, _mixed(wears, _INK, 0.18))
    pen.box((0.432, 0.56, 0.568, 0.76), 0.06, shade)
    pen.oval(0.5, 0.745, 0.085, 0.05, shade)


def _beard(pen: _Pen, skin: Colour, hair: Colour) -> None:
    pen.cap((0.334, 0.29, 0.666, 0.675), 10, 170, hair)
    pen.oval(0.5, 0.452, 0.136, 0.1, skin)
    pen.oval(0.5, 0.564, 0.055, 0.026, skin)


def _features(pen: _Pen, skin: Colour, hair: Colour, *, glasses: bool, beard: bool) -> None:
    for side in (-1, 1):
        x = 0.5 + side * 0.068
        pen.oval(x, 0.455, 0.0125, 0.0155, _INK)
        pen.arc((x - 0.036, 0.403, x + 0.036, 0.45), 215, 325, _mixed(hair, _INK, 0.35))
        if glasses:
            pen.arc((x - 0.05, 0.41, x + 0.05, 0.505), 0, 360, _INK)
        if not beard:
            pen.oval(0.5 + side * 0.1, 0.515, 0.026, 0.016, _mixed(skin, (214, 84, 76), 0.22))
    if glasses:
        pen.arc((0.476, 0.438, 0.524, 0.478), 200, 340, _INK)
    pen.arc((0.478, 0.46, 0.522, 0.522), 20, 160, _mixed(skin, _SHADE, 0.5))
    pen.arc((0.45, 0.515, 0.55, 0.585), 20, 160, _mixed((150, 52, 52), _INK, 0.25))


def _on_the_head(pen: _Pen, style: Hair, skin: Colour, hair: Colour) -> None:
    match style:
        case "long" | "bun":
            pen.cap((0.322, 0.222, 0.678, 0.61), 180, 360, hair)
            pen.oval(0.5, 0.445, 0.135, 0.085, skin)
            pen.cap((0.322, 0.222, 0.678, 0.56), 200, 340, hair)
        case "bob":
            pen.cap((0.318, 0.215, 0.682, 0.6), 180, 360, hair)
            pen.box((0.355, 0.355, 0.645, 0.41), 0.025, hair)
        case "curls":
            for x, y in ((0.38, 0.29), (0.46, 0.255), (0.55, 0.255), (0.63, 0.3), (0.5, 0.3)):
                pen.oval(x, y, 0.078, 0.072, hair)
        case "short":
            pen.cap((0.33, 0.228, 0.67, 0.57), 190, 350, hair)
        case "swept":
            pen.cap((0.326, 0.215, 0.674, 0.58), 186, 354, hair)
            pen.oval(0.43, 0.285, 0.125, 0.07, hair)
            pen.oval(0.58, 0.275, 0.105, 0.06, hair)
        case "bald":
            pen.oval(0.455, 0.315, 0.05, 0.028, _mixed(skin, _WHITE, 0.3))


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return (left * _FINE, top * _FINE, right * _FINE, bottom * _FINE)


def _rgb(colour: str) -> Colour:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
