"""What admins see of people, mentors and webhooks, and what they do to accounts."""

from services.administration.accounts import reactivate_user, set_admin, suspend_user
from services.administration.lists import (
    InboxRow,
    MentorFilter,
    MentorRow,
    UserFilter,
    UserRow,
    list_inbox,
    list_mentors,
    list_users,
)

__all__ = [
    "InboxRow",
    "MentorFilter",
    "MentorRow",
    "UserFilter",
    "UserRow",
    "list_inbox",
    "list_mentors",
    "list_users",
    "reactivate_user",
    "set_admin",
    "suspend_user",
]
