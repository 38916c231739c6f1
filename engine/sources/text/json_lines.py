"""JSON lines as objects: one in each line, read as Spark reads them.

Python's own reader is used: it is exact, and no file can end the process, as files can that make faster
ones overflow their stack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NoReturn

from engine.sources.text.problems import text_error
from engine.sources.text.stream import Block, TextFile, bad_bytes, read_blocks

_BLOCK_BYTES: Final = 4 << 20
_SPACED: Final = re.compile(rb'"[ \t\r\n]+:')
_NESTED: Final = frozenset({dict, list})
_WRITE_LINES: Final = (
    "write one object in each line (pandas: to_json(orient='records', lines=True); jq -c '.[]')"
)


class Malformed(Exception):
    """Rows that cannot be read: a code of `TEXT_CODES`, and what is wrong."""


@dataclass(frozen=True, slots=True)
class JsonRows:
    """Some rows of a file.

    Attributes:
        values: their objects.
        name: what the caller calls the file.
        line: where they begin in it.
    """

    values: list[dict[str, Any]]
    name: str
    line: int


def read_json(file: TextFile, encoding: str | None) -> Generator[JsonRows, None, None]:
    """The objects of a file in order, some at a time.

    Raises:
        DataError: it cannot be read, or a line is no JSON object.
    """
    for block in read_blocks(file, encoding, _last_line, _BLOCK_BYTES):
        objects = _objects(file, block)
        if objects:
            yield JsonRows(objects, file.name, block.line)


def _last_line(data: bytes) -> int:
    return data.rfind(b"\n") + 1


def _objects(file: TextFile, block: Block) -> list[dict[str, Any]]:
    try:
        text = block.data.decode()
    except UnicodeDecodeError as error:
        place = block.line + block.data.count(b"\n", 0, error.start)
        raise bad_bytes(file.name, place, block.data[error.start : error.start + 1], "utf-8") from None
    lines = text.split("\n")
    found = _read_at_once([line for line in lines if line and not line.isspace()], block.data)
    return _read_by_line(file.name, lines, block.line) if found is None else found


def _read_at_once(lines: list[str], data: bytes) -> list[dict[str, Any]] | None:
    """The objects of lines, read in one call; None if something is wrong, or perhaps wrong, with a line."""
    try:
        # A number between lines: what is left open in one does not go on in the next without being seen.
        values = json.loads(f"[{',0,'.join(lines)}]")
    except (ValueError, RecursionError):
        return None
    rows: list[dict[str, Any]] = values[::2]
    if not lines or len(values) != 2 * len(lines) - 1 or values[1::2].count(0) != len(lines) - 1:
        return None if lines else []
    # Each name stands before a quote and a colon, so that one which is there twice is one too many of these.
    if set(map(type, rows)) != {dict} or _SPACED.search(data) or _count_names(rows) != data.count(b'":'):
        return None
    return rows


def _read_by_line(name: str, lines: list[str], first: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=first):
        if not line or line.isspace():
            continue
        try:
            value = _DECODER.decode(line)
        except (Malformed, ValueError, RecursionError) as error:
            _refuse(name, number, line, error, first=not found and first == 1)
        if type(value) is not dict:
            _refuse_value(name, number, value)
        found.append(value)
    return found


def _count_names(values: list[Any]) -> int:
    """How many names the objects among some values have, those within them included."""
    count = 0
    while values:
        objects = [value for value in values if type(value) is dict]
        lists = [value for value in values if type(value) is list]
        count += sum(map(len, objects))
        inner = chain(chain.from_iterable(map(dict.values, objects)), chain.from_iterable(lists))
        values = [value for value in inner if type(value) in _NESTED]
    return count


def _refuse(name: str, line: int, text: str, error: Exception, *, first: bool) -> NoReturn:
    if isinstance(error, Malformed):
        raise text_error(error.args[0], name, line, error.args[1], "rename one of them") from None
    if isinstance(error, RecursionError):
        raise text_error("json-too-deep", name, line, "it nests too deeply") from None
    if (
        first
        and text.lstrip()[:1] in ("[", "{")
        and isinstance(error, json.JSONDecodeError)
        and error.pos >= len(text.rstrip())
    ):
        what = "the value that begins there spans several lines"
        raise text_error("json-broken", name, line, what, _WRITE_LINES) from None
    reason = (
        f"{error.msg} at character {error.pos + 1:,}"
        if isinstance(error, json.JSONDecodeError)
        else str(error)
    )
    fix = "correct or remove the line; each line must hold one object"
    raise text_error("json-broken", name, line, f"it is not JSON: {reason}", fix) from None


def _refuse_value(name: str, line: int, value: object) -> NoReturn:
    kinds = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    what = f"{kinds.get(type(value), 'a number')} instead of an object"
    raise text_error("json-not-objects", name, line, what, _WRITE_LINES)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        name = next(name for name in names if names.count(name) > 1)
        raise Malformed("json-duplicate", f"an object has the same name twice, {name[:60]!r}")
    return found


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_pairs)
