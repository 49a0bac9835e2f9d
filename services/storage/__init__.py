"""The stores of recordings, as an admin sees them.

`overview`  what each holds, and whether it answers
`moving`    bringing recordings from one to another
`checking`  every night: files that no row knows, rows whose file is missing
`nights`    the books of one night, `missing` its other half: rows whose file is not there
`orphans`   what was found, and what is done about it
"""
