"""Agora: tickets into its channels, and its cloud recording over REST."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from services.errors import ProviderRejected, ProviderUnavailable
from services.providers.answers import Answer
from services.providers.video import bodies, tokens
from services.providers.video.base import (
    LONGEST_TICKET,
    Bucket,
    Ending,
    Phase,
    Recorder,
    Refusal,
    Reservation,
    Seen,
    Stopped,
    Ticket,
    Upload,
)
from services.providers.video.tokens import Privilege
from services.providers.video.wire import NAME, NOT_ENABLED, Ask, Reply, Wire

_MODE: Final = "mix"
_RESERVED_HOURS: Final = 24
_LARGEST_SALT: Final = 99_999_999
_GONE: Final = 404
_STOPPED_TWICE: Final = 49
_EXITING: Final = 501
_SLOW_UPLOAD: Final = 50
_NOTHING_SENT: Final = 435
_NOT_ENABLED: Final = (
    "Cloud Recording is not enabled: switch it on for the project in Agora's console"
)


class Agora:
    """One app of ours there."""

    def __init__(self, wire: Wire, *, app_id: str, certificate: str) -> None:
        self._wire = wire
        self._app_id = app_id
        self._certificate = certificate
        self._base = f"/v1/apps/{app_id}/cloud_recording"

    def ticket(self, channel: str, uid: int, *, now: datetime, until: datetime) -> Ticket:
        """A token for everything that a person does in a call."""
        ends_at = min(until, now + LONGEST_TICKET)
        token = self._token(channel, uid, now, ends_at, tuple(Privilege))
        return Ticket(self._app_id, channel, uid, token, ends_at=ends_at)

    def acquire(self, channel: str, uid: int) -> Reservation:
        """A resource id, for the recording of a call (scene 0)."""
        body = {
            "cname": tokens.checked_channel(channel),
            "uid": str(tokens.checked_uid(uid)),
            "clientRequest": {"scene": 0, "resourceExpiredHour": _RESERVED_HOURS},
        }
        reply = self._wire.send(Ask("acquire_recorder", "POST", f"{self._base}/acquire", body))
        return Reservation(channel, uid, _named(reply, "resourceId"))

    def start(
        self,
        reserved: Reservation,
        *,
        bucket: Bucket,
        prefix: tuple[str, ...],
        now: datetime,
        until: datetime,
    ) -> Recorder:
        """Mix mode; the recorder's own token lets it listen, and cannot be renewed."""
        ends_at = min(until, now + LONGEST_TICKET)
        token = self._token(reserved.channel, reserved.uid, now, ends_at, (Privilege.JOIN,))
        body = {
            "cname": reserved.channel,
            "uid": str(reserved.uid),
            "clientRequest": bodies.start(token=token, bucket=bucket, prefix=prefix),
        }
        path = f"{self._base}/resourceid/{reserved.resource_id}/mode/{_MODE}/start"
        reply = self._wire.send(Ask("start_recorder", "POST", path, body))
        sid = _named(reply, "sid")
        return Recorder(reserved.channel, reserved.uid, reserved.resource_id, sid, _MODE)

    def query(self, recorder: Recorder) -> Seen:
        """404 says little: not yet, not any more, or moving."""
        means = frozenset({_GONE, _EXITING})
        ask = Ask("query_recorder", "GET", self._of(recorder, "query"), means=means)
        reply = self._wire.send(ask)
        if reply.code == _EXITING:
            return Seen(Phase.ENDING)
        if reply.status == _GONE:
            return Seen(Phase.ABSENT)
        response = bodies.told(reply.body)
        return Seen(
            bodies.phase(response),
            bodies.files(response.get("fileList")),
            bodies.moment(response.get("sliceStartTime")),
        )

    def stop(self, recorder: Recorder) -> Stopped:
        """Asynchronously: waiting for the upload takes twenty seconds, and fails after that."""
        ask = Ask(
            "stop_recorder",
            "POST",
            self._of(recorder, "stop"),
            {
                "cname": recorder.channel,
                "uid": str(recorder.uid),
                "clientRequest": {"async_stop": True},
            },
            means=frozenset({_GONE, _NOTHING_SENT, _SLOW_UPLOAD, _STOPPED_TWICE, _EXITING}),
        )
        reply = self._wire.send(ask)
        response = bodies.told(reply.body)
        listed = bodies.files(response.get("fileList"))
        if reply.code == _NOTHING_SENT:
            return Stopped(Ending.NOTHING_SENT)
        if reply.status == _GONE or reply.code in {_STOPPED_TWICE, _EXITING}:
            return Stopped(Ending.WAS_OVER, bodies.upload(response), listed)
        if reply.code == _SLOW_UPLOAD:
            return Stopped(Ending.STOPPED, Upload.UNKNOWN, listed)
        return Stopped(Ending.STOPPED, bodies.upload(response), listed)

    def check(self) -> Answer:
        """Ask for a recorder that there never was: who has a wrong key is refused before."""
        path = f"{self._base}/resourceid/doctor/sid/doctor/mode/{_MODE}/query"
        try:
            self._wire.send(Ask("check", "GET", path, means=frozenset({_GONE})))
        except ProviderRejected:
            return Answer("the key is right")
        except ProviderUnavailable as error:
            if error.code != NOT_ENABLED:
                raise
            return Answer("the key is right", (_NOT_ENABLED,))
        return Answer("the key is right")

    def _token(
        self,
        channel: str,
        uid: int,
        now: datetime,
        ends_at: datetime,
        privileges: tuple[Privilege, ...],
    ) -> str:
        return tokens.build(
            app_id=self._app_id,
            certificate=self._certificate,
            channel=channel,
            uid=uid,
            issued_at=int(now.timestamp()),
            seconds=(ends_at - now) // timedelta(seconds=1),
            salt=secrets.randbelow(_LARGEST_SALT) + 1,
            privileges=dict.fromkeys(privileges, 0),
        )

    def _of(self, recorder: Recorder, verb: str) -> str:
        found = f"resourceid/{recorder.resource_id}/sid/{recorder.sid}/mode/{recorder.mode}"
        return f"{self._base}/{found}/{verb}"


def _named(reply: Reply, name: str) -> str:
    """An id in an answer, which must be fit to stand in an address.

    Raises:
        ProviderUnavailable: it is not there.
    """
    found = str(reply.body.get(name) or "")
    if not found or not all(
        each.isascii() and (each.isalnum() or each in "-_.=") for each in found
    ):
        raise ProviderUnavailable(NAME, f"an answer without {name}", code=Refusal.INVALID)
    return found
