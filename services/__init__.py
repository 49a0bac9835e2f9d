"""What the product does: synchronous, typed, and known to no framework."""

import zoneinfo

# Zones are those of the pinned tzdata, the same on every machine; the system's may be years old.
zoneinfo.reset_tzpath(to=())
