"""Discord: whose account is whose, the roles that follow seats, messages, and slash commands.

`following`    who should have which role, after every change of a seat
`roles`        giving and taking them, by the outbox
`linking`      a person links their account, and unlinks it
`messages`     direct messages, with the mail as the way out, and the studio's alerts
`commands`     slash commands, answered by the outbox
`answers`      what they say
`repairing`    the nightly comparison with what our server really has
`reading`      what people see of their own account, and admins of all

`seats` imports this package: nothing here imports what needs it.
"""

from services.discord.commands import apply_interaction, send_answer
from services.discord.following import follow_person, follow_seat
from services.discord.linking import (
    begin,
    end_for,
    finish,
    follow_again,
    listen_again,
    unlink,
    unlink_by_admin,
)
from services.discord.messages import give_up_dm, send_alert, send_dm
from services.discord.reading import (
    DiscordOverview,
    EndingRow,
    LinkFilter,
    LinkRow,
    MyDiscord,
    RoleView,
    get_mine,
    get_overview,
    list_links,
)
from services.discord.repairing import NAME as REPAIR
from services.discord.repairing import Report, repair
from services.discord.roles import send_role

__all__ = [
    "REPAIR",
    "DiscordOverview",
    "EndingRow",
    "LinkFilter",
    "LinkRow",
    "MyDiscord",
    "Report",
    "RoleView",
    "apply_interaction",
    "begin",
    "end_for",
    "finish",
    "follow_again",
    "follow_person",
    "follow_seat",
    "get_mine",
    "get_overview",
    "give_up_dm",
    "list_links",
    "listen_again",
    "repair",
    "send_alert",
    "send_answer",
    "send_dm",
    "send_role",
    "unlink",
    "unlink_by_admin",
]
