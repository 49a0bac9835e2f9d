"""Checkout: hold a seat, send the buyer to pay, believe the provider, give the seat back."""

from services.checkout.opening import CheckoutStarted, give_back, start
from services.checkout.preview import CheckoutPreview, preview
from services.checkout.settlement import apply_event, look_again, reconcile, settle, sweep

__all__ = [
    "CheckoutPreview",
    "CheckoutStarted",
    "apply_event",
    "give_back",
    "look_again",
    "preview",
    "reconcile",
    "settle",
    "start",
    "sweep",
]
