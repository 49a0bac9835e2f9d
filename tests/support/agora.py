"""What happens at the simulated Agora: recorders, what goes wrong with them, notifications."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

Json = dict[str, Any]


class Controlled(Protocol):
    """Simulators that can be told what to do."""

    def control(self, path: str, body: Json | None = None) -> Any:
        """Ask `/control/<path>`."""
        ...


@dataclass(frozen=True)
class Agora:
    """The studio's app there."""

    sandbox: Controlled

    def clock(self, now: int) -> None:
        """Let it be that moment (Unix time) there, and let happen what is due by then."""
        self.sandbox.control("clock", {"now": now})
        self.settle()

    def behave(self, **changes: object) -> None:
        """How recorders behave that are started from now on; without changes as usual."""
        self._ask("behaviour", **changes)

    def app(self, **changes: object) -> None:
        """What the app may do: `enabled`, `limit` recorders at a time, `per_second` requests (0:
        any number), `repeats` requests that are not completed."""
        self._ask("app", **changes)

    def settle(self) -> list[Json]:
        """Let happen what is due now, files included; all recorders, the newest first."""
        return cast("list[Json]", self._ask("settle"))

    def recordings(self) -> list[Json]:
        """All recorders, the newest first."""
        return cast("list[Json]", self.sandbox.control("agora/recordings"))

    def recording(self, sid: str) -> Json:
        """One recorder."""
        return cast(Json, self.sandbox.control(f"agora/recordings/{sid}"))

    def change(self, sid: str, **changes: object) -> None:
        """How one recorder behaves from now on."""
        self._ask(f"recordings/{sid}", **changes)

    def everybody_leaves(self, sid: str) -> None:
        """The channel is empty but for the recorder."""
        self._ask(f"recordings/{sid}/empty", empty=True)

    def somebody_comes(self, sid: str) -> None:
        """The channel is empty no more."""
        self._ask(f"recordings/{sid}/empty", empty=False)

    def webhooks(self, mode: str) -> None:
        """What becomes of notifications: now, twice, late, never or hold."""
        self._ask("webhooks", mode=mode)

    def deliveries(self) -> list[Json]:
        """The notifications so far, with their headers, the oldest first."""
        return cast("list[Json]", self.sandbox.control("agora/deliveries"))

    def told(self, sid: str) -> list[str]:
        """What was told of one recorder, the oldest first."""
        return [each["type"] for each in self.deliveries() if f'"{sid}"' in each["body"]]

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of any body that Agora would send."""
        written = base64.b64encode(body).decode()
        return cast("dict[str, str]", self._ask("signed", base64=written))

    def fault(
        self, path: str, kind: str, *, method: str = "*", times: int = 1, **more: object
    ) -> None:
        """Let Agora misbehave on the next requests; the path is that of its API."""
        asked = {"vendor": "agora", "method": method, "path": path, "kind": kind, "times": times}
        self.sandbox.control("faults", {**asked, **more})

    def _ask(self, path: str, **body: object) -> object:
        return self.sandbox.control(f"agora/{path}", body)


def in_folder(folder: Path) -> list[str]:
    """The keys of the files in a folder that stands for a bucket."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path) for path in found)
