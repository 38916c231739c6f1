"""The targets by name: what guides the fuzzer, and how long an input may be. Nothing fuzzed is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"

# What is kept of each target's inputs: few and small, so that all are read in the default tests.
MOST_FILES: Final = 300
MOST_BYTES: Final = 150_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One target.

    Attributes:
        modules: packages whose branches guide the fuzzer.
        longest: of one input, in bytes.
        worded: whether an input is a text, and changed word by word.
    """

    modules: tuple[str, ...]
    longest: int
    worded: bool = False


SETTINGS: Final = {
    "frames": Setting(("sandbox.contract", "engine.results", "engine.gateway.budget"), 4_096),
    "plan": Setting(("engine.spark.plans", "engine.spark.text"), 8_192),
    "data": Setting(("engine.spark.plans.local_data", "engine.spark.plans.stream_shape"), 4_096),
    "sql": Setting(("engine.spark.text",), 2_048, worded=True),
    "snowsql": Setting(("engine.snowflake.text",), 2_048, worded=True),
    "source": Setting(("sandbox.language", "RestrictedPython"), 2_048, worded=True),
}
