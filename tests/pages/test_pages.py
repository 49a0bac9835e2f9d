"""Every page is registered, and nothing but components and style sheets knows about looks."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from reflex_base.registry import RegistrationContext

import pages
from mentorships.launch import ROOT
from pages import PAGES, theme
from pages.components.badges import TONES
from pages.layout import PLACES, Page
from services.models import (
    InboxStatus,
    OfferStatus,
    OrderStatus,
    PackStatus,
    PaymentStatus,
    SeatStatus,
)

NOT_A_PAGE = {"components", "layout", "theme"}
STYLE_SHEETS = [ROOT / "assets" / sheet.lstrip("/") for sheet in theme.STYLESHEETS]
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
STYLING = re.compile(r"\d+(?:px|rem|em)\b|#[0-9a-fA-F]{6}\b")
STYLE_WORDS = {"class_name", "style", "color", "background", "padding", "margin", "width", "height"}


def page_modules() -> list[str]:
    return [name for _, name, _ in pkgutil.iter_modules(pages.__path__) if name not in NOT_A_PAGE]


@pytest.mark.parametrize("name", page_modules())
def test_a_page_module_is_registered(name: str) -> None:
    module = importlib.import_module(f"pages.{name}")
    assert isinstance(module.PAGE, Page)
    assert module.PAGE in PAGES


def test_no_two_pages_share_an_address_and_each_says_what_its_tab_is_called() -> None:
    routes = [page.route for page in PAGES]
    assert len(set(routes)) == len(routes)
    assert all(page.title for page in PAGES)


def test_every_place_of_the_navigation_is_a_page() -> None:
    routes = {page.route for page in PAGES}
    for places in PLACES.values():
        assert {place.href for place in places} <= routes


def test_every_page_has_its_state_in_a_module_of_the_same_name_when_it_loads_anything() -> None:
    for page in PAGES:
        for handler in page.on_load:
            assert handler.fn.__module__.startswith("state.")


@pytest.mark.parametrize("name", page_modules())
def test_a_page_does_not_style_itself(name: str) -> None:
    tree = ast.parse((ROOT / "pages" / f"{name}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            assert node.arg not in STYLE_WORDS, f"line {node.value.lineno}: {node.arg}"
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not STYLING.search(node.value), f"line {node.lineno}: {node.value}"


@pytest.mark.parametrize("name", page_modules())
def test_a_page_needs_no_second_library_of_components(name: str) -> None:
    module = importlib.import_module(f"pages.{name}")
    imported = module.PAGE.component()._get_all_imports()
    assert not [library for library in imported if "radix" in library or "sonner" in library]


def test_handlers_say_what_they_take_and_give() -> None:
    registered = RegistrationContext.get().event_handlers.values()
    ours = [e.handler.fn for e in registered if e.handler.fn.__module__.startswith("state.")]
    assert len(ours) > 10
    for fn in ours:
        signature = inspect.signature(fn)
        assert signature.return_annotation is not inspect.Signature.empty, fn.__qualname__
        for parameter in list(signature.parameters.values())[1:]:
            assert parameter.annotation is not inspect.Parameter.empty, fn.__qualname__


def test_colours_are_named_in_the_tokens_and_nowhere_else() -> None:
    tokens, *others = STYLE_SHEETS
    assert COLOUR.search(tokens.read_text())
    for sheet in others:
        assert not COLOUR.search(sheet.read_text()), sheet.name


def test_every_token_that_is_used_is_defined() -> None:
    defined = set(re.findall(r"(--[\w-]+)\s*:", STYLE_SHEETS[0].read_text()))
    for sheet in STYLE_SHEETS:
        assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) <= defined, sheet.name


def test_every_class_that_a_component_uses_is_in_a_style_sheet() -> None:
    styled = set(re.findall(r"\.([a-z][\w-]*)", "".join(s.read_text() for s in STYLE_SHEETS)))
    unknown = {
        f"{path.name}: {word}"
        for path in [*(ROOT / "pages" / "components").glob("*.py"), ROOT / "pages" / "layout.py"]
        for word in _class_words(path)
        if word not in styled
    }
    assert not unknown


def test_every_status_of_the_product_has_a_tone_that_is_styled() -> None:
    kinds = (OrderStatus, PaymentStatus, SeatStatus, PackStatus, OfferStatus, InboxStatus)
    assert {member.value for kind in kinds for member in kind} <= TONES.keys()
    sheet = "".join(path.read_text() for path in STYLE_SHEETS)
    assert all(f".badge-{tone}" in sheet for tone in TONES.values())


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("surface", ["surface", "surface-raised", "surface-sunken"])
def test_text_can_be_read_on_every_surface(mode: str, surface: str) -> None:
    colours = _palette(mode)
    for role in ("text", "text-muted", "accent", "good", "warning", "bad"):
        assert _contrast(colours[role], colours[surface]) >= 4.5, f"{role} on {surface}"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_coloured_grounds_and_edges_can_be_seen(mode: str) -> None:
    colours = _palette(mode)
    for tone in ("good", "warning", "bad", "accent"):
        assert _contrast(colours[tone], colours[f"{tone}-soft"]) >= 4.5, tone
        assert _contrast(colours["text"], colours[f"{tone}-soft"]) >= 4.5, tone
    for ground in ("accent", "accent-hover"):
        assert _contrast(colours["accent-text"], colours[ground]) >= 4.5, ground
    for surface in ("surface", "surface-raised"):
        assert _contrast(colours["border-strong"], colours[surface]) >= 3.0, surface


def _class_words(path: Path) -> Iterator[str]:
    """The words of every constant class name in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "class_name":
            for part in ast.walk(node.value):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield from (word for word in part.value.split() if not word.endswith("-"))


def _palette(mode: str) -> dict[str, str]:
    light, dark = STYLE_SHEETS[0].read_text().split(".dark {")
    parts = (light, dark) if mode == "dark" else (light,)
    return dict(pair for part in parts for pair in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part))


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.03928 else ((channel + 0.055) / 1.055) ** 2.4
