"""Says the title of a page when one comes to it by a link: the browser itself says it only when it
loads a document."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.vars.base import Var
from reflex_components_core.el.elements.typography import Div


class _Announcer(Div):
    """A place that stays while the pages below it come and go."""

    def add_imports(self) -> dict[str, Any]:
        return {"react": ["useEffect", "useRef", "useState"], "react-router": "useLocation"}

    def add_hooks(self) -> list[str | Var[Any]]:
        # The title changes a moment after the address does.
        say = "setTimeout(() => announce(document.title), 300)"
        return [
            "const { pathname } = useLocation();",
            'const [announced, announce] = useState("");',
            "const pathBefore = useRef(pathname);",
            "useEffect(() => { if (pathBefore.current === pathname) return; "
            f"pathBefore.current = pathname; const timer = {say}; "
            "return () => clearTimeout(timer); }, [pathname]);",
        ]


def announcer() -> rx.Component:
    """The place where titles are said; once for the whole application."""
    return _Announcer.create(
        Var("announced", _var_type=str), class_name="only-read", id="announcer", role="status"
    )
