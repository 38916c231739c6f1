"""Mutations that know the form of an input: protobuf messages field by field, texts word by word.

What the fuzzer does by itself, byte by byte, hardly ever leaves a message or a sentence that is read further
than its first few bytes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import pyspark.sql.connect.proto as pb
from google.protobuf.message import DecodeError

from sandbox.contract.framing import HEADER
from tests.hostile.generate import Generator
from tests.hostile.second_reading import walk

Mutate = Callable[[bytes, int], bytes]

_KINDS = (pb.ExecutePlanRequest, pb.AnalyzePlanRequest, pb.ConfigRequest)
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_BYTEWISE = 0.25  # how often the fuzzer's own mutation is used


def mutate_plan(data: bytes, longest: int, seed: int, bytewise: Mutate) -> bytes:
    """Change a request at one to three places of its tree."""
    draw = random.Random(seed)
    if not data or draw.random() < _BYTEWISE:
        return bytewise(data, longest)
    message = _KINDS[data[0] % 3]()
    try:
        message.ParseFromString(data[1:])
    except DecodeError:
        return bytewise(data, longest)
    generator = Generator(draw, draw.choice((0.0, 0.02, 0.2)))
    for _ in range(draw.randint(1, 3)):
        _change(message, draw, generator, bytewise)
    changed = data[:1] + message.SerializeToString()
    return changed if len(changed) <= longest else data


def _change(message: Any, draw: random.Random, generator: Generator, bytewise: Mutate) -> None:
    nodes = list(walk(message))
    target = draw.choice(nodes)
    match draw.randrange(5):
        case 0:
            target.Clear()
            generator.fill(target, 9)
        case 1:
            set_fields = [field for field, _ in target.ListFields()]
            if set_fields:
                target.ClearField(draw.choice(set_fields).name)
        case 2:
            same = [node for node in nodes if node.DESCRIPTOR is target.DESCRIPTOR]
            copy = type(target)()
            copy.CopyFrom(draw.choice(same))
            target.CopyFrom(copy)
        case 3:
            generator.fill(target, 10)
        case 4:
            _change_text(nodes, draw, bytewise)


def _change_text(nodes: Sequence[Any], draw: random.Random, bytewise: Mutate) -> None:
    """Change one text of a message as the fuzzer does, which knows what texts were compared with."""
    texts = [
        (node, field)
        for node in nodes
        for field, value in node.ListFields()
        if isinstance(value, str) and not field.is_repeated
    ]
    if texts:
        node, field = draw.choice(texts)
        changed = bytewise(getattr(node, field.name).encode(), 400)
        setattr(node, field.name, changed.decode("utf-8", "ignore"))


# Parts of the channel's messages, and JSON that tends to be read in two ways.
_JSON = (
    '"frame":', '"returned":', '"raised":', '"named":',
    '"problems":', '"type":', '"kind":', '"text":', '"int"',
    '"decimal"', '"fraction"', '"none"', '"bool"', '"other"', '"refusal":', '"memory":', '"condition":',
    '"CALCMETRIC_BACKEND"', '"severity":', '"warning"', "null", "NaN", "1e400", "-0", "[", "]", "{", "}",
    ":", '"0x1p+0"', '"nan"', '"1/0"', '"1E+99999"', "9223372036854775808", '"\\ud800"', '"\\u001b[2J"',
    "true", "1.0", ",", '"float"',
)  # fmt: skip


def mutate_frames(data: bytes, longest: int, seed: int, bytewise: Mutate) -> bytes:
    """Change the payload of one frame, or the order of frames; lengths stay true, mostly."""
    draw, frames, place = random.Random(seed), list[tuple[int, bytes]](), 0
    while place + HEADER.size <= len(data):
        length, kind = HEADER.unpack_from(data, place)
        frames.append((kind, data[place + HEADER.size :][:length]))
        place += HEADER.size + min(length, len(data))
    if not frames or draw.random() < _BYTEWISE:
        return bytewise(data, longest)
    index = draw.randrange(len(frames))
    kind, payload = frames[index]
    match draw.randrange(5):
        case 0:
            frames[index] = kind, bytewise(payload, 1_000)
        case 1:
            frames[index : index + draw.randrange(2)] = [draw.choice(frames)]
        case 2:
            frames[index] = draw.choice((*range(16, 20), draw.randrange(256))), payload
        case _:
            parts = re.findall(rb"[\w.+-]+|\s+|[^\w\s]", payload)
            for _ in range(draw.randint(1, 3)):
                at = draw.randint(0, len(parts))
                parts[at : at + draw.randrange(3)] = [draw.choice(_JSON).encode()]
            frames[index] = kind, b"".join(parts)
    changed = b"".join(HEADER.pack(len(payload), kind) + payload for kind, payload in frames)
    return changed[:longest]


def mutate_data(data: bytes, longest: int, seed: int, bytewise: Mutate) -> bytes:
    """Change one to four whole numbers where a flatbuffer or an Arrow body has them."""
    draw = random.Random(seed)
    if len(data) < 16 or draw.random() < _BYTEWISE:
        return bytewise(data, longest)
    changed = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        size = draw.choice((1, 2, 4, 8))
        place = draw.randrange(0, len(changed) - size + 1, size)
        old = int.from_bytes(changed[place : place + size], "little", signed=True)
        new = draw.choice((0, -1, 1, old + 1, old - 1, old + 8, old * 2, -old, 1 << draw.randrange(8 * size)))
        changed[place : place + size] = (new % (1 << 8 * size)).to_bytes(size, "little")
    if draw.random() < 0.2:
        begin, end = sorted(draw.randrange(0, len(changed), 8) for _ in range(2))
        changed[end:end] = changed[begin:end]
    return bytes(changed[:longest])


def mutate_words(data: bytes, longest: int, seed: int, bytewise: Mutate, words: Sequence[str]) -> bytes:
    """Change a text at one to four words; the first byte says what it is."""
    draw = random.Random(seed)
    if draw.random() < _BYTEWISE:
        return bytewise(data, longest)
    tokens = _TOKEN.findall(data[1:].decode("utf-8", "surrogateescape"))
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(0, len(tokens))
        match draw.randrange(5):
            case 0:
                tokens[place:place] = [draw.choice(words)]
            case 1:
                tokens[place : place + 1] = [draw.choice(words)]
            case 2:
                del tokens[place : place + draw.randint(1, 4)]
            case 3:
                begin = draw.randint(0, len(tokens))
                tokens[place:place] = tokens[begin : begin + draw.randint(1, 12)]
            case 4:
                tokens[place:place] = [" ", draw.choice(words), " "]
    changed = data[:1] + "".join(tokens).encode(
        "utf-8", "surrogateescape" if draw.random() < 0.99 else "replace"
    )
    return changed[:longest]
