"""What import-linter cannot see: the migrations' imports, who may know of simulators, the tree of
errors in its docstring."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path

import pytest

from mentorships.launch import ROOT
from services import errors

MIGRATIONS_MAY = {"alembic", "sqlalchemy", "sqlmodel"}
MIGRATIONS_MAY_OURS = {"services", "services.config", "services.models", "services.models.base"}
OURS = {"mentorships", "pages", "state", "services", "jobs"}
# Who may hold such a word, and why: the settings, and the banner on the pages.
MAY_ASK = {
    "services/config.py": "the settings decide it",
    "services/vendor_settings.py": "the settings decide it",
    "services/settings_checks.py": "the settings decide it",
    "pages/layout.py": "the banner",
    "pages/components/navigation.py": "the banner's words",
    "pages/components/room.py": "the room's preview",
    "state/base.py": "the banner",
    "services/observability.py": "reports of errors say whether they come from production",
    "services/providers/mail/smtp.py": "localhost is the last resort for a Message-ID's domain",
}
ASKS = re.compile(r"^(simulat|sandbox)|_simulat|is_simul|^app_env$")
ASKS_IN_TEXT = re.compile(r"127\.0\.0\.1|localhost|cs_test|sk_test|/sandbox\b|/control\b")


def _python(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names |= (
                {f"{module}.{alias.name}" for alias in node.names} if module in OURS else {module}
            )
    return names


def test_migrations_import_models_and_settings_only() -> None:
    for path in _python("alembic"):
        for name in _imports(path):
            top = name.partition(".")[0]
            allowed = (
                name in MIGRATIONS_MAY_OURS
                if top in OURS
                else top in MIGRATIONS_MAY or top in sys.stdlib_module_names
            )
            assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_the_migrations_folder_does_not_shadow_alembic() -> None:
    assert not list((ROOT / "alembic").rglob("__init__.py"))


def _questions(path: Path) -> list[str]:
    """Names and texts in the code, not in its docstrings and comments, that tell of a simulator."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                if ASKS.search(name.lower()):
                    found.append(name)
            case ast.Constant(value=str(text)) if id(node) not in told:
                if ASKS_IN_TEXT.search(text):
                    found.append(text)
            case _:
                pass
    return found


@pytest.mark.parametrize("layer", ["services", "pages", "state", "jobs"])
def test_nobody_asks_whether_a_simulator_answers(layer: str) -> None:
    asking = {
        str(path.relative_to(ROOT)): questions
        for path in _python(layer)
        if (questions := _questions(path))
    }
    assert not {path: found for path, found in asking.items() if path not in MAY_ASK}


def test_the_search_for_such_questions_finds_one(tmp_path: Path) -> None:
    asking = tmp_path / "asking.py"
    asking.write_text(
        '"""sandbox"""\nif settings().simulated["Stripe"]:\n    url = "/sandbox/mail"\n'
    )
    assert _questions(asking) == ["simulated", "/sandbox/mail"]


def test_every_error_is_drawn_in_the_tree_under_its_parent() -> None:
    lines = (inspect.getdoc(errors) or "").splitlines()
    drawn: dict[str, int] = {}
    for line in lines:
        if match := re.match(r"^([│├└─\s]*)([A-Z]\w+)\b", line):
            drawn[match[2]] = len(match[1])
    classes = {
        name: found
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if found.__module__ == errors.__name__
    }
    assert set(classes) <= set(drawn), f"not drawn: {set(classes) - set(drawn)}"
    order = [name for name in drawn if name in classes]
    for name, found in classes.items():
        [parent] = found.__bases__
        if parent is Exception:
            assert drawn[name] == 0
            continue
        above = [other for other in order[: order.index(name)] if drawn[other] < drawn[name]]
        assert above[-1] == parent.__name__, f"{name} is drawn under {above[-1]}"


def test_calls_to_stripe_are_held_to_the_types_of_its_sdk() -> None:
    """Strict checking means nothing where the types are switched off."""
    payments = ROOT / "services" / "providers" / "payments"
    sources = [(payments / f"{name}.py").read_text() for name in ("stripe", "stripe_read")]
    trees = [ast.walk(ast.parse(source)) for source in sources]
    names = {node.id for tree in trees for node in tree if isinstance(node, ast.Name)}
    assert {"NewCheckout", "ProviderDispute"} <= names
    assert not names & {"Any", "cast"}
    assert not any("ignore" in source for source in sources)
