"""The guard: nothing without a mark, and nothing for a raw websocket client that is not allowed."""

from __future__ import annotations

import inspect
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext
from reflex_base.utils.format import format_event_handler
from sqlmodel import select

from mentorships import guard
from pages import PAGES
from services import db, signin
from services.config import Settings
from services.models import User
from state.base import AppState
from state.cookies import session_name
from state.guard import PRESENCE_SECONDS, required_role
from state.settings import SettingsState
from tests.support.people import PASSWORD, make_user
from tests.support.raw_socket import ROOT, RawTab, Refused, merged, redirects
from tests.support.servers import LiveApp


def handlers() -> dict[str, Any]:
    """Every event that a client can name, with its function."""
    registered = RegistrationContext.get().event_handlers
    return {name: entry.handler.fn for name, entry in registered.items()}


def load_events(prefix: str) -> list[tuple[str, str]]:
    """The first handlers of the pages below an address, with the page's address."""
    return [
        (format_event_handler(handler), page.route)
        for page in PAGES
        if page.route.startswith(prefix)
        for handler in page.on_load
    ]


def test_every_handler_of_ours_is_marked_and_async() -> None:
    ours = {
        name: fn
        for name, fn in handlers().items()
        if name not in guard.FRAMEWORK and not fn.__module__.startswith("reflex")
    }
    assert len(ours) > 5
    assert [name for name, fn in ours.items() if required_role(fn) is None] == []
    for fn in ours.values():
        assert inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)


def test_the_frameworks_own_handlers_are_denied_but_for_the_listed_ones() -> None:
    names = {name for name, fn in handlers().items() if fn.__module__.startswith("reflex")}
    assert names >= guard.FRAMEWORK
    denied = names - guard.FRAMEWORK
    assert {name.rpartition(".")[2] for name in denied} >= {"setvar", "update_vars_internal"}
    assert not any(name.endswith(".setvar") for name in guard.FRAMEWORK)


def test_admin_and_mentor_pages_load_only_by_handlers_of_that_role() -> None:
    wanted = {"/admin": {"admin"}, "/mentor/": {"mentor"}, "/settings": {"user"}}
    by_name = handlers()
    for prefix, roles in wanted.items():
        for name, route in load_events(prefix):
            assert required_role(by_name[name]) in roles, route


def test_variables_of_restricted_states_start_empty() -> None:
    for state in RegistrationContext.get().base_states.values():
        own = [
            fn for name, fn in handlers().items() if name.startswith(state.get_full_name() + ".")
        ]
        if not any(required_role(fn) in {"admin", "mentor", "user"} for fn in own):
            continue
        for name in state.base_vars:
            default = state.get_fields()[name].default_value()
            assert not isinstance(default, (list, dict)) or not default, f"{state}.{name}"


def cookie_for(**person: Any) -> tuple[str, str]:
    """A new account's Cookie header, and its address."""
    email = f"{uuid.uuid4().hex}@example.com"
    make_user(email, **person)
    secret = signin.sign_in(email=email, password=PASSWORD)
    return f"{session_name()}={secret}", email


@pytest.fixture
def visitor(live_app: LiveApp) -> Iterator[RawTab]:
    with RawTab(live_app.address, origin=live_app.address) as tab:
        yield tab


def denied(tab: RawTab, name: str, payload: dict[str, Any] | None = None) -> None:
    """The event changes no variable of any state of ours, and sends the tab nowhere."""
    tab.send(name, payload)
    updates = tab.settle()
    assert {key for key in merged(updates) if not key.startswith(f"{ROOT}.")} == set(), name
    assert redirects(updates) == []


def test_a_visitor_gets_the_hydrated_state_of_nobody(visitor: RawTab) -> None:
    visitor.settle()
    values = merged([visitor.hydrated])
    assert [values[key] for key in values if "app_state.signed_in" in key] == [False]
    assert not any(value for key, value in values.items() if "email" in key or "_name" in key)


def test_unmarked_and_internal_handlers_are_denied(visitor: RawTab) -> None:
    visitor.settle()
    app_state, settings_state = AppState.get_full_name(), SettingsState.get_full_name()
    denied(visitor, f"{app_state}.setvar", {"var_name": "is_admin", "value": True})
    denied(visitor, f"{app_state}.set_is_admin", {"value": True})
    denied(visitor, f"{app_state}._become", {"presence": {}})
    denied(visitor, f"{app_state}._tell", {"text": "owned"})
    denied(visitor, f"{settings_state}.setvar", {"var_name": "name", "value": "owned"})
    denied(visitor, f"{ROOT}.setvar", {"var_name": "is_hydrated", "value": True})
    denied(
        visitor,
        f"{ROOT}.reflex___state____update_vars_internal_state.update_vars_internal",
        {"vars": {f"{app_state}.is_admin": True}},
    )
    denied(visitor, "no.such.handler")
    assert "owned" not in repr(visitor.received)


