"""Answers of forms and of other sites' returns: on to a page, with a message for it or none."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from services.config import settings
from state import cookies, flash
from state.flash import Flash


def see_other(target: str, message: Flash | None = None) -> Response:
    """A redirect that makes the browser ask with GET, with a message for the page or none."""
    answer = RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})
    if message is None:
        answer.delete_cookie(
            cookies.flash_name(), httponly=True, samesite="lax", secure=settings().secure_cookies
        )
        return answer
    answer.set_cookie(
        cookies.flash_name(),
        flash.sealed(message),
        max_age=flash.SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
    )
    return answer
