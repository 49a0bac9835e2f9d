"""What an HTTP route needs of a request: a small form, and the address it came from."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services import addresses

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 16_384
MAX_FIELDS = 20


async def form(request: Request) -> dict[str, str]:
    """The fields of a native form; the last one counts when a name comes twice.

    Raises:
        HTTPException: 415 another content type, 413 too large, 400 not readable.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, "This address takes a form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise HTTPException(413, "This form is too large.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise HTTPException(400, "This form cannot be read.") from None
    return dict(pairs)


def client_address(request: Request) -> str:
    """The address a request came from."""
    peer = request.client.host if request.client else ""
    return addresses.of_client(peer, ",".join(request.headers.getlist("x-forwarded-for")))
