"""What both sides say of the modules that a site opens to its metrics beside the built-in list.

A hint of the language layer ends with one of these sentences; the engine puts the words of its doors in their
place, because only it knows whether a library, a command or a service was asked.
"""

from __future__ import annotations

from typing import Final

# Names that stand for several modules.
PRESETS: Final = frozenset({"standard"})

OPEN_STANDARD: Final = "a site can open it with the standard library's other pure modules, as 'standard'"
OPEN_MODULE: Final = "a site can open what is installed, by its name"
