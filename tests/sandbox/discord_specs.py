"""Discord's specification, and whether what we and the simulator said is as it wants it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, cast

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests import Request, Response

from tests.sandbox.specs import spec

Json = dict[str, Any]
HOST = "https://discord.com/api/v10"
HERE = "/discord/api/v10"
PATHS = (
    "/applications/@me",
    "/applications/{application_id}/guilds/{guild_id}/commands",
    "/channels/{channel_id}/messages",
    "/guilds/{guild_id}/members",
    "/guilds/{guild_id}/members/{user_id}",
    "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
    "/guilds/{guild_id}/roles",
    "/guilds/{guild_id}/roles/{role_id}",
    "/users/@me",
    "/users/@me/channels",
    "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
)
NOT_DESCRIBED = ("/oauth2/token", "/oauth2/token/revoke")


class Specification:
    """Discord's file, narrowed to what we use of it."""

    def __init__(self) -> None:
        self.document = spec("discord.json")
        paths = {path: self.document["paths"][path] for path in PATHS}
        for operations in paths.values():
            for operation in operations.values():
                if isinstance(operation, dict):
                    # Tokens are checked by tests of their own.
                    cast(Json, operation).pop("security", None)
        # The file has a number for what is wrong with a field; Discord's own examples have a word.
        inner = self.document["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]
        inner["items"] = {"type": "object", "required": ["code", "message"]}
        trusted = Config(spec_validator_cls=None)  # pyright: ignore[reportArgumentType]  # it may
        self.paths = paths
        self.api = OpenAPI.from_dict({**self.document, "paths": paths}, config=trusted)

    def check(self, answer: httpx.Response) -> None:
        """Compare one exchange with the specification.

        Raises:
            Exception: openapi-core's, when something is not as the specification says.
            AssertionError: a field that Discord does not have.
        """
        request, response = as_requests(answer)
        if answer.is_success:
            self.api.validate_request(request)
            self._check_names(answer)
        if answer.status_code < 500:
            self.api.validate_response(request, response)

    def _check_names(self, answer: httpx.Response) -> None:
        operation = self._operation(answer)
        if answer.request.content:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self._check_known(json.loads(answer.request.content), schema)
        if answer.content:
            told = operation["responses"][str(answer.status_code)]
            self._check_known(answer.json(), told["content"]["application/json"]["schema"])

    def _check_known(self, value: Any, schema: Json) -> None:
        schema = self._resolved(schema)
        if isinstance(value, list):
            for each in cast("list[Any]", value):
                self._check_known(each, schema["items"])
            return
        if not isinstance(value, dict):
            return
        known = self._fields(schema)
        for name, inner in cast(Json, value).items():
            assert name in known, f"Discord knows no {name}"
            if inner and isinstance(inner, dict | list):
                self._check_known(inner, known[name])

    def _fields(self, schema: Json) -> dict[str, Json]:
        """The properties of an object's schema, with those of its variants."""
        schema = self._resolved(schema)
        found: dict[str, Json] = {**schema.get("properties", {})}
        for word in ("oneOf", "allOf", "anyOf"):
            for part in schema.get(word, []):
                found = {**self._fields(part), **found}
        return found

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def _operation(self, answer: httpx.Response) -> Json:
        parts = path_of(answer).strip("/").split("/")
        for template, operations in self.paths.items():
            pattern = template.strip("/").split("/")
            same = len(pattern) == len(parts) and all(
                a == b or a.startswith("{") for a, b in zip(pattern, parts, strict=True)
            )
            method = answer.request.method.lower()
            if same and method in operations:
                return cast(Json, operations[method])
        raise AssertionError(f"Discord has no {answer.request.method} {path_of(answer)}")


def path_of(answer: httpx.Response) -> str:
    """The address that was asked, as Discord's own."""
    return answer.request.url.path.split(HERE, 1)[1]


def as_requests(answer: httpx.Response) -> tuple[RequestsOpenAPIRequest, RequestsOpenAPIResponse]:
    """The exchange as openapi-core reads it, at the address of Discord's specification."""
    asked = answer.request
    url = str(asked.url).split(HERE, 1)[1]
    sent = Request(asked.method, f"{HOST}{url}", headers=dict(asked.headers), data=asked.content)
    answered = Response()
    answered.status_code = answer.status_code
    answered.headers.update(answer.headers)
    answered._content = answer.content  # pyright: ignore[reportPrivateUsage]  # no public setter
    return RequestsOpenAPIRequest(sent), RequestsOpenAPIResponse(answered)


def check_all(exchanged: Iterable[httpx.Response], by: Specification) -> int:
    """Compare everything that was said; how much of it the specification describes.

    Raises:
        Exception: as `Specification.check`.
    """
    compared = 0
    for answer in exchanged:
        if path_of(answer) not in NOT_DESCRIBED:
            by.check(answer)
            compared += 1
    return compared
