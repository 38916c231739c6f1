"""Which dynamic loader a program names, so that exactly the program and its loader may be executed.

Untrusted side, standard library only, no state.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct("<16s2HI3QI6H")
_SEGMENT: Final = struct.Struct("<2I6Q")
_INTERPRETER_SEGMENT: Final = 3


def read_interpreter(program: str) -> tuple[str, ...]:
    """The real path of the loader that `program` (64-bit, little-endian ELF) asks for; empty if none.

    Raises:
        OSError: the program cannot be read.
        ValueError: it is not such a program (a script, for example, which would start another one).
    """
    data = Path(program).read_bytes()[: 1 << 16]
    if len(data) < _HEADER.size or data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{program} is not a 64-bit ELF program; name the program itself, not a script")
    header = _HEADER.unpack_from(data)
    offset, size, count = header[5], header[9], header[10]
    for index in range(count):
        segment = _SEGMENT.unpack_from(data, offset + index * size)
        if segment[0] == _INTERPRETER_SEGMENT:
            text = data[segment[2] : segment[2] + segment[5]].rstrip(b"\0")
            return (os.path.realpath(text.decode()),)
    return ()
