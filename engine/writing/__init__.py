"""The engine's own plans as SQL: counting rows and finding segments, where the backend speaks SQL. Pure.

Plans that count rows, find segments and bind frames are made once, as Spark Connect relations
(`engine.frames`). They are made of a few relations and a dozen functions, and of nothing others wrote but
the conditions of segments, which the SQL policy checks again here. Whatever else appears raises
`Untranslatable`, which is a bug of the engine's. Writing every plan of `engine.frames` a second time, in SQL,
was rejected: the two would drift apart.
"""

from engine.writing.dialects import DIALECTS, Dialect
from engine.writing.relations import Translator, Untranslatable
from engine.writing.types import struct_of

__all__ = ["DIALECTS", "Dialect", "Translator", "Untranslatable", "struct_of"]
