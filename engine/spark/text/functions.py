"""Which functions may be called, in expressions, in SQL text and in plans alike. Trusted side, pure.

Every function that Spark 4.2 registers, and every name that PySpark's Connect client sends, is in one of
the tables of `function_table.py`. A name that is in none is refused: it is a function of the cluster's
own, or of a newer Spark, and nobody has looked at it yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.spark.text.function_table import (
    ALLOWED,
    NON_DETERMINISTIC,
    ORDER_SENSITIVE,
    REFUSED,
    TABLE_FUNCTIONS,
    FunctionKind,
)


@dataclass(frozen=True, slots=True)
class FunctionRule:
    """What is known of one function.

    Attributes:
        allowed: whether a guest may call it.
        reason: why, or why not; a clause that can follow "not allowed: ".
        hint: what to use instead, or "".
        kind: "aggregate" sums up rows, "window" needs a window, "generator" makes rows of a value.
        deterministic: whether equal input gives equal output, however often and wherever it runs.
        order_sensitive: whether the order in which rows arrive can change the result.
        table: whether it may stand in FROM or LATERAL VIEW.
    """

    allowed: bool
    reason: str
    hint: str = ""
    kind: FunctionKind = "scalar"
    deterministic: bool = True
    order_sensitive: bool = False
    table: bool = False


_UNKNOWN = FunctionRule(
    False,
    "it is not a function of Spark that this engine knows",
    "check the spelling, or use another function",
)


def known_functions() -> dict[str, FunctionRule]:
    """Every classified name, in small letters, with its rule."""
    return dict(_RULES)


def classify(name: str) -> FunctionRule:
    """The rule for a function's name, in any case. Unknown names are not allowed."""
    # Only ASCII: Spark folds some other letters to ASCII ones.
    return _RULES.get(name.lower(), _UNKNOWN) if name.isascii() else _UNKNOWN


def _rules() -> dict[str, FunctionRule]:
    rules: dict[str, FunctionRule] = {}
    for kind, reason, names in ALLOWED:
        for name in names.split():
            rules[name] = FunctionRule(
                True,
                reason,
                kind=kind,
                deterministic=name not in NON_DETERMINISTIC,
                order_sensitive=name in ORDER_SENSITIVE,
                table=name in TABLE_FUNCTIONS,
            )
    for reason, hint, names in REFUSED:
        for name in names.split():
            rules[name] = FunctionRule(False, reason, hint)
    return rules


_RULES = _rules()
