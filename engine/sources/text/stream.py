"""A file of text as blocks of whole records in UTF-8, decompressed and decoded as it is read."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from engine.errors import DataError
from engine.sources.text.problems import text_error
from engine.sources.text.records import count_lines
from engine.wording import worded

BLOCK_BYTES: Final = 8 << 20
# Blocks grow until a record ends within them.
LONGEST_RECORD: Final = 64 << 20
_NUL: Final = b"\0"
# First bytes -> what pyarrow calls it.
_COMPRESSIONS: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
_UNREAD_ENDINGS: Final = frozenset({".snappy", ".deflate"})
# Longer marks before those that they begin with.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file to read.

    Attributes:
        path: where it is.
        name: what the caller calls it.
        folder: the folders with partition values that it is in, such as "day=1/hour=2"; "" if none.
    """

    path: Path
    name: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole records.

    Attributes:
        data: their bytes, in UTF-8.
        line: the number of their first line in the file, from 1.
    """

    data: bytes
    line: int


def read_blocks(
    file: TextFile, encoding: str | None, last_break: Callable[[bytes], int], size: int = BLOCK_BYTES
) -> Generator[Block, None, None]:
    """The whole of a file, a block at a time.

    Args:
        file: to read.
        encoding: as the caller has it; None for what the first bytes say, and UTF-8 if they say nothing.
        last_break: finds where the last whole record of some bytes ends; 0 if none does.
        size: of a block, about.

    Raises:
        DataError: it cannot be read, is no text in its encoding, or has a record without end.
    """
    rest, line = b"", 1
    for piece in _decoded(file, encoding, size):
        rest += piece
        if len(rest) < size:
            continue
        cut = last_break(rest)
        if cut:
            block, rest = rest[:cut], rest[cut:]
            yield Block(block, line)
            line += count_lines(block)
        elif len(rest) > LONGEST_RECORD:
            raise text_error(
                "text-too-long",
                file.name,
                line,
                f"the record that begins there is longer than {LONGEST_RECORD >> 20} MiB",
                "check for a quote that is never closed",
            )
    if rest:
        yield Block(rest, line)


def _decoded(file: TextFile, encoding: str | None, size: int) -> Iterator[bytes]:
    """The bytes of a file in UTF-8, without a byte order mark."""
    line, first, decoder = 1, True, None
    for piece in _raw(file, size):
        if first:
            found = next((name for mark, name in _MARKS if piece.startswith(mark)), None)
            codec = encoding or found or "utf-8"
            if codec in ("utf-8", "utf-8-sig"):
                piece = piece.removeprefix(codecs.BOM_UTF8)
            else:
                decoder = codecs.getincrementaldecoder(codec)("strict")
        if decoder is not None:
            piece = _decode(decoder, piece, file, codec, line, final=False)
            if first:
                piece = piece.removeprefix(codecs.BOM_UTF8)
        first = False
        if _NUL in piece:
            raise _no_text(file, line + count_lines(piece[: piece.index(_NUL)]))
        line += count_lines(piece)
        yield piece
    if decoder is not None:
        yield _decode(decoder, b"", file, codec, line, final=True)


def _decode(decoder: Any, piece: bytes, file: TextFile, codec: str, line: int, *, final: bool) -> bytes:
    try:
        text: str = decoder.decode(piece, final)
        return text.encode()
    except UnicodeError as error:
        start, broken = getattr(error, "start", 0), getattr(error, "object", b"")
        if isinstance(broken, bytes) and not codec.startswith(("utf-16", "utf-32")):
            line += count_lines(broken[:start])
        shown = broken[start : start + 1] if isinstance(broken, bytes) else b""
        raise bad_bytes(file.name, line, shown, codec) from None


def bad_bytes(name: str, line: int, found: bytes, encoding: str) -> DataError:
    """The error for bytes that are no text."""
    shown = f"the byte 0x{found.hex()}" if found else "what is there"
    return text_error(
        "text-encoding",
        name,
        line,
        f"{shown} is not text in {encoding}",
        worded("set its encoding: {set_encoding}"),
    )


def _no_text(file: TextFile, line: int) -> DataError:
    return text_error(
        "text-encoding",
        file.name,
        line,
        "a NUL byte, which text cannot hold",
        worded("if it is written in UTF-16, set this: {set_wide_encoding}"),
    )


def _raw(file: TextFile, size: int) -> Iterator[bytes]:
    """The bytes of a file, decompressed if its first bytes say that they are compressed."""
    try:
        with file.path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            kind = next((name for start, name in _COMPRESSIONS.items() if magic.startswith(start)), None)
            if kind is None and file.path.suffix.lower() in _UNREAD_ENDINGS:
                raise text_error(
                    "text-compression", file.name, None, "this compression cannot be read", "use gzip or zstd"
                )
            stream: Any = raw if kind is None else pa.CompressedInputStream(raw, kind)
            while piece := stream.read(size):
                yield bytes(piece)
    except (OSError, pa.ArrowException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise text_error("text-compression", file.name, None, f"it cannot be read: {reason}") from None
