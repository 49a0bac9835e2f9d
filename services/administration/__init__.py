"""What admins see of people and mentors, and what they do to accounts."""

from services.administration.accounts import reactivate_user, set_admin, suspend_user
from services.administration.lists import (
    MentorFilter,
    MentorRow,
    UserFilter,
    UserRow,
    list_mentors,
    list_users,
)

__all__ = [
    "MentorFilter",
    "MentorRow",
    "UserFilter",
    "UserRow",
    "list_mentors",
    "list_users",
    "reactivate_user",
    "set_admin",
    "suspend_user",
]
