"""Files over HTTP: a mentor's photo comes in by a plain form, photos go out with a long cache.

Who sends a photo, and whether they may, is settled before a byte of the body is kept.
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mentorships.http.redirects import see_other
from services import access, catalogue, db, photos, signin, urls
from services.audit import Actor
from services.config import settings
from services.errors import AppError, NotFound, ProviderUnavailable
from state import cookies
from state.flash import Flash
from state.guard import Tone, explain

OWN_EDITOR = "/mentor/profile"
FOREVER = "public, max-age=31536000, immutable"
FORM_OVERHEAD_BYTES = 16_384
"""What a form adds to its file: boundaries, headers, a file name."""
DISCARDED_BYTES = 100_000_000
"""How much of a file that is too large is still taken, and thrown away: a browser reads no answer
while it sends, and would show a broken connection instead of the reason."""
SAVED = "Your photo is saved."


async def receive_photo(request: Request) -> Response:
    """POST /files/photo?mentor=slug: the new photo of oneself, or for an admin of any mentor.

    Answers 303 to the editor with a message in the flash cookie.
    """
    slug = request.query_params.get("mentor", "")[:80]
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    actor = await asyncio.to_thread(signin.actor_for, secret)
    if actor.user_id is None:
        await _discard(request, settings().photo_max_bytes)
        return RedirectResponse("/sign-in?next=" + OWN_EDITOR, 303)
    try:
        slug, editor = await asyncio.to_thread(_whose, actor, slug)
    except AppError as error:
        return PlainTextResponse(error.message, 403)
    try:
        data = await _file(request)
        await asyncio.to_thread(photos.replace, actor=actor, slug=slug, data=data)
    except (AppError, ProviderUnavailable) as error:
        text, tone = explain(error)
        return _back(editor, f"{text} The photo was not changed.", tone)
    return _back(editor, SAVED if editor == OWN_EDITOR else "The photo is saved.", "good")


async def send_photo(request: Request) -> Response:
    """GET /files/photos/<name>: public and kept for ever: a changed photo has a new name."""
    try:
        content = await asyncio.to_thread(photos.read, request.path_params["name"])
    except NotFound as error:
        return PlainTextResponse(error.message, 404)
    except ProviderUnavailable as error:
        text, _ = explain(error)
        return PlainTextResponse(text, 503, headers={"Retry-After": "30"})
    headers = {
        "Cache-Control": FOREVER,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'",
    }
    return Response(content, media_type=photos.CONTENT_TYPE, headers=headers)


def _whose(actor: Actor, slug: str) -> tuple[str, str]:
    """The mentor whose photo it is, and the editor to go back to.

    Raises:
        NotAllowed, NotFound
    """
    with db.reading() as session:
        if not slug:
            return catalogue.get_own_slug(session, actor=actor), OWN_EDITOR
        mentor = access.mentor_for(session, actor, slug)
        editor = "/admin" + urls.mentor(mentor.slug) if actor.is_admin else OWN_EDITOR
        return mentor.slug, editor


async def _file(request: Request) -> bytes:
    """The bytes of the one file of the form.

    Raises:
        InvalidInput: none was chosen, or the request is larger than a photo may be.
    """
    length = request.headers.get("content-length", "")
    most = settings().photo_max_bytes
    if not length.isdecimal() or int(length) > most + FORM_OVERHEAD_BYTES:
        await _discard(request, DISCARDED_BYTES)
        raise photos.too_large()
    try:
        async with request.form(max_files=1, max_fields=4, max_part_size=1_000) as form:
            file = form.get("photo")
            content = await file.read(most + 1) if isinstance(file, UploadFile) else b""
    except (MultiPartException, HTTPException):
        raise photos.nothing_chosen() from None
    if not content:
        raise photos.nothing_chosen()
    return content


async def _discard(request: Request, most: int) -> None:
    """Read up to so many bytes of the body and keep none of them."""
    read = 0
    async for chunk in request.stream():
        read += len(chunk)
        if read > most:
            return


def _back(editor: str, text: str, tone: Tone) -> Response:
    return see_other(editor, Flash(editor, text, tone))


routes = [
    Route("/files/photo", receive_photo, methods=["POST"]),
    Route("/files/photos/{name}", send_photo, methods=["GET"]),
]
