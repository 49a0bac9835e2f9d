"""Pages that several tabs look at: what was read for one page is never handed to another."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from services.audit import Actor
from services.ids import UserId
from state import checkout_return, order

ROOT = Path(__file__).parents[2]


def names_of_audiences() -> Counter[str]:
    """How the keys of all audiences begin."""
    names: Counter[str] = Counter()
    for path in (ROOT / "state").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="Audience"),
                    args=[ast.Tuple(elts=[ast.Constant(value=str(name)), *_]), *_],
                ):
                    names[name] += 1
                case _:
                    pass
    return names


def test_every_page_reads_for_itself() -> None:
    names = names_of_audiences()
    assert len(names) > 20, "the search finds nothing any more"
    assert [name for name, times in names.items() if times > 1] == []


def test_an_order_and_the_page_one_comes_back_to_are_read_apart() -> None:
    mia = Actor("user", user_id=UserId(7))
    assert order.audience(mia, "ord_1").key != checkout_return.audience(mia, "ord_1").key
