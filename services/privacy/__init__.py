"""People's own data: what they agree to, take along, and have erased.

`documents`   the terms and the privacy notice, and who agreed to which version
`registry`    every column of every table: what becomes of it when a person is erased
`owned`       which rows are about a person
`recorded`    the same of recordings
`export`      everything about a person as one file
`told`        what that tells by rules of its own: who watched, webhooks, the audit trail
`erasure`     erasing a person
`losses`      before that: what stands against it, and what is lost
`rules`       what goes then, and what is emptied
`traces`      what is left of a person in records of other things: audit, webhooks, messages, jobs
`retention`   what is not kept that long in the first place

Import the modules, not names from here: the foundations need some of them, others need everything.
"""
