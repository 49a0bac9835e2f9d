"""The composition root and the HTTP edge: the only place that knows every layer."""
