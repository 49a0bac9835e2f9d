"""Where an admin finds a thing, by its public id."""

from __future__ import annotations

from urllib.parse import quote

from sqlmodel import Session, col, select

from services.models import Order, Pack, Payment

OVERVIEW = "/admin"
_LISTS = {
    "Discord": "/admin/discord",
    "dgr": "/admin/discord",
    "dil": "/admin/discord",
    "dsc": "/admin/discounts",
    "dsp": "/admin/disputes",
    "budget": "/admin/costs",
    "mails": "/admin/mails",
    "ref": "/admin/refunds",
    "sup": "/admin/mails/suppressed",
    "tes": "/admin/testimonials",
    "unm": "/admin/unmatched",
    "wai": "/admin/waitlists",
}
_PAGES = {
    "inb": "/admin/inbox/{thing}",
    "inv": "/files/invoices/{thing}.pdf",
    "mai": "/admin/mails/{thing}",
    "ord": "/admin/orders/{thing}",
    "out": "/admin/jobs/outbox/{thing}",
    "rec": "/admin/recordings/{thing}",
    "run": "/admin/jobs/runs/{thing}",
    "ses": "/sessions/{thing}",
    "usr": "/admin/users?q={thing}",
}


def page_of(thing: str) -> str:
    """The path of the thing's page, or of the list that it is in; "" for what has neither."""
    prefix = thing.partition("_")[0]
    if prefix in _PAGES:
        return _PAGES[prefix].format(thing=quote(thing))
    return _LISTS.get(prefix, "")


def place_of(db: Session, thing: str) -> str:
    """Where an admin sees to what an alert is about: a path of ours, the overview at worst."""
    if thing.startswith(("pay_", "pck_")):
        order = _order_of(db, thing)
        return page_of(order) if order else "/admin/orders"
    if found := page_of(thing):
        return found
    # What is no public id is a worker, or a lane of the outbox.
    return OVERVIEW if "_" in thing and ":" not in thing else "/admin/jobs"


def _order_of(db: Session, thing: str) -> str:
    """The order that a payment or a pack belongs to; "" for a pack that was granted."""
    owner = Payment if thing.startswith("pay_") else Pack
    found = select(Order.public_id).join(owner, col(owner.order_id) == col(Order.id))
    return db.exec(found.where(col(owner.public_id) == thing)).one_or_none() or ""
