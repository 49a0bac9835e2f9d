"""Telling people: what there is to tell, by which ways each wants it, and what the app shows.

`saying`       telling a person, once, in the transaction of the cause
`kinds`        every kind of news, and the categories that people choose by
`preferences`  what each person chose
`bell`         what was told in the app: unread, listed, forgotten
"""

from services.telling.bell import (
    MOST_COUNTED,
    Said,
    count_unread,
    list_said,
    mark_all_read,
    mark_read,
    prune,
)
from services.telling.kinds import CATEGORIES, KINDS, About, Audience, Category, Kind
from services.telling.preferences import (
    Choice,
    Choices,
    choose,
    get_choices,
    mails_come,
    unsubscribe,
    wants_mail,
    ways,
)
from services.telling.saying import Line, fall_back, note, plain, tell, text_of

__all__ = [
    "CATEGORIES",
    "KINDS",
    "MOST_COUNTED",
    "About",
    "Audience",
    "Category",
    "Choice",
    "Choices",
    "Kind",
    "Line",
    "Said",
    "choose",
    "count_unread",
    "fall_back",
    "get_choices",
    "list_said",
    "mails_come",
    "mark_all_read",
    "mark_read",
    "note",
    "plain",
    "prune",
    "tell",
    "text_of",
    "unsubscribe",
    "wants_mail",
    "ways",
]
