"""Refusals as PayPal words them (VENDORS.md, PayPal, Error shape; names and issues by its
published specification)."""

from __future__ import annotations

import secrets

from mentorships.sandbox.store import Json

_MESSAGES = {
    "INVALID_REQUEST": ("Request is not well-formed, syntactically incorrect, or violates schema."),
    "AUTHENTICATION_FAILURE": (
        "Authentication failed due to missing authorization header, or invalid authentication "
        "credentials."
    ),
    "RESOURCE_NOT_FOUND": "The specified resource does not exist.",
    "RESOURCE_CONFLICT": "The server has detected a conflict while processing this request.",
    "UNPROCESSABLE_ENTITY": (
        "The requested action could not be performed, semantically incorrect, or failed business "
        "validation."
    ),
    "RATE_LIMIT_REACHED": "Too many requests. Blocked due to rate limiting.",
    "INTERNAL_SERVER_ERROR": "An internal server error occurred.",
    "SERVICE_UNAVAILABLE": "Service Unavailable.",
}

# What the specification says of each business refusal, word for word where it fixes the words.
ISSUES = {
    "AMOUNT_MISMATCH": (
        "Should equal item_total + tax_total + shipping + handling + insurance - "
        "shipping_discount - discount."
    ),
    "AUTH_CAPTURE_NOT_ENABLED": (
        "Authorization and Capture feature is not enabled for the merchant. Make sure that the "
        "recipient of the funds is a verified business account."
    ),
    "CANNOT_BE_ZERO_OR_NEGATIVE": (
        "Must be greater than zero. If the currency supports decimals, only two decimal place "
        "precision is supported."
    ),
    "CAPTURE_FULLY_REFUNDED": "The capture has already been fully refunded",
    "COMPLIANCE_VIOLATION": "Transaction is declined due to compliance violation.",
    "DECIMALS_NOT_SUPPORTED": (
        "Currency does not support decimals. Please refer to "
        "https://developer.paypal.com/docs/api/reference/currency-codes/ for more information."
    ),
    "DECIMAL_PRECISION": (
        "If the currency supports decimals, only two decimal place precision is supported."
    ),
    "INSTRUMENT_DECLINED": (
        "The instrument presented  was either declined by the processor or bank, or it can't be "
        "used for this payment."
    ),
    "INVALID_CURRENCY_CODE": (
        "Currency code is invalid or is not currently supported. Please refer "
        "https://developer.paypal.com/api/rest/reference/currency-codes/ for list of supported "
        "currency codes."
    ),
    "ITEM_TOTAL_MISMATCH": (
        "Should equal sum of (unit_amount * quantity) across all items for a given purchase_unit."
    ),
    "ITEM_TOTAL_REQUIRED": (
        "If item details are specified (items.unit_amount and items.quantity) corresponding "
        "amount.breakdown.item_total is required."
    ),
    "MAX_VALUE_EXCEEDED": "Should be less than or equal to 999999999999999.99.",
    "ORDER_ALREADY_CAPTURED": (
        "Order already captured.If 'intent=CAPTURE' only one capture per order is allowed."
    ),
    "ORDER_NOT_APPROVED": (
        "Payer has not yet approved the Order for payment. Please redirect the payer to the "
        "'rel':'approve' url returned as part of the HATEOAS links within the Create Order call "
        "or provide a valid `payment_source` in the request."
    ),
    "PAYEE_ACCOUNT_RESTRICTED": "The merchant account is restricted.",
    "PAYER_ACTION_REQUIRED": (
        "Transaction cannot complete successfully, instruct the buyer to return to PayPal."
    ),
    "PENDING_CAPTURE": (
        "Cannot initiate a refund as the capture is pending. Capture is typically pending when "
        "the payer has funded the transaction using e-check/bank funded."
    ),
    "REFUND_AMOUNT_EXCEEDED": (
        "The refund amount must be less than or equal to the capture amount that has not yet been "
        "refunded."
    ),
    "REFUND_CAPTURE_CURRENCY_MISMATCH": "Refund must be in the same currency as the capture",
    "REFUND_FAILED_INSUFFICIENT_FUNDS": (
        "Capture could not be refunded due to insufficient funds. Please check to see if you have "
        "sufficient funds in your PayPal account or if the bank account linked to your PayPal "
        "account is verified and has sufficient funds."
    ),
    "REFUND_NOT_ALLOWED": "Capture cannot be refunded.",
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": (
        "Refunds are not allowed on this capture due to a chargeback on the card or bank. Please "
        "contact the payee to resolve the chargeback."
    ),
    "REFUND_TIME_LIMIT_EXCEEDED": (
        "You are over the time limit to perform a refund on this capture"
    ),
    "TRANSACTION_DISPUTED": (
        "Partial refunds cannot be offered at this time because there is an open case on this "
        "transaction. Visit the PayPal Resolution Center to review this case."
    ),
    "TRANSACTION_REFUSED": "The request was refused.",
}
DUPLICATE_INVOICE = {
    "order": (
        "Duplicate Invoice ID detected. To avoid a potential duplicate transaction your account "
        "setting requires that Invoice Id be unique for each transaction."
    ),
    "refund": "Invoice ID was previously used to refund a capture.",
}


