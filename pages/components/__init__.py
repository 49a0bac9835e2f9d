"""What pages are made of: one file per family. Looks live here and in `assets/styles/`, only here.

text, boxes      words and where they stand; space between things is decided in boxes
cards            card, facts, points, stats
buttons, links   button, link_button, document_button, icon_button; text_link
forms            form, field, text_area, select, check, search
tables, badges   table, head, row, cell, row_link, table_foot; badge, toned, tags
moments, packs   an instant in the reader's zone; a pack as dots, seats as marks
phases           loaded (skeleton, failure, content), empty, or_empty
notices          notice (in place), live_notice (the page's one, in the layout)
headers, chips, faces, mentors, offers, outcomes, landing, navigation

A component takes words, variables and handlers; it never takes a style, a colour
or a size in pixels.
"""
