"""Video calls and their recording: the Protocol, and one adapter per vendor."""
