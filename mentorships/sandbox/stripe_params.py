"""Parses Stripe's form encoding and refuses parameter names and types that Stripe does not have.

`stripe_params.json` holds, per endpoint, every parameter name with its kind; a trailing `!` means
required. A test compares it with the SDK's own parameter types.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from mentorships.sandbox.store import Json
from mentorships.sandbox.stripe_errors import invalid, missing

# The kind of one parameter: "str", "int", "bool", "float", "map" (free names), a list, or names.
Kind = str | list[Any] | dict[str, Any]

TABLE: dict[str, dict[str, Kind]] = json.loads(
    Path(__file__).with_name("stripe_params.json").read_text()
)

# Closed sets of values, where the product or its tests use the parameter.
CHOICES: dict[str, tuple[str, ...]] = {
    "billing_address_collection": ("auto", "required"),
    "customer_creation": ("always", "if_required"),
    "locale": (
        "auto",
        "bg",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "en-GB",
        "es",
        "es-419",
        "et",
        "fi",
        "fil",
        "fr",
        "fr-CA",
        "hi-IN",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "ms",
        "mt",
        "nb",
        "nl",
        "pl",
        "pt",
        "pt-BR",
        "ro",
        "ru",
        "sk",
        "sl",
        "sv",
        "th",
        "tr",
        "vi",
        "zh",
        "zh-HK",
        "zh-TW",
    ),
    "mode": ("payment", "setup", "subscription"),
    "reason": ("duplicate", "fraudulent", "requested_by_customer"),
    "status": ("complete", "expired", "open"),
    "submit_type": ("auto", "book", "donate", "pay", "subscribe"),
    "ui_mode": ("elements", "embedded_page", "form", "hosted_page"),
}

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_RANGE = {"gt", "gte", "lt", "lte"}


def read(endpoint: str, encoded: bytes) -> Json:
    """The parameters of a request, typed and checked against the endpoint's table.

    Args:
        endpoint: a key of TABLE such as `POST refunds`.
        encoded: the form body, or the query string.

    Raises:
        StripeError: an unknown or missing name, or a value of another type (400).
    """
    tree = _parsed(encoded)
    params: Json = _names(tree, TABLE[endpoint], "")
    for name, choices in CHOICES.items():
        if name in params and params[name] not in choices:
            raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", param=name)
    return params


def _parsed(encoded: bytes) -> Json:
    """Bracketed keys as nested dictionaries whose leaves are strings."""
    try:
        pairs = parse_qsl(
            encoded.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(encoded),
            errors="strict",
            max_num_fields=5000,
        )
    except ValueError:
        raise invalid("Invalid request: the parameters are not form-encoded UTF-8.") from None
    tree: Json = {}
    for key, value in pairs:
        match = _KEY.match(key)
        if match is None:
            raise invalid(f"Invalid parameter name: {key}", param=key)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        _insert(tree, path, value, key)
    return tree


def _insert(tree: Json, path: list[str], value: str, key: str) -> None:
    node: Json = tree
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid parameter: {key} is given as a value and as a list", param=key)
        node = child
    node[path[-1] or str(len(node))] = value


def _label(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _names(tree: Json, names: dict[str, Kind], prefix: str) -> Json:
    kinds = {name.rstrip("!"): kind for name, kind in names.items()}
    unknown = [_label(prefix, name) for name in tree if name not in kinds]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        raise invalid(
            f"Received unknown parameter{plural}: {', '.join(unknown)}",
            param=unknown[0],
            code="parameter_unknown",
        )
    for name in names:
        if name.endswith("!") and name[:-1] not in tree:
            raise missing(_label(prefix, name[:-1]))
    return {name: _typed(value, kinds[name], _label(prefix, name)) for name, value in tree.items()}


def _typed(value: str | Json, kind: Kind, label: str) -> Any:
    if isinstance(kind, dict):
        return _object(value, kind, label)
    if isinstance(kind, list):
        return _list(value, kind[0], label)
    if kind == "map":
        return _map(value, label)
    if not isinstance(value, str):
        raise invalid(f"Invalid {kind}: {label} is an object", param=label)
    return _scalar(value, kind, label)


def _object(value: str | Json, kind: dict[str, Any], label: str) -> Json:
    if isinstance(value, dict):
        return _names(value, kind, label)
    if set(kind) == _RANGE:
        return {"eq": _scalar(value, "int", label)}
    raise invalid("Invalid object", param=label)


def _list(value: str | Json, kind: Kind, label: str) -> list[Any]:
    if value == "":
        return []
    if not isinstance(value, dict) or not all(index.isdecimal() for index in value):
        raise invalid("Invalid array", param=label)
    ordered = sorted(value, key=int)
    return [_typed(value[index], kind, f"{label}[{index}]") for index in ordered]


def _map(value: str | Json, label: str) -> dict[str, str]:
    if value == "":
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise invalid("Invalid object", param=label)
    return value


def _scalar(value: str, kind: str, label: str) -> str | int | bool | float:
    if value == "":
        raise invalid(
            f"You passed an empty string for '{label}'. We assume empty values are an attempt to "
            f"unset a parameter; however '{label}' cannot be unset.",
            param=label,
            code="parameter_invalid_empty",
        )
    if kind == "int":
        if not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise invalid(
                f"Invalid integer: {value}", param=label, code="parameter_invalid_integer"
            )
        return int(value)
    if kind == "bool":
        if value not in {"true", "false"}:
            raise invalid(f"Invalid boolean: {value}", param=label)
        return value == "true"
    if kind == "float":
        try:
            return float(value)
        except ValueError:
            raise invalid(f"Invalid decimal: {value}", param=label) from None
    return value
