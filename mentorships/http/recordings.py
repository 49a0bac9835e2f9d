"""Recordings over HTTP: whole or in ranges, as players ask for them, and streams by their list.

Every request is checked anew: the link's signature and end, whose it is, and whether the recording
is still there. No address of a link is logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mentorships.http import failures
from services import signin
from services.audit import Actor
from services.errors import NotFound
from services.models import Access, FileKind
from services.providers.storage import registry
from services.providers.storage.base import FileMissing
from services.recordings import links, playlists
from services.recordings.links import Gone, Opened
from services.recordings.playlists import Piece
from state import cookies, stores
from state.shown import plain

BLOCK: Final = 2**18
"""How much of a file is in memory at a time."""
LONGEST_RANGE: Final = 100
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_PRIVATE: Final = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Some of a file's bytes: from `start`, `length` of them."""

    start: int
    length: int

    def of(self, size: int) -> str:
        """For Content-Range."""
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


class NoSuchPart(Exception):
    """The file has no such bytes."""


async def send(request: Request) -> Response:
    """GET /files/recordings/<key>/<name>: a file of a recording, to whoever the key is for."""
    key, name = (str(request.path_params[part]) for part in ("key", "name"))
    try:
        return await stores.ask(_send, request, key, name)
    except Exception as error:
        return _refused(error)


async def download(request: Request) -> Response:
    """GET /files/recordings/<file>: make a link to keep a file by, write that down, and go there.
    One's own alone: an admin gives a reason on the recording's page."""
    file = plain(str(request.path_params["file"]), 60)
    try:
        address = await stores.ask(_link, request, file)
    except Exception as error:
        return _refused(error)
    return Response(status_code=303, headers={**_PRIVATE, "Location": address})


def _send(request: Request, key: str, name: str) -> Response:
    opened = links.opened(actor=_actor(request), key=key, name=name)
    if opened.kind is not FileKind.PLAYLIST:
        return _file(request, opened, (Piece(opened.store, opened.key, opened.bytes),))
    if opened.how is Access.DOWNLOADED:
        return _file(request, opened, playlists.pieces(opened))
    content = playlists.rewritten(opened)
    return Response(content, media_type=opened.content_type, headers=_PRIVATE)


def _link(request: Request, file: str) -> str:
    return links.link(actor=_actor(request), file=file, how=Access.DOWNLOADED)


def _actor(request: Request) -> Actor:
    secret = cookies.read(request.headers.get("cookie", ""), cookies.session_name())
    return signin.actor_for(secret)


def _refused(error: Exception) -> Response:
    if isinstance(error, Gone):
        return PlainTextResponse(error.message, 410, _PRIVATE)
    return failures.refused(error, _PRIVATE)


def _file(request: Request, opened: Opened, pieces: Sequence[Piece]) -> Response:
    """All of what its pieces are together, or the span that is asked for."""
    size, tag = sum(piece.bytes for piece in pieces), f'"{opened.sha256}"'
    headers = {
        **_PRIVATE,
        "Accept-Ranges": "bytes",
        "Content-Disposition": opened.disposition,
        "ETag": tag,
    }
    try:
        # Another file than the one that was begun is sent from its beginning.
        same = request.headers.get("if-range", tag) == tag
        span = span_of(request.headers.get("range", ""), size) if same else None
    except NoSuchPart:
        headers["Content-Range"] = f"bytes */{size}"
        return PlainTextResponse("The file has no such part.", 416, headers)
    status = 200
    if span is not None:
        status, headers["Content-Range"] = 206, span.of(size)
    sent = span or Span(0, size)
    headers["Content-Length"] = str(sent.length)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=opened.content_type)
    opens = _opened(pieces, sent)
    try:
        begun = list(islice(opens, 1))
    except FileMissing:
        raise NotFound("file") from None
    blocks = _blocks(chain(begun, opens))
    return StreamingResponse(blocks, status, headers, media_type=opened.content_type)


def span_of(asked: str, size: int) -> Span | None:
    """What a Range header asks for of a file of so many bytes; None for all of it, also where it
    asks for several spans or for nothing that we know, as RFC 9110 allows.

    Raises:
        NoSuchPart: the file ends before that.
    """
    match = _RANGE.fullmatch(asked.strip()[:LONGEST_RANGE])
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        length = min(int(last), size)
        start = size - length
    else:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
        length = end - start + 1
    if length < 1 or start >= size:
        raise NoSuchPart
    return Span(start, length)


def _opened(pieces: Sequence[Piece], span: Span) -> Iterator[tuple[BinaryIO, int]]:
    """What the span has of each piece, opened as its turn comes, and how much that is."""
    begins = 0
    for piece in pieces:
        start = max(span.start - begins, 0)
        length = min(span.start + span.length - begins, piece.bytes) - start
        if length > 0:
            yield registry.store(piece.store).open(piece.key, start=start, length=length), length
        begins += piece.bytes


def _blocks(opens: Iterator[tuple[BinaryIO, int]]) -> Iterator[bytes]:
    for file, length in opens:
        with file:  # also when the browser goes away in between
            left = length
            while left > 0 and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block


routes = [
    Route(f"{links.PATH}/{{file}}", download, methods=["GET"]),
    Route(f"{links.PATH}/{{key}}/{{name}}", send, methods=["GET"]),
]
