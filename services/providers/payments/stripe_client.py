"""The SDK's own HTTP client, observed: the SDK's retries are requests too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import stripe
from typing_extensions import override

from services.providers import calls

NAME: Final = "stripe"


class ObservedClient(stripe.HTTPXClient):
    """Sends as its parent does; each request becomes a line of the log and a count."""

    @override
    def request(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One try at one request: the body, the status and the headers of the answer."""
        with calls.observed(NAME) as request:
            answer = super().request(method, url, headers, post_data)
            request.status = answer[1]
            request.vendor_request = answer[2].get("request-id", "")
            return answer
