"""Who looks at what: nothing is kept of a tab that looks no longer."""

from __future__ import annotations

from services.audit import Actor
from state.live import PAGE, Audience, Looker, Lookers


def audience(name: str, *topics: str) -> Audience[str]:
    return Audience((name,), frozenset(topics), lambda _db: name)


def looker(token: str, at: Audience[str], part: str = PAGE) -> Looker:
    refresh = f"{part}.refresh"
    who = ("visitor", Actor("visitor"))
    return Looker(token, f"sid-{token}", who, at, refresh, {}, part=part)


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


def test_a_tab_looks_at_its_page_and_at_the_bell_side_by_side() -> None:
    lookers = Lookers()
    page, bell = looker("a", audience("orders", "orders")), looker("a", audience("bell"), "bell")
    lookers.enter(page)
    lookers.enter(bell)
    assert lookers.find("a", "page.refresh") is page
    assert lookers.find("a", "bell.refresh") is bell
    assert lookers.find("a", "another.refresh") is None
    lookers.enter(looker("a", audience("seats", "seats")))
    assert lookers.find("a", "bell.refresh") is bell
    lookers.forget("a")
    assert (lookers.find("a"), lookers.touched(None)) == (None, set())


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
