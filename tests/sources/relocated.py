"""Classes of Java once more, under other names; standard library only.

Iceberg's library for Spark has its own copy of Jackson under names of its own. What PyPI has of it lacks that
copy, so it is made of Spark's Jackson.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

_OLD, _NEW = b"com/fasterxml/jackson", b"org/apache/iceberg/shaded/com/fasterxml/jackson"
_TEXT = 1
_LONG, _DOUBLE = 5, 6  # of which each takes two places
# Bytes behind the tag of each kind of constant but texts: the Java virtual machine's specification, 4.4.
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}


def relocate(jars: Iterable[Path], target: Path) -> None:
    """Write the classes of archives into one, under the new names."""
    with zipfile.ZipFile(target, "w") as made:
        for jar in jars:
            with zipfile.ZipFile(jar) as old:
                for name in old.namelist():
                    if name.startswith("com/") and name.endswith(".class"):
                        made.writestr(_renamed(name.encode()).decode(), _class(old.read(name)))


def _renamed(text: bytes) -> bytes:
    dotted = _OLD.replace(b"/", b"."), _NEW.replace(b"/", b".")
    return text.replace(_OLD, _NEW).replace(*dotted)


def _class(data: bytes) -> bytes:
    """A class whose constants name the new classes; nothing else in it names any."""
    (count,) = struct.unpack(">H", data[8:10])
    place, number, made = 10, 1, [data[:10]]
    while number < count:
        tag = data[place]
        if tag == _TEXT:
            (size,) = struct.unpack(">H", data[place + 1 : place + 3])
            text = _renamed(data[place + 3 : place + 3 + size])
            made.append(struct.pack(">BH", tag, len(text)) + text)
            place += 3 + size
        else:
            made.append(data[place : place + 1 + _SIZES[tag]])
            place += 1 + _SIZES[tag]
        number += 2 if tag in (_LONG, _DOUBLE) else 1
    return b"".join(made) + data[place:]
