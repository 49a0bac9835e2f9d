"""Trying something out without touching an outside service: it may be asked, never told to do
anything, and it is asked while no transaction is open.

Whoever rehearses runs the same thing again and again: each time it comes to a question that was not
asked yet, it breaks off, the question is asked outside, and the next time its answer is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from services.errors import ProviderRejected

T = TypeVar("T")

MOST_QUESTIONS = 30

_Key = tuple[str, str, str]


class Refused(Exception):
    """Here it would tell a service to do something. What follows depends on the answer."""

    def __init__(self, provider: str, operation: str) -> None:
        super().__init__(f"{provider}: {operation}")
        self.provider = provider
        self.operation = operation


class _Question(BaseException):
    """A question that was not asked yet; not an Exception, so that nobody takes it for an error."""

    def __init__(self, key: _Key, ask: Callable[[], Any]) -> None:
        super().__init__()
        self.key = key
        self.ask = ask


@dataclass
class Rehearsal:
    """The answers that were given so far."""

    _answers: dict[_Key, Any] = field(default_factory=dict)

    def run(self, act: Callable[[], T]) -> T:
        """Run `act` until it comes to its end; it must leave no trace when it breaks off.

        Raises:
            Refused: it would do something at a service.
        """
        for _ in range(MOST_QUESTIONS):
            token = _current.set(self)
            try:
                return act()
            except _Question as question:
                asked = question
            finally:
                _current.reset(token)
            self._answers[asked.key] = _answer(asked.ask)
        raise RuntimeError(f"more than {MOST_QUESTIONS} questions to outside services")

    def answered(self, key: _Key, ask: Callable[[], Any]) -> Any:
        """The answer to a question; breaks off where there is none yet."""
        if key not in self._answers:
            raise _Question(key, ask)
        answer = self._answers[key]
        if isinstance(answer, ProviderRejected):
            raise answer
        return answer


_current: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


def seen_by(adapter: T, provider: str, *, reads: Collection[str], harmless: Collection[str]) -> T:
    """The adapter as it may be used now: as it is, or inside a rehearsal only for its `reads`."""
    rehearsal = _current.get()
    if rehearsal is None:
        return adapter
    return cast("T", _Careful(adapter, provider, rehearsal, frozenset(reads), frozenset(harmless)))


@dataclass(frozen=True)
class _Careful:
    """An adapter that asks at most."""

    adapter: Any
    provider: str
    rehearsal: Rehearsal
    reads: frozenset[str]
    harmless: frozenset[str]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.adapter, name)
        if not callable(found) or name in self.harmless:
            return found
        if name in self.reads:
            return self._asking(name, found)
        return self._refusing(name)

    def _asking(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: Any, **more: Any) -> Any:
            key = (self.provider, name, repr((args, sorted(more.items()))))
            return self.rehearsal.answered(key, lambda: method(*args, **more))

        return ask

    def _refusing(self, name: str) -> Callable[..., Any]:
        def refuse(*_args: Any, **_more: Any) -> Any:
            raise Refused(self.provider, name)

        return refuse


def _answer(ask: Callable[[], Any]) -> Any:
    """A refusal is an answer, too; that the service is away is none."""
    try:
        answer = ask()
    except ProviderRejected as refusal:
        return refusal
    return list(answer) if isinstance(answer, Iterator) else answer
