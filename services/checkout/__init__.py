"""Checkout: hold a seat, send the buyer to pay, believe the provider, give the seat back."""

from services.checkout.opening import CheckoutStarted, give_back, start
from services.checkout.preview import CheckoutPreview, preview
from services.checkout.settlement import (
    apply_event,
    apply_payment,
    apply_payment_event,
    learn_payment,
    look_again,
    settle,
)
from services.checkout.sweeping import sweep

__all__ = [
    "CheckoutPreview",
    "CheckoutStarted",
    "apply_event",
    "apply_payment",
    "apply_payment_event",
    "give_back",
    "learn_payment",
    "look_again",
    "preview",
    "settle",
    "start",
    "sweep",
]
