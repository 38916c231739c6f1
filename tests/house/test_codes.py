"""Every error code that can leave the engine is documented, and every documented one is used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import engine
from engine.models.codes import CODES, REFUSALS

ROOT = Path(engine.__file__).parent
NO_CODES = {"calcmetric-sql"}  # the name of a thread


def texts_in(*parts: str) -> Iterator[str]:
    for part in parts:
        for path in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_every_refusal_of_the_gateway_is_documented_and_used():
    used = {
        text
        for text in texts_in("spark/plans", "spark/text", "snowflake/text", "gateway")
        if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)
    }
    assert used - NO_CODES - set(CODES) == set(REFUSALS)


def test_codes_say_what_they_mean_and_are_not_given_twice():
    assert not set(CODES) & set(REFUSALS)
    assert all(meaning.strip() for meaning in (*CODES.values(), *REFUSALS.values()))
