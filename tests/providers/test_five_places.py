"""A payment provider is known in five places: its adapter, one enum member, one `match` line, its
settings, and one parameter of the contract tests. Nothing else of the product names a vendor."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mentorships.launch import ROOT
from services.config import PAYMENT_NAMES
from services.models import Provider
from tests.providers.vendors import VENDORS

PLACES = {
    "services/models/selling.py": "the enum member",
    "services/providers/payments/registry.py": "the match line",
    "services/config.py": "the settings",
    "services/vendor_settings.py": "the settings",
    "services/settings_checks.py": "the settings",
}
WITH_REASON = {"stripe": {"services/setting_types.py"}}
"""How the vendor's keys begin."""
FOLDERS = ("services", "state", "pages", "jobs", "mentorships")
# The simulators play the vendors, and the demo studio's people pay at one of them.
OUTSIDE = ("mentorships/sandbox/", "mentorships/seed/")


def names_in(path: Path, vendor: str) -> list[str]:
    """Names and texts of the code, not of its docstrings and comments, that hold the vendor's."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    wanted = re.compile(vendor, re.IGNORECASE)
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=text) | ast.Name(id=text) | ast.alias(name=text):
                found.append(text)
            case ast.ImportFrom(module=str(text)):
                found.append(text)
            case ast.Constant(value=str(text)) if id(node) not in told:
                found.append(text)
            case _:
                pass
    return [text for text in found if wanted.search(text)]


def knowing(vendor: str) -> set[str]:
    """The files that name the vendor, but for its adapter."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    named = {str(path.relative_to(ROOT)) for path in files if names_in(path, vendor)}
    adapter = f"services/providers/payments/{vendor}"
    return {each for each in named if not each.startswith((adapter, *OUTSIDE))}


@pytest.mark.parametrize("vendor", [each.value for each in Provider])
def test_a_vendor_is_named_in_its_places_and_nowhere_else(vendor: str) -> None:
    assert knowing(vendor) <= set(PLACES) | WITH_REASON.get(vendor, set())


def test_every_place_knows_every_vendor() -> None:
    vendors = {each.value for each in Provider}
    assert set(PAYMENT_NAMES) == set(VENDORS) == vendors
    for vendor in vendors:
        for place in PLACES:
            assert names_in(ROOT / place, vendor), f"{place} does not know {vendor}"


def test_the_search_finds_a_vendor_in_names_and_texts_and_not_in_comments(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text('"""PayPal"""\nname = "paypal"  # PayPal\npaypal.pay()\n')
    assert names_in(source, "paypal") == ["paypal", "paypal"]
