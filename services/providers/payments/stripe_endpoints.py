"""What can be wrong with the webhook endpoints of a Stripe account."""

from __future__ import annotations

from collections.abc import Iterator

import stripe


def endpoint_problems(
    endpoints: list[stripe.WebhookEndpoint], url: str, events: frozenset[str]
) -> Iterator[str]:
    """Sentences that say what to put right, so that all `events` reach `url` as we read them."""
    ours = [each for each in endpoints if each.url == url]
    if not ours:
        yield f"Stripe has no webhook endpoint {url}: create it in the dashboard"
        return
    working = [each for each in ours if each.status == "enabled"]
    if not working:
        yield f"the webhook endpoint {url} is disabled: enable it in Stripe's dashboard"
        return
    if all(each.api_version != stripe.api_version for each in working):
        yield (
            f"the webhook endpoint sends API version {working[0].api_version or 'of the account'}: "
            f"create it with {stripe.api_version}"
        )
    sent = {event for each in working for event in each.enabled_events}
    if "*" not in sent and (missing := sorted(events - sent)):
        yield f"the webhook endpoint does not send {', '.join(missing)}: add them"
