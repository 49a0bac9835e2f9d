"""Local simulators of outside services: one Starlette app, one SQLite file, no vendor's SDK.

They speak the vendors' wire formats and refuse what the vendors refuse, so that the product's real
adapters run against them unchanged. Nothing here knows the product beyond its settings.
"""
