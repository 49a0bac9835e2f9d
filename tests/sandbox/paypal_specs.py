"""PayPal's specifications, and whether what we and the simulator said is as they want it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests import Request, Response

from tests.sandbox.specs import spec

Json = dict[str, Any]
HOST = "https://api-m.sandbox.paypal.com"
FILES = {
    "/v2/checkout/orders": ("paypal_checkout_orders_v2.json", "/v2/checkout/orders"),
    "/v2/payments": ("paypal_payments_payment_v2.json", "/v2/payments"),
    "/v1/customer": ("paypal_customer_disputes_v1.json", "/v1/customer/disputes"),
    "/v1/notifications": ("paypal_notifications_webhooks_v1.json", "/v1/notifications/webhooks"),
}


class Specification:
    """One of PayPal's files: its schemas, and a checker of exchanges."""

    def __init__(self, name: str, prefix: str) -> None:
        self.document = spec(name)
        wanted = {
            path: operations
            for path, operations in self.document["paths"].items()
            if path.startswith(prefix)
        }
        # Tokens are checked by tests of their own; openapi-core does not know OAuth.
        for operations in wanted.values():
            for operation in operations.values():
                if isinstance(operation, dict):
                    cast(Json, operation).pop("security", None)
        # Of the files themselves one is not quite OpenAPI: they are used, not judged. Some of its
        # parameters have a sentence where their default belongs.
        for parameter in self.document["components"].get("parameters", {}).values():
            if " " in str(parameter["schema"].get("default", "")):
                del parameter["schema"]["default"]
        trusted = Config(spec_validator_cls=None)  # pyright: ignore[reportArgumentType]  # it may
        self.api = OpenAPI.from_dict({**self.document, "paths": wanted}, config=trusted)

    def resolved(self, schema: Json) -> Json:
        """The schema behind a reference."""
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def fields(self, schema: Json) -> dict[str, list[Json]]:
        """The properties of an object's schema, with those of its parts."""
        schema = self.resolved(schema)
        found: dict[str, list[Json]] = {}
        for name, inner in schema.get("properties", {}).items():
            found.setdefault(name, []).append(inner)
        for word in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(word, []):
                for name, inner in self.fields(part).items():
                    found.setdefault(name, []).extend(inner)
        return found

    def unknown(self, value: Any, schemas: list[Json], path: str) -> Iterator[str]:
        """The fields of an answer that no schema has."""
        if isinstance(value, list):
            items = [self.resolved(each)["items"] for each in schemas]
            for number, each in enumerate(value):  # pyright: ignore[reportUnknownArgumentType]
                yield from self.unknown(each, items, f"{path}[{number}]")
        if not isinstance(value, dict):
            return
        known: dict[str, list[Json]] = {}
        for schema in schemas:
            for name, inner in self.fields(schema).items():
                known.setdefault(name, []).extend(inner)
        for name, inner in value.items():
            if name not in known:
                yield f"{path}.{name}"
            else:
                yield from self.unknown(inner, known[name], f"{path}.{name}")

    def check(self, answer: httpx.Response) -> None:
        """Compare one exchange with the specification.

        Raises:
            Exception: openapi-core's, when something is not as the specification says.
            AssertionError: the answer has a field that PayPal's has not.
        """
        request, response = as_requests(answer)
        if answer.is_success:
            self.api.validate_request(request)
        self.api.validate_response(request, response)
        template = request.path.removeprefix(HOST)
        schema = self._schema(answer, template)
        assert list(self.unknown(answer.json(), [schema], answer.request.url.path)) == []

    def _schema(self, answer: httpx.Response, path: str) -> Json:
        parts = path.strip("/").split("/")
        for template, operations in self.document["paths"].items():
            pattern = template.strip("/").split("/")
            same = len(pattern) == len(parts) and all(
                a == b or a.startswith("{") for a, b in zip(pattern, parts, strict=False)
            )
            operation = operations.get(answer.request.method.lower())
            if same and operation:
                responses = operation["responses"]
                found = responses.get(str(answer.status_code)) or responses["default"]
                schema: Json = self.resolved(found)["content"]["application/json"]["schema"]
                return schema
        raise AssertionError(f"PayPal has no {answer.request.method} {path}")


def as_requests(answer: httpx.Response) -> tuple[RequestsOpenAPIRequest, RequestsOpenAPIResponse]:
    """The exchange as openapi-core reads it, at the address of PayPal's specification."""
    asked = answer.request
    url = str(asked.url).split("/paypal", 1)[1]
    sent = Request(asked.method, f"{HOST}{url}", headers=dict(asked.headers), data=asked.content)
    answered = Response()
    answered.status_code = answer.status_code
    answered.headers.update(answer.headers)
    answered._content = answer.content  # pyright: ignore[reportPrivateUsage]  # no public setter
    return RequestsOpenAPIRequest(sent), RequestsOpenAPIResponse(answered)


def all_of_them() -> dict[str, Specification]:
    """Every specification there is, by the beginning of its paths; about two seconds."""
    return {prefix: Specification(*of) for prefix, of in FILES.items()}


def check_all(exchanged: Iterable[httpx.Response], by: Mapping[str, Specification]) -> int:
    """Compare everything that was said with the specifications; how much of it they know.

    Raises:
        Exception: as `Specification.check`.
    """
    compared = 0
    for answer in exchanged:
        path = answer.request.url.path.removeprefix("/paypal")
        for prefix, specification in by.items():
            if path.startswith(prefix):
                specification.check(answer)
                compared += 1
    return compared
