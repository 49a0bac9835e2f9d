"""People's own data: what they agree to, take along, and have erased.

`documents`   the terms and the privacy notice, and who agreed to which version
`registry`    every column of every table: what becomes of it when a person is erased
`owned`       which rows are about a person
`export`      everything about a person as one file
`erasure`     erasing a person: what stands against it, what is lost, and doing it
`traces`      what is left of a person in records of other things: audit, webhooks, messages, jobs
`retention`   what is not kept that long in the first place

Import the modules, not names from here: the foundations need some of them, others need everything.
"""
