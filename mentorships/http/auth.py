"""Native form posts that sign people up, in and out. Each answers 303 to a page.

What went wrong, and what was typed except passwords, travels in the flash cookie. No GET changes
anything: scanners of mail open links, so /verify and /reset/new are pages with a button.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mentorships.http.redirects import see_other
from mentorships.http.requests import client_address, form
from services import accounts, db, signin, urls
from services.config import settings
from services.errors import InvalidInput, SignInNeeded
from services.privacy import erasure
from services.signin import Presence
from state import cookies
from state.flash import Flash
from state.guard import explain, forget_presences, presence_of

Fields = dict[str, str]
Act = Callable[[Request, Fields], Awaitable[Response]]
_KEPT = ("email", "name", "time_zone")
_SENT = "If {email} can use it, a mail with a link is on its way. It may take a minute."


def _post(path: str, back: Callable[[Fields], str], act: Act) -> Route:
    """A route that runs `act`; whatever it raises becomes a message on the page `back` names."""

    async def endpoint(request: Request) -> Response:
        fields = await form(request)
        try:
            return await act(request, fields)
        except SignInNeeded:
            return see_other("/sign-in", Flash("/sign-in", "Please sign in first.", "warning"))
        except Exception as error:
            text, tone = explain(error)
            field = error.field if isinstance(error, InvalidInput) else ""
            typed = {name: fields[name] for name in _KEPT if name in fields}
            target = back(fields)
            return see_other(target, Flash(target.partition("?")[0], text, tone, field, typed))

    return Route(path, endpoint, methods=["POST"])


async def _sign_up(request: Request, fields: Fields) -> Response:
    email = fields.get("email", "")
    await asyncio.to_thread(
        accounts.sign_up,
        email=email,
        name=fields.get("name", ""),
        password=fields.get("password", ""),
        time_zone=fields.get("time_zone", ""),
        locale=fields.get("locale", ""),
        accepts=fields.get("terms", "") if fields.get("accepts") else "",
        address=client_address(request),
    )
    text = f"Almost done: open the link that we mailed to {email.strip()}, then sign in here."
    return see_other(
        _with_next("/sign-in", fields), Flash("/sign-in", text, "good", typed={"email": email})
    )


async def _sign_in(request: Request, fields: Fields) -> Response:
    secret = await asyncio.to_thread(
        signin.sign_in,
        email=fields.get("email", ""),
        password=fields.get("password", ""),
        user_agent=request.headers.get("user-agent", ""),
        address=client_address(request),
        replaces=_secret(request),
    )
    forget_presences()
    presence = await asyncio.to_thread(signin.find_presence, secret)
    answer = see_other(urls.safe_next(fields.get("next", ""), _home(presence)))
    answer.set_cookie(
        cookies.session_name(),
        secret,
        max_age=settings().session_days * 86_400,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
    )
    return answer


async def _sign_out(request: Request, _fields: Fields) -> Response:
    await asyncio.to_thread(signin.sign_out, _secret(request))
    forget_presences()
    return _without_session(see_other("/", Flash("/", "You are signed out.", "good")))


async def _reset(request: Request, fields: Fields) -> Response:
    email = fields.get("email", "")
    await asyncio.to_thread(accounts.request_reset, email=email, address=client_address(request))
    return see_other("/reset", Flash("/reset", _SENT.format(email=email.strip()), "good"))


async def _reset_new(request: Request, fields: Fields) -> Response:
    await asyncio.to_thread(
        accounts.reset_password,
        token=fields.get("token", ""),
        password=fields.get("password", ""),
        address=client_address(request),
    )
    forget_presences()
    text = "Your new password is set, and every browser is signed out. Sign in with it here."
    return _without_session(see_other("/sign-in", Flash("/sign-in", text, "good")))


async def _verify(request: Request, fields: Fields) -> Response:
    await asyncio.to_thread(
        accounts.verify_email, token=fields.get("token", ""), address=client_address(request)
    )
    forget_presences()
    return see_other(
        "/sign-in", Flash("/sign-in", "Your address is confirmed. Now sign in.", "good")
    )


async def _verify_again(request: Request, fields: Fields) -> Response:
    email = fields.get("email", "")
    await asyncio.to_thread(
        accounts.request_verification, email=email, address=client_address(request)
    )
    return see_other("/verify", Flash("/verify", _SENT.format(email=email.strip()), "good"))


async def _revoke(request: Request, fields: Fields) -> Response:
    presence = await _signed_in(request)
    public_id = fields.get("sign_in", "")

    def revoke() -> None:
        with db.transaction() as session:
            signin.revoke(session, actor=presence.actor, public_id=public_id)

    await asyncio.to_thread(revoke)
    forget_presences()
    if public_id == presence.sign_in:
        return _without_session(see_other("/", Flash("/", "You are signed out.", "good")))
    return see_other("/settings", Flash("/settings", "That browser is signed out.", "good"))


async def _password(request: Request, fields: Fields) -> Response:
    presence = await _signed_in(request)
    await asyncio.to_thread(
        accounts.change_password,
        actor=presence.actor,
        current=fields.get("current", ""),
        new=fields.get("new", ""),
        keep=presence.sign_in,
    )
    forget_presences()
    text = "Your password is changed, and every other browser is signed out."
    return see_other("/settings", Flash("/settings", text, "good"))


async def _erase(request: Request, fields: Fields) -> Response:
    presence = await _signed_in(request)
    await asyncio.to_thread(
        erasure.erase_own,
        actor=presence.actor,
        password=fields.get("password", ""),
        mark=fields.get("mark", ""),
    )
    forget_presences()
    return _without_session(
        see_other("/", Flash("/", "Your account is erased. Take care.", "good"))
    )


async def _signed_in(request: Request) -> Presence:
    presence = await presence_of(request.headers.get("cookie", ""))
    if presence.actor.user_id is None:
        raise SignInNeeded
    return presence


def _home(presence: Presence) -> str:
    """Where a person begins who wanted no particular page."""
    if presence.actor.is_admin:
        return "/admin"
    return "/mentor" if presence.actor.mentor_id else "/dashboard"


def _secret(request: Request) -> str:
    return cookies.read(request.headers.get("cookie", ""), cookies.session_name())


def _with_next(page: str, fields: Fields) -> str:
    wanted = urls.safe_next(fields.get("next", ""), "")
    return f"{page}?next={quote(wanted, safe='')}" if wanted else page


def _with_token(page: str, fields: Fields) -> str:
    return f"{page}?token={quote(fields.get('token', '')[:128], safe='')}"


def _without_session(answer: Response) -> Response:
    answer.delete_cookie(
        cookies.session_name(), httponly=True, samesite="lax", secure=settings().secure_cookies
    )
    return answer


routes = [
    _post("/auth/sign-up", lambda fields: _with_next("/sign-up", fields), _sign_up),
    _post("/auth/sign-in", lambda fields: _with_next("/sign-in", fields), _sign_in),
    _post("/auth/sign-out", lambda _: "/", _sign_out),
    _post("/auth/reset", lambda _: "/reset", _reset),
    _post("/auth/reset/new", lambda fields: _with_token("/reset/new", fields), _reset_new),
    _post("/auth/verify", lambda fields: _with_token("/verify", fields), _verify),
    _post("/auth/verify/again", lambda _: "/verify", _verify_again),
    _post("/auth/sessions/revoke", lambda _: "/settings", _revoke),
    _post("/auth/password", lambda _: "/settings", _password),
    _post("/auth/erase", lambda _: "/settings/data", _erase),
]
