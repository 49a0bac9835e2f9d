"""What can go wrong, in words a person can act on.

AppError                     code, message
├── NotFound                 no such thing, or not yours: the answer is the same
├── NotAllowed               you may not do this
│   ├── SignInNeeded
│   └── VerificationNeeded
├── Conflict                 somebody or something was faster, or the state does not fit
│   ├── SeatsSoldOut
│   ├── TooManyCheckouts
│   └── OfferRetired
├── InvalidInput             field, message
├── TooManyAttempts          a rate limit; retry_after_seconds
└── DatabaseUnavailable      the database does not answer; `reason` is for the log

ProviderError                an outside service
├── ProviderUnavailable      try again later: nothing is known about the outcome
└── ProviderRejected         the provider said no; trying again will not help
"""

from __future__ import annotations


class AppError(Exception):
    """Base of everything a person may be shown."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class NotFound(AppError):
    code = "not_found"

    def __init__(self, what: str = "page") -> None:
        super().__init__(f"There is no such {what}, or it is not yours.")


class NotAllowed(AppError):
    code = "not_allowed"


class SignInNeeded(NotAllowed):
    code = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__("Please sign in first.")


class VerificationNeeded(NotAllowed):
    code = "verification_needed"

    def __init__(self) -> None:
        super().__init__("Please confirm your e-mail address first: open the link we mailed you.")


class Conflict(AppError):
    code = "conflict"


class SeatsSoldOut(Conflict):
    code = "seats_sold_out"

    def __init__(self, mentor_name: str) -> None:
        super().__init__(f"{mentor_name} has no free seat right now. Nothing was charged.")


class TooManyCheckouts(Conflict):
    code = "too_many_checkouts"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"You have {limit} open checkouts. Finish one or give its seat back, then try again."
        )


class OfferRetired(Conflict):
    code = "offer_retired"

    def __init__(self) -> None:
        super().__init__("This pack is no longer sold. Please choose another one.")


class InvalidInput(AppError):
    code = "invalid_input"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyAttempts(AppError):
    code = "too_many_attempts"

    def __init__(self, retry_after_seconds: int) -> None:
        minutes = max(1, round(retry_after_seconds / 60))
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"Too many attempts. Please wait {minutes} {unit} and try again.")
        self.retry_after_seconds = retry_after_seconds


class DatabaseUnavailable(AppError):
    """The database is away, full, read-only or too busy. `reason` is the driver's, for the log."""

    code = "database_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The studio cannot reach its database right now. Please try again in a minute."
        )
        self.reason = reason


class ProviderError(Exception):
    """An outside service failed; `provider` names it. Never shown to a person as it is."""

    def __init__(self, provider: str, message: str, *, code: str = "") -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.code = code


class ProviderUnavailable(ProviderError):
    """Time-out, refused connection, 429 or 5xx. `answered` tells that a 5xx came back:
    the provider may have stored that answer under the idempotency key."""

    def __init__(self, provider: str, message: str, *, code: str = "", answered: bool = False):
        super().__init__(provider, message, code=code)
        self.answered = answered


class ProviderRejected(ProviderError):
    """The provider refused the request; `code` is the provider's own."""
