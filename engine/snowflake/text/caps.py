"""How large a query of a guest may be. Trusted side, pure data; every number has its reason.

Reading takes up to 40 microseconds for each byte and holds Python's lock, so the caps bound what one
request can cost all others. Snowpark's own text for a wide query (300 columns, ten operations) has 60 KiB.
"""

from __future__ import annotations

from typing import Final

# The text as it comes. Snowpark writes each operation as a query around the one before.
MAX_TEXT_BYTES: Final = 128 << 10

# Tokens and nodes: two nodes for a token at most. Bounds time and memory.
MAX_TOKENS: Final = 30_000
MAX_NODES: Final = 40_000

# Nodes inside one another. Each of Snowpark's nested queries takes three.
MAX_DEPTH: Final = 600

# Parentheses inside one another, of any kind, before anything is parsed.
MAX_PARENTHESES: Final = 400

# How often one query may read the frame. Each read scans the data.
MAX_FRAME_READS: Final = 64

# Queries in WITH, all together. Each table may be any of them; Snowpark writes none by itself.
MAX_CTES: Final = 64

# FROM items of one SELECT. Beyond that, planning a join takes time that grows exponentially.
MAX_JOINS: Final = 16

# Columns of one SELECT list, and of the frame itself. Snowflake's own limit for a query's result is higher.
MAX_COLUMNS: Final = 2_000

# Texts whose trees are kept, for the same text comes once for each frame: many short ones, few longer ones.
# A tree takes up to 250 bytes for each byte of its text.
SHORT_TEXT_BYTES: Final = 2 << 10
SHORT_TEXTS_KEPT: Final = 512
LONGER_TEXT_BYTES: Final = 32 << 10
LONGER_TEXTS_KEPT: Final = 16

# One name: Snowflake's own limit.
MAX_NAME: Final = 255

# One string in the text. Numbers: Snowflake's NUMBER has 38 digits, an exponent three.
MAX_STRING: Final = 64 << 10
MAX_DIGITS: Final = 80

# Text that is sent to a backend, without the frame's own: some functions are written out on DuckDB with
# an argument twice, so that nesting them doubles the text each time.
MAX_EMITTED_BYTES: Final = 1 << 20

# Rows of a table that a query makes by itself (LIMIT and literal tables are bounded by the text).
MAX_VALUES_ROWS: Final = 2_000
