"""How one query can answer a Snowpark question for many frames: rules over checked trees. Pure.

A question is a chain of SELECTs, each over the one before, the first one over the frame. Where every link is
known to treat each row, or each group of rows, by itself, columns that tell frames apart are carried from the
first link to the last: added to what each selects, and to what each groups by. Unsure means per frame.

    chain      a tree as its links, from the frame upwards         functions   which functions may be in one
    choice     whether and how a question can be shared            group_keys  the question with keys
"""

from engine.snowflake.fusion.choice import Choice, choose
from engine.snowflake.fusion.group_keys import add_group_keys

__all__ = ["Choice", "add_group_keys", "choose"]