def test_a_frameworks_handler_that_works_is_denied_too(visitor: RawTab) -> None:
    visitor.settle()
    visitor.lives()
    visitor.send(f"{ROOT}.set_is_hydrated", {"value": False})
    values = merged(visitor.settle())
    assert [value for key, value in values.items() if "is_hydrated" in key and not value] == []


@pytest.mark.parametrize("role", ["visitor", "mentee", "mentor"])
def test_admin_handlers_answer_nobody_else(
    live_settings: Settings, live_app: LiveApp, role: str
) -> None:
    cookie = ""
    if role != "visitor":
        slug = f"m-{uuid.uuid4().hex[:8]}" if role == "mentor" else ""
        cookie, _ = cookie_for(mentor=slug)
    admin_handlers = [name for name, fn in handlers().items() if required_role(fn) == "admin"]
    with RawTab(live_app.address, cookie=cookie, origin=live_app.address) as tab:
        tab.settle()
        for name in admin_handlers:
            tab.send(name)
        updates = tab.settle()
        changed = {key for key in merged(updates) if "admin_" in key}
        assert changed == set()
        wanted = "/dashboard" if cookie else "/sign-in?next=%2F"
        assert set(redirects(updates)) <= {wanted}
        assert bool(redirects(updates)) == bool(admin_handlers)


def test_a_visitor_reads_and_changes_no_settings(live_app: LiveApp, visitor: RawTab) -> None:
    visitor.send(f"{SettingsState.get_full_name()}.open", path="/settings?tab=1")
    visitor.send(
        f"{SettingsState.get_full_name()}.save_profile",
        {"form": {"name": "Owned", "time_zone": "UTC"}},
        path="/settings?tab=1",
    )
    updates = visitor.settle()
    assert redirects(updates) == ["/sign-in?next=%2Fsettings%3Ftab%3D1"] * 2
    assert not any("settings_state" in key and value for key, value in merged(updates).items())


def test_a_person_reads_and_changes_their_own_settings(
    live_settings: Settings, live_app: LiveApp
) -> None:
    cookie, email = cookie_for()
    name = SettingsState.get_full_name()
    with RawTab(live_app.address, cookie=cookie, origin=live_app.address) as tab:
        tab.send(f"{name}.open", path="/settings")
        assert email in repr(merged(tab.settle()))
        tab.send(f"{name}.save_profile", {"form": {"name": "Renamed", "time_zone": "UTC"}})
        assert "Your profile is saved." in repr(merged(tab.settle()))
        tab.send(f"{name}.save_profile", {"form": {"name": "", "time_zone": ["x"]}})
        assert "Your name is missing." in repr(merged(tab.settle()))
        tab.send(f"{name}.save_profile", {"form": "nonsense", "more": 1})
        tab.settle()
    with db.reading() as session:
        user = session.exec(select(User).where(User.email == email)).one()
        assert (user.name, user.time_zone) == ("Renamed", "UTC")


@pytest.mark.parametrize("value", ["forged", "x" * 9_000, "", "%00", '"'])
def test_a_forged_cookie_is_a_visitors(live_app: LiveApp, value: str) -> None:
    cookie = f"{session_name()}={value}"
    with RawTab(live_app.address, cookie=cookie, origin=live_app.address) as tab:
        tab.send(f"{SettingsState.get_full_name()}.open", path="/settings")
        assert redirects(tab.settle()) == ["/sign-in?next=%2Fsettings"]


def test_another_site_cannot_open_a_websocket(live_settings: Settings, live_app: LiveApp) -> None:
    cookie, _ = cookie_for()
    for origin in ("https://evil.example.com", "null", live_app.address + ".evil.example.com"):
        with pytest.raises(Refused):
            RawTab(live_app.address, cookie=cookie, origin=origin)


def test_a_tab_that_changes_hands_forgets_the_person_before(
    live_settings: Settings, live_app: LiveApp
) -> None:
    cookie, email = cookie_for(name="Mia Secret")
    opens = f"{SettingsState.get_full_name()}.open"
    with RawTab(live_app.address, cookie=cookie, origin=live_app.address) as mine:
        mine.send(opens, path="/settings")
        assert email in repr(merged(mine.settle()))
    with RawTab(live_app.address, origin=live_app.address, token=mine.token) as thief:
        thief.settle()
        thief.send(opens, path="/settings")
        thief.settle()
        assert "Mia Secret" not in repr(thief.received)
        assert email not in repr(thief.received)


def test_an_open_tab_is_emptied_after_its_sign_in_was_ended(
    live_settings: Settings, live_app: LiveApp
) -> None:
    cookie, email = cookie_for()
    opens = f"{SettingsState.get_full_name()}.open"
    with RawTab(live_app.address, cookie=cookie, origin=live_app.address) as tab:
        tab.send(opens, path="/settings")
        assert email in repr(merged(tab.settle()))
        signin.sign_out(cookie.partition("=")[2])
        time.sleep(PRESENCE_SECONDS + 0.2)
        tab.send(opens, path="/settings")
        updates = tab.settle()
        assert redirects(updates) == ["/sign-in?next=%2Fsettings"]
        values = merged(updates)
        assert [value for key, value in values.items() if "app_state.email" in key] == [""]
