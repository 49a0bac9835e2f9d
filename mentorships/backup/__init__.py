"""Backups: one archive of database and files, made while the product runs, and the way back.

`make.back_up` and `restore.restore` are what the command line calls. Everything that can go wrong
is a `BackupError`, whose text is a sentence for the operator.
"""

from mentorships.backup.errors import BackupError

__all__ = ["BackupError"]