class PayPalError(Exception):
    """A refused request.

    Args:
        status: the HTTP status.
        name: PayPal's name for this kind of refusal.
        detail: the one entry of `details`: issue, description, field, value, location.
        links: what the caller can do, beside the page that explains the error.
        kept: the refusal is the request's result, repeated for the same PayPal-Request-Id.
    """

    def __init__(
        self,
        status: int,
        name: str,
        detail: dict[str, str] | None = None,
        *,
        links: list[Json] | None = None,
        kept: bool = False,
    ) -> None:
        self.issue = detail["issue"] if detail else name
        super().__init__(detail["description"] if detail else _MESSAGES[name])
        self.status = status
        self.kept = kept
        self.body: Json = {
            "name": name,
            "message": _MESSAGES[name],
            "debug_id": secrets.token_hex(7)[:13],
            "details": [detail] if detail else [],
            "links": [
                *(links or []),
                {
                    "href": f"https://developer.paypal.com/api/rest/errors/#{self.issue}",
                    "rel": "information_link",
                    "method": "GET",
                },
            ],
        }


def _detail(issue: str, description: str, **more: str) -> dict[str, str]:
    return {"issue": issue, "description": description, **more}


def invalid(issue: str, description: str, field: str, location: str = "body") -> PayPalError:
    """A request that breaks the schema (400); `field` is a JSON pointer or a parameter's name."""
    detail = _detail(issue, description, field=field, location=location)
    return PayPalError(400, "INVALID_REQUEST", detail)


def missing(field: str, location: str = "body") -> PayPalError:
    """A required field was not sent (400)."""
    description = "A required parameter is missing."
    return invalid("MISSING_REQUIRED_PARAMETER", description, field, location)


def refused(
    issue: str,
    *,
    field: str | None = None,
    description: str | None = None,
    links: list[Json] | None = None,
    kept: bool = False,
) -> PayPalError:
    """A business rule forbids it (422)."""
    words = description or ISSUES.get(issue, "The request was refused.")
    more = {} if field is None else {"field": field, "location": "body"}
    detail = _detail(issue, words, **more)
    return PayPalError(422, "UNPROCESSABLE_ENTITY", detail, links=links, kept=kept)


def not_found(field: str) -> PayPalError:
    """An id in the path that PayPal does not know (404)."""
    detail = _detail(
        "INVALID_RESOURCE_ID",
        "Specified resource ID does not exist. Please check the resource ID and try again.",
        field=field,
        location="path",
    )
    return PayPalError(404, "RESOURCE_NOT_FOUND", detail)


def in_progress() -> PayPalError:
    """A request with the same PayPal-Request-Id is being served at this moment (409)."""
    detail = _detail(
        "PREVIOUS_REQUEST_IN_PROGRESS",
        "A previous request on this resource is currently in progress. Please wait for sometime "
        "and try again. It is best to space out the initial and the subsequent request(s) to "
        "avoid receiving this error.",
    )
    return PayPalError(409, "RESOURCE_CONFLICT", detail)


def planned(status: int) -> PayPalError:
    """The error that a fault asks for."""
    names = {
        401: "AUTHENTICATION_FAILURE",
        404: "RESOURCE_NOT_FOUND",
        409: "RESOURCE_CONFLICT",
        422: "UNPROCESSABLE_ENTITY",
        429: "RATE_LIMIT_REACHED",
        503: "SERVICE_UNAVAILABLE",
    }
    usual = "INVALID_REQUEST" if status < 500 else "INTERNAL_SERVER_ERROR"
    return PayPalError(status, names.get(status, usual))
