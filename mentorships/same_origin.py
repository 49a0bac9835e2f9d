"""Makes one front-end build work on every port and address.

Reflex bakes the absolute address of its back end into the JavaScript. Pages and events come from
the same server here, so the build is made for a placeholder address, and this plugin then replaces
the placeholder by the address of the page itself. A changed PORT or PUBLIC_URL needs no new build.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Unpack

from reflex.plugins import Plugin
from reflex.plugins.base import PostBuildContext

PLACEHOLDER_HOST = "same-origin.invalid"
API_URL = f"http://{PLACEHOLDER_HOST}"

# Prerendering runs this code without a window, where any address will do.
_ORIGIN = '(globalThis.location?.origin??"http://localhost")'
_QUOTED = re.compile(rf"""(["'`])(ws|http)://{re.escape(PLACEHOLDER_HOST)}([^"'`$\\]*)\1""")


def use_page_origin(script: str) -> str:
    """Replace every quoted placeholder address in a built script by the address of the page."""

    def replacement(found: re.Match[str]) -> str:
        _, scheme, path = found.groups()
        origin = f'{_ORIGIN}.replace(/^http/,"ws")' if scheme == "ws" else _ORIGIN
        return f"({origin}+{path!r})"

    return _QUOTED.sub(replacement, script)


class SameOriginPlugin(Plugin):
    """Rewrites the built scripts once, after each production build."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Point the build at its own origin.

        Raises:
            RuntimeError: the build has another shape than expected, and would not reach its server.
        """
        rewritten = sum(_rewrite(script) for script in context["static_dir"].rglob("*.js"))
        if not rewritten:
            raise RuntimeError("the front-end build holds no back-end address to replace")


def _rewrite(script: Path) -> bool:
    before = script.read_text()
    if PLACEHOLDER_HOST not in before:
        return False
    after = use_page_origin(before)
    if PLACEHOLDER_HOST in after:
        raise RuntimeError(f"{script.name} uses the back-end address in an unexpected way")
    script.write_text(after)
    return True
