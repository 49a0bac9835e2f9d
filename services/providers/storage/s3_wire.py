"""One request to a store that speaks S3: as a line of the log, with its errors as ours.

boto3 adds checksums of its own to what it sends, which B2 refuses: it is told to leave that where
nothing requires them. Its own retries are off: they wait out of our sight and know no
Retry-After. The sentences of the stores are left out of errors, since they may repeat a key.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from services.errors import ProviderError, ProviderRejected, ProviderUnavailable
from services.providers import calls
from services.providers.storage.base import FileMissing, UploadGone

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 60.0
CONNECTIONS: Final = 32
"""As many threads of one process may talk to a store at once."""
MOST_TRIES: Final = 4
MOST_WAIT_SECONDS: Final = 8.0
"""The longest that one call waits in all; what takes longer is for later."""
FIRST_WAIT_SECONDS: Final = 0.25
REFUSED_KEY: Final = "authentication"
NO_BUCKET: Final = "no_bucket"
NOT_OFFERED: Final = "not_offered"
OUT_OF_RANGE: Final = "out_of_range"

_KEY_REFUSED: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "RequestTimeTooSkewed"}
)
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "NotFound", "404"})
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NOT_OFFERED: Final = frozenset({"NotImplemented", "MethodNotAllowed"})
_PASSES: Final = frozenset(
    {
        "SlowDown",
        "RequestTimeout",
        "InternalError",
        "ServiceUnavailable",
        "TooManyRequests",
        "OperationAborted",
        # The bytes changed or broke off on their way.
        "BadDigest",
        "IncompleteBody",
        "XAmzContentSHA256Mismatch",
        "XAmzContentChecksumMismatch",
    }
)

Answer = dict[str, Any]
_making = threading.Lock()
"""Clients may be shared by threads, what makes them may not."""


class Wire:
    """Sends to one store. Its threads may share it."""

    def __init__(
        self,
        *,
        name: str,
        endpoint: str,
        region: str,
        key_id: str,
        secret: str,
        by_host: bool = False,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self._region = region
        self._key_id = key_id
        self._secret = secret
        self._by_host = by_host
        self._read_seconds = read_seconds
        self._last = threading.local()

    @cached_property
    def client(self) -> Any:
        """The vendor's client; its library takes a second to load."""
        from botocore.config import Config

        config = Config(
            region_name=self._region,
            signature_version="s3v4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
            max_pool_connections=CONNECTIONS,
            retries={"total_max_attempts": 1, "mode": "standard"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "virtual" if self._by_host else "path"},
        )
        with _making:
            client: Any = _session().client(
                "s3",
                endpoint_url=self.endpoint,
                aws_access_key_id=self._key_id,
                aws_secret_access_key=self._secret,
                config=config,
            )
        client.meta.events.register("before-send.s3.UploadPart", self._note_signed)
        return client

    def ask_hashed(self, method: str, **asked: Any) -> tuple[Answer, str]:
        """As `ask`, for UploadPart; besides the SHA-256 of the bytes that were sent, which had to
        be computed for the signature, or "" if it was not.

        Raises:
            FileMissing, UploadGone, ProviderUnavailable, ProviderRejected
        """
        self._last.sha256 = ""
        return self.ask(method, **asked), self._last.sha256

    @property
    def lost_an_answer(self) -> bool:
        """Whether a try of this thread's last call had none, and may have worked all the same."""
        return self._last.lost

    def _note_signed(self, request: Any, **_more: object) -> None:
        found = request.headers.get("X-Amz-Content-SHA256", "")
        signed = found.decode() if isinstance(found, bytes) else str(found)
        self._last.sha256 = signed if _SHA256.fullmatch(signed) else ""

    def ask(self, method: str, **asked: Any) -> Answer:
        """The answer to a call of the client. What may pass in a moment is tried again.

        Raises:
            FileMissing, UploadGone, ProviderUnavailable, ProviderRejected
        """
        patience, tried = MOST_WAIT_SECONDS, 0
        self._last.lost = False
        with calls.operation(method):
            while True:
                tried += 1
                try:
                    return self._once(method, asked)
                except ProviderUnavailable as away:
                    wait = _pause(tried) if away.retry_after is None else away.retry_after
                    if away.stop or tried == MOST_TRIES or wait > patience:
                        raise
                    self._last.lost |= not away.answered
                time.sleep(wait)
                patience -= wait

    def _once(self, method: str, asked: Mapping[str, Any]) -> Answer:
        client = self.client
        with calls.observed(self.name) as request, self.failures(request):
            answer = cast(Answer, getattr(client, method)(**asked))
            request.status = _status(answer)
        return answer

    @contextmanager
    def failures(self, request: calls.Request | None = None) -> Iterator[None]:
        """The library's errors as ours; what came back is noted in `request`."""
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            yield
        except ClientError as error:
            answer = cast(Answer, error.response)
            if request is not None:
                request.status = _status(answer)
            raise _refusal(self.name, answer) from None
        except ParamValidationError as error:
            raise ProviderRejected(self.name, "not a valid request", code="invalid") from error
        except (BotoCoreError, OSError) as error:
            raise ProviderUnavailable(self.name, type(error).__name__) from error


@lru_cache
def _session() -> Any:
    """What clients are made from: it reads the library's description of S3 once."""
    from boto3.session import Session

    return Session()


def _refusal(name: str, answer: Answer) -> ProviderError | FileMissing | UploadGone:
    status, code = _status(answer), str(answer.get("Error", {}).get("Code", ""))
    if code == "NoSuchUpload":
        return UploadGone(name)
    if code == "NoSuchBucket":
        return ProviderUnavailable(name, "there is no such bucket", code=NO_BUCKET, stop=True)
    if code in _MISSING or status == 404:
        return FileMissing(name)
    if code in _NOT_OFFERED or status in (405, 501):
        return ProviderRejected(name, "the store cannot do that", code=NOT_OFFERED)
    if status == 416:
        return ProviderRejected(name, "the file ends before", code=OUT_OF_RANGE)
    if code in _KEY_REFUSED or status in (401, 403):
        return ProviderUnavailable(name, code or "refused our key", code=REFUSED_KEY, stop=True)
    if code in _PASSES or status in (408, 409, 429) or status >= 500:
        return ProviderUnavailable(
            name,
            f"{status} {code}".strip(),
            code=code,
            answered=True,
            retry_after=_retry_after(answer),
        )
    return ProviderRejected(name, f"{status} {code}".strip(), code=code)


def _status(answer: Answer) -> int:
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _retry_after(answer: Answer) -> float | None:
    """The seconds of a Retry-After; none of its dates, which no store sends."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    value = str(headers.get("retry-after", ""))
    return float(value) if value.isdecimal() else None


def _pause(tried: int) -> float:
    """A growing wait, and never the same for two who were refused at once."""
    return FIRST_WAIT_SECONDS * 2.0 ** (tried - 1) * secrets.SystemRandom().uniform(0.5, 1.5)
