"""Where files lie: the Protocol, and one adapter per kind of store."""
