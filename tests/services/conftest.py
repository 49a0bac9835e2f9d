"""Fixtures of the services' tests, besides those of the whole suite."""

from tests.support.studio import studio

__all__ = ["studio"]
