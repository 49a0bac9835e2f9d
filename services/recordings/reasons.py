"""Why a recording is deleted: the sentences of `services.recording_reasons`, which stand there so
that what recordings are made of need not be imported for them."""

from services.recording_reasons import ERASED, OURS, RETENTION, WITHDRAWN

__all__ = ["ERASED", "OURS", "RETENTION", "WITHDRAWN"]
