"""Reads what the Stripe SDK's own types say about names and JSON types."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
from stripe._request_options import RequestOptions
from typing_extensions import is_typeddict

OPTIONS = frozenset(RequestOptions.__annotations__)


class _Names(Mapping[str, object]):
    """Names of a class, its module, and the SDK, for the annotations of that class."""

    def __init__(self, owner: type) -> None:
        self.owner = owner
        self.module = vars(sys.modules[owner.__module__])

    def __getitem__(self, name: str) -> object:
        for place in (vars(self.owner), self.module, vars(typing)):
            if name in place:
                return place[name]
        if hasattr(stripe, name):  # the SDK imports its classes when they are first asked for
            return getattr(stripe, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def resolved(annotation: Any, owner: type) -> Any:
    """The annotation as a type, where the SDK wrote it as a text."""
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return resolved(eval(annotation, {}, _Names(owner)), owner)  # the vendor's own text
    return annotation


def _without_marks(annotation: Any, owner: type) -> Any:
    annotation = resolved(annotation, owner)
    while get_origin(annotation) in (NotRequired, Required):
        annotation = resolved(get_args(annotation)[0], owner)
    return annotation


def _is_required(annotation: Any, owner: type) -> bool:
    return get_origin(resolved(annotation, owner)) is not NotRequired


def parameters(params: Any, *, top: bool = True) -> dict[str, Any]:
    """The names of an SDK parameter type with their kinds, in the simulator's notation."""
    names: dict[str, Any] = {}
    for name, annotation in params.__annotations__.items():
        if top and name in OPTIONS and name not in ("expand",):
            continue
        mark = "!" if _is_required(annotation, params) else ""
        names[name + mark] = _kind(_without_marks(annotation, params), params)
    return names


_SIMPLE: dict[Any, str] = {int: "int", bool: "bool", str: "str", float: "float", Decimal: "str"}


def _kind(annotation: Any, owner: type) -> Any:
    annotation = resolved(annotation, owner)
    if is_typeddict(annotation):
        return parameters(annotation, top=False)
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is list:
        return [_kind(args[0], owner)]
    if origin is Literal:
        return "bool" if all(isinstance(each, bool) for each in args) else "str"
    if origin in (Union, types.UnionType):
        return _widest([_kind(each, owner) for each in args if each is not type(None)])
    return "map"  # Dict[str, ...] and UntypedStripeObject: free names


def _widest(kinds: list[Any]) -> Any:
    """Of alternatives, the one that says most: names and lists, then maps, then numbers."""
    nested = [kind for kind in kinds if not isinstance(kind, str)]
    if nested:
        return nested[0]
    return next((kind for kind in ("map", "int", "bool", "float") if kind in kinds), "str")


def literals(params: Any, name: str) -> tuple[str, ...]:
    """The values that the SDK names for a parameter."""
    annotation = _without_marks(params.__annotations__[name], params)
    alternatives = get_args(annotation) if get_origin(annotation) is not Literal else (annotation,)
    for each in alternatives:
        if get_origin(each) is Literal:
            return get_args(each)
    raise AssertionError(f"{name} has no named values")


def field_type(owner: type, name: str) -> Any:
    """The type of a response object's field, or None when the SDK does not know the field."""
    for each in owner.__mro__:
        annotation = vars(each).get("__annotations__", {}).get(name)
        if annotation is not None:
            return resolved(annotation, each)
    return None


def json_types(annotation: Any, owner: type) -> set[str]:
    """The JSON types that a response field may have."""
    annotation = resolved(annotation, owner)
    simple = {int: "int", bool: "bool", str: "str", float: "float", Decimal: "str"}
    if annotation in simple:
        return {simple[annotation]}
    if annotation is type(None):
        return {"null"}
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return set().union(*(json_types(each, owner) for each in args))
    if origin is Literal:
        return {type(each).__name__ for each in args}
    if origin is list:
        return {"list"}
    return {"dict"}


def nested_class(annotation: Any, owner: type) -> type | None:
    """The SDK class of an object field (or of a list's elements), if it has one."""
    annotation = resolved(annotation, owner)
    if get_origin(annotation) is Literal:
        return None
    if isinstance(annotation, type) and issubclass(annotation, stripe.StripeObject):
        return annotation
    for each in get_args(annotation):
        found = nested_class(each, owner)
        if found is not None:
            return found
    return None
