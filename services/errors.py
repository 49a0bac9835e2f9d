"""What can go wrong, in words a person can act on.

AppError                     code, message
├── NotFound                 no such thing, or not yours: the answer is the same
├── NotAllowed               you may not do this
│   ├── SignInNeeded
│   └── VerificationNeeded
├── Conflict                 somebody or something was faster, or the state does not fit
│   ├── SeatsSoldOut
│   ├── TooManyCheckouts
│   ├── OfferRetired
│   ├── SlotTaken            somebody else has that time, or one of the two people is busy then
│   ├── SlotNotOffered       the mentor's rules do not allow that time; `why`
│   ├── NoCredit             no pack pays for this booking
│   ├── OutOfDate            an old link or page: the session has changed since
│   └── TooLate              the time for this change is over
├── InvalidInput             field, message
├── TooManyAttempts          a rate limit; retry_after_seconds
└── DatabaseUnavailable      the database does not answer; `reason` is for the log

ProviderError                an outside service
├── ProviderUnavailable      try again later: nothing is known about the outcome
└── ProviderRejected         the provider said no; trying again will not help
"""

from __future__ import annotations

from datetime import datetime


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


class SlotTaken(Conflict):
    """`starts_at` is the time among those that were asked for, where that is known."""

    code = "slot_taken"

    def __init__(self, starts_at: datetime | None = None) -> None:
        super().__init__("This time was just taken. Nothing was changed: please choose another.")
        self.starts_at = starts_at


class SlotNotOffered(Conflict):
    """`why` is one sentence for the person who asked: what stands against this time. `starts_at`
    is the time among those that were asked for, where that is known."""

    code = "slot_not_offered"

    def __init__(self, why: str, starts_at: datetime | None = None) -> None:
        super().__init__(f"This time cannot be booked: {why}")
        self.why = why
        self.starts_at = starts_at


class NoCredit(Conflict):
    code = "no_credit"


class OutOfDate(Conflict):
    code = "out_of_date"

    def __init__(self) -> None:
        super().__init__(
            "This session has changed since this page or link was made. "
            "Nothing was changed now: look at the session and try again."
        )


class TooLate(Conflict):
    code = "too_late"


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
    the provider may have stored that answer under the idempotency key. `retry_after` are the
    seconds to wait that the provider named. With `stop` it refuses us altogether, such as a wrong
    key: until an operator has put that right, every further request does harm."""

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        code: str = "",
        answered: bool = False,
        retry_after: float | None = None,
        stop: bool = False,
    ) -> None:
        super().__init__(provider, message, code=code)
        self.answered = answered
        self.retry_after = retry_after
        self.stop = stop

    @property
    def puts_off(self) -> bool:
        """Whether the service itself asks us to wait: then nothing has failed."""
        return self.stop or self.retry_after is not None


class ProviderRejected(ProviderError):
    """The provider refused the request; `code` is the provider's own."""
