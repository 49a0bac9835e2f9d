"""Fixtures of the states' tests, besides those of the whole suite."""

from tests.support.studio import studio

__all__ = ["studio"]
