"""Where fuzzing begins: the corpora of the other tests, honest and hostile, as inputs of the targets."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pyspark.sql.connect.proto as pb

from engine.snowflake.text import known_functions
from sandbox.contract.framing import Kind, Method
from tests.hostile import plans as tangled
from tests.hostile.client import ask, frame, outcome
from tests.hostile.generate import FITTING, HOSTILE, Generator
from tests.snowflake.text.corpus import hostile as hostile_snowflake
from tests.snowflake.text.corpus import recorded
from tests.snowflake.text.mutants import SIGNS, WORDS
from tests.spark.plans import corpus, hostile
from tests.spark.plans.offline import Offline, placeholder, request
from tests.spark.plans.streams import HOSTILE as STREAMS
from tests.spark.plans.streams import PLAIN, several
from tests.spark.text.frame import expressions, queries
from tests.spark.text.hostile import hostile as hostile_texts

_TESTS = Path(__file__).parents[1]


def seeds(target: str) -> Iterator[bytes]:
    """The first inputs of a target."""
    return {
        "frames": _frames,
        "plan": _plans,
        "data": _data,
        "sql": _texts,
        "snowsql": _snowflake_texts,
        "source": _sources,
    }[target]()


def words(target: str) -> list[str]:
    """What is worth putting into the texts of a target."""
    if target == "source":
        found = " ".join(path.read_text("utf-8") for path in sorted((_TESTS / "corpus/refused").glob("*.py")))
        return [
            *dict.fromkeys(found.split()),
            "__class__",
            "getattr(",
            "\\N{DIGIT ONE}",
            "\uff3f",
            "match x:",
        ]
    if target == "snowsql":
        return [*WORDS, *SIGNS, *sorted(known_functions())]
    listed = (_TESTS / "spark/text/data/words.txt").read_text("utf-8").split()
    texts = [
        text for table in (FITTING, HOSTILE) for role in ("sql", "expression", "type") for text in table[role]
    ]
    return [
        *dict.fromkeys(
            [*listed, *texts, "scored", "Other", "WITH q AS (", "||", "/*", "*/", "--", "\\\n", "$"]
        )
    ]


def _frames() -> Iterator[bytes]:
    yield outcome()
    yield frame(Kind.PRINTED, "printed é".encode()) + ask(Method.EXECUTE, b"x") + outcome()
    problem = '{"line":1,"column":1,"code":"x","message":"m","hint":"","severity":"error"}'
    taken = '{"required":true,"line":1,"column":9,"words":["x"]}'
    declared = f'{{"several":true,"parameters":[],"fixed":["k"],"functions":[],"baseline":{taken}}}'
    yield frame(Kind.COMPILED, f'{{"problems":[{problem}],"signature":{declared}}}'.encode())
    value = '{"name":"auc","returned":{"type":"t","kind":"int","text":"1"}}'
    named = f'{{"type":"dict","count":1,"values":[{value}],"wrong":""}}'
    yield frame(Kind.OUTCOME, f'{{"frame":1,"returned":null,"raised":null,"named":{named}}}'.encode())
    raised = '{"type":"E","message":"m","line":1,"source":"s","condition":"","memory":false,"refusal":%s}'
    for refusal in ("null", problem):
        body = '{"frame":1,"returned":null,"raised":' + raised % refusal + ',"named":null}'
        yield frame(Kind.OUTCOME, body.encode())
    for kind, text in (("int", "12"), ("decimal", "1E+3"), ("fraction", "1/3"), ("other", "x"), ("none", "")):
        value = f'{{"type":"t","kind":"{kind}","text":"{text}"}}'
        body = f'{{"frame":1,"returned":{value},"raised":null,"named":null}}'
        yield frame(Kind.OUTCOME, body.encode())


def _plans() -> Iterator[bytes]:
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # else PySpark's functions ask for a SparkContext
    offline = Offline()
    for call in corpus.RELATIONS.values():
        yield b"\0" + offline.fetch(call(offline.df, offline.spark))
    for call in corpus.REQUESTS.values():
        method, payload = offline.ask(functools.partial(call, offline.df, offline.spark))
        yield bytes([method - 1]) + payload
    for make in tangled.TANGLED.values():
        yield b"\0" + request(make())
    for table, place in ((hostile.RELATIONS, "relation"), (hostile.EXPRESSIONS, "expression")):
        for _, build in table.values():
            relation = pb.Relation()
            if place == "relation":
                build(relation)
            else:
                relation.project.input.CopyFrom(placeholder())
                build(relation.project.expressions.add())
            yield b"\0" + request(relation)
    for seed in range(200):
        yield b"\0" + request(Generator(random.Random(seed)).relation())


def _data() -> Iterator[bytes]:
    yield PLAIN
    yield from several()
    yield from (data for data in STREAMS.values() if len(data) <= 4_096)


def _texts() -> Iterator[bytes]:
    for section in expressions().values():
        yield from (b"\0" + text.encode() for text in section)
    yield from (b"\1" + text.replace(" v", " scored").replace(" w", " Other").encode() for text in queries())
    for kind, text in hostile_texts():
        yield (b"\0" if kind == "expression" else b"\1") + text.encode("utf-8", "surrogateescape")
    for text in (*FITTING["schema"], *HOSTILE["schema"]):
        yield b"\2" + text.encode()
    for text in (*FITTING["type"], *HOSTILE["type"], "struct<a:int COMMENT 'x', b: string NOT NULL>"):
        yield b"\3" + text.encode()


def _snowflake_texts() -> Iterator[bytes]:
    yield from (b"\0" + text.encode() for text in recorded())
    for kind, text in hostile_snowflake():
        yield (b"\1" if kind == "expression" else b"\0") + text.encode("utf-8", "surrogateescape")
    for text in (
        "X > 1",
        "S IN ('a', 'b') AND NOT FLAG",
        "D >= '2024-02-01'::DATE",
        "Y / NULLIF(N, 0) BETWEEN 1 AND 2",
    ):
        yield b"\1" + text.encode()


def _sources() -> Iterator[bytes]:
    for folder in ("corpus/metrics", "corpus/refused", "../examples"):
        yield from (path.read_bytes() for path in sorted((_TESTS / folder).glob("*.py")))
