"""Refusals as Stripe words them."""

from __future__ import annotations

from mentorships.sandbox.store import Json


class StripeError(Exception):
    """A refused request.

    Args:
        status: the HTTP status.
        message: Stripe's sentence.
        code: Stripe's short code, where it has one.
        param: the parameter at fault, in Stripe's bracket notation.
        kind: Stripe's error `type`.
        executed: the endpoint had begun, so that its result is kept for the idempotency key;
            a failed validation is not kept (VENDORS.md, Stripe, Idempotency).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        executed: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.executed = executed
        fields = {"code": code, "message": message, "param": param, "type": kind}
        self.body: Json = {"error": {name: value for name, value in fields.items() if value}}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """A parameter that Stripe refuses before it begins."""
    return StripeError(400, message, param=param, code=code)


def missing(param: str) -> StripeError:
    """A required parameter was not sent."""
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def refused(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """The object's state forbids what was asked."""
    return StripeError(400, message, param=param, code=code, executed=True)


def no_such(what: str, object_id: str, param: str) -> StripeError:
    """An id that Stripe does not know."""
    message = f"No such {what}: '{object_id}'"
    return StripeError(404, message, param=param, code="resource_missing", executed=True)
