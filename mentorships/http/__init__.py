"""Starlette routes: what answers on HTTP besides the pages."""
