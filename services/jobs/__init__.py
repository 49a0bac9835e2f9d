"""The jobs' own books: runs and what they changed, schedules, pauses, workers, and their alarms."""
