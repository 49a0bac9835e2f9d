"""Reminders: what nobody has to remember, told once, or noted with the reason why it was not.

`sending` asks what is due now, kind by kind; `renewal` is told by the change that causes it; `book`
writes both down; `reading` shows it.
"""
