"""Where unexpected errors are reported to, besides the log."""
