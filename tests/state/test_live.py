"""Who looks at what: nothing is kept of a tab that looks no longer."""

from __future__ import annotations

from services.audit import Actor
from state.live import Audience, Looker, Lookers


def audience(name: str, *topics: str) -> Audience[str]:
    return Audience((name,), frozenset(topics), lambda _db: name)


def looker(token: str, at: Audience[str]) -> Looker:
    return Looker(token, f"sid-{token}", ("visitor", Actor("visitor")), at, "state.refresh", {})


def test_a_topic_touches_the_audiences_that_watch_it_and_no_other() -> None:
    lookers = Lookers()
    lookers.enter(looker("a", audience("orders", "orders")))
    lookers.enter(looker("b", audience("overview", "orders", "inbox")))
    lookers.enter(looker("c", audience("seats", "seats")))
    assert lookers.touched({"orders"}) == {("orders",), ("overview",)}
    assert lookers.touched({"inbox", "nobody's"}) == {("overview",)}
    assert lookers.touched(None) == {("orders",), ("overview",), ("seats",)}


def test_a_tab_looks_at_one_page_only() -> None:
    lookers = Lookers()
    lookers.enter(looker("a", audience("orders", "orders")))
    lookers.enter(looker("a", audience("seats", "seats")))
    assert lookers.touched({"orders"}) == set()
    assert [one.token for one in lookers.of(("seats",))] == ["a"]


def test_nothing_is_kept_of_an_audience_that_has_gone() -> None:
    lookers = Lookers()
    lookers.enter(looker("a", audience("orders", "orders")))
    lookers.enter(looker("b", audience("orders", "orders")))
    lookers.set_latest(("orders",), "a reading")
    lookers.keep(lambda one: one.token == "b")
    assert (len(lookers), lookers.latest(("orders",))) == (1, "a reading")
    lookers.forget("b")
    lookers.forget("b")
    lookers.set_latest(("orders",), "a reading that came too late")
    assert (len(lookers), lookers.touched(None)) == (0, set())
    assert (lookers.of(("orders",)), lookers.latest(("orders",))) == ([], None)


def test_a_reading_that_was_taken_is_what_the_tab_shows() -> None:
    lookers = Lookers()
    one = looker("a", audience("orders", "orders"))
    lookers.enter(one)
    assert lookers.take(one) is None
    one.waiting = object()
    lookers.set_latest(("orders",), "new")
    assert (lookers.take(one), one.shown, one.waiting) == ("new", "new", None)
