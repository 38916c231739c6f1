"""Which functions of Snowflake may be called. Trusted side, pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, cast

from engine.errors import PlanRefused
from engine.snowflake.text.function_table import ALLOWED, REFUSED, REFUSED_PREFIXES

FunctionKind = Literal["scalar", "aggregate", "window", "clock", "random"]


@dataclass(frozen=True, slots=True)
class FunctionRule:
    """What is known of a function that may be called.

    Attributes:
        kind: "aggregate" sums up rows and may have a window, "window" needs one, "clock" and "random" do
            not give the same for the same input.
        reason: what it is for.
        least: how many arguments it takes at least.
        most: at most.
    """

    kind: FunctionKind
    reason: str
    least: int
    most: int


# Arguments of functions that take any number: Snowflake's own bound for some.
_MANY: Final = 1_000


def known_functions() -> dict[str, FunctionRule]:
    """Every function that may be called, by its name in capitals."""
    return dict(_RULES)


def check_call(name: str, arguments: int) -> FunctionRule:
    """Look up a call.

    Args:
        name: in capitals.
        arguments: how many it is given.

    Raises:
        PlanRefused: if it is not allowed, or not with so many.
    """
    rule = _RULES.get(name)
    if rule is None:
        raise _refused(name)
    if not rule.least <= arguments <= rule.most:
        takes = str(rule.least) if rule.least == rule.most else f"{rule.least} to {rule.most}"
        raise PlanRefused(
            "function-refused",
            f"the function {name} is refused with {arguments} arguments: it takes {takes}",
            "give the arguments that Snowflake's reference names",
        )
    return rule


def _refused(name: str) -> PlanRefused:
    reason, hint = _REASONS.get(name, ("", ""))
    for prefix, why, instead in REFUSED_PREFIXES:
        if not reason and name.startswith(prefix):
            reason, hint = why, instead
    return PlanRefused(
        "function-refused",
        f"the function {name[:60]} is not allowed: {reason or 'it is not one that this engine knows'}",
        hint or "use a built-in function that computes from its arguments; user-defined ones are not open",
    )


def _read_rules() -> dict[str, FunctionRule]:
    rules: dict[str, FunctionRule] = {}
    for kind, reason, names in ALLOWED:
        for entry in names.split():
            name, _, span = entry.partition("/")
            least, _, most = span.partition("-")
            if span.endswith("+"):
                least, most = span[:-1], str(_MANY)
            rules[name] = FunctionRule(
                cast(FunctionKind, kind), reason, int(least), int(most) if most else int(least)
            )
    return rules


_RULES: Final = _read_rules()
_REASONS: Final = {name: (reason, hint) for reason, hint, names in REFUSED for name in names.split()}
