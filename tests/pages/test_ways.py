"""The ways that lead from one page to another where nothing else would."""

from __future__ import annotations

from pages.admin_mentor import admin_mentor


def test_an_admin_finds_the_seats_of_every_mentor_also_where_nobody_waits() -> None:
    assert "/admin/waitlists/" in str(admin_mentor())
