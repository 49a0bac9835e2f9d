"""Fixtures of the routes' tests."""

from tests.support.studio import studio

__all__ = ["studio"]
