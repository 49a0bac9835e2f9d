"""Mails: rendered from the world as it is when they leave, sent through the chosen provider."""

from services.mail.deliveries import give_up, handed_over
from services.mail.events import apply_event
from services.mail.render import compose
from services.mail.sending import send
from services.mail.shared import Skipped, Unreachable

__all__ = ["Skipped", "Unreachable", "apply_event", "compose", "give_up", "handed_over", "send"]
