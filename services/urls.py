"""Addresses of the product, written once: mails, providers and pages all take them from here."""

from __future__ import annotations

from urllib.parse import quote

from services.config import settings


def absolute(path: str) -> str:
    """`path` below PUBLIC_URL."""
    return settings().public_url + path


def checkout_return(order_public_id: str) -> str:
    """Where the payment provider sends the buyer back to."""
    return absolute(f"/checkout/return/{quote(order_public_id)}")


def mentor(slug: str) -> str:
    """A mentor's public page, as a path."""
    return f"/mentors/{quote(slug)}"


def session(public_id: str) -> str:
    """The page of a session."""
    return absolute(f"/sessions/{quote(public_id)}")


def recording(public_id: str) -> str:
    """The page of a recording."""
    return absolute(f"/recordings/{quote(public_id)}")


def order(public_id: str) -> str:
    """The page of one's own order."""
    return absolute(f"/orders/{quote(public_id)}")


def admin_order(public_id: str) -> str:
    """An order's page for admins; the list of all orders without an id."""
    return absolute(f"/admin/orders/{quote(public_id)}".rstrip("/"))


def feed(secret: str) -> str:
    """A person's sessions as a calendar to subscribe to."""
    return absolute(f"/calendar/{quote(secret)}.ics")


def verify(token: str) -> str:
    """The link that confirms an e-mail address."""
    return absolute(f"/verify?token={quote(token)}")


def reset(token: str) -> str:
    """The link that sets a new password."""
    return absolute(f"/reset/new?token={quote(token)}")


def unsubscribe(token: str) -> str:
    """The link that ends one kind of mails, also by one press in a mail program."""
    return absolute(f"/unsubscribe/{quote(token)}")


def safe_next(path: str, default: str) -> str:
    """A local path to go on to after signing in; anything that could leave the site is dropped."""
    local = path.startswith("/") and not path.startswith("//") and "\\" not in path
    if not local or any(ord(c) < 32 for c in path):
        return default
    return path
