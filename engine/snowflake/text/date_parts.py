"""Parts of dates: a word, bare or in quotes, as Snowflake's functions take it. Trusted side, pure.

A bare word would be quoted like the name of a column. So it becomes a text, which means the same.
"""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from engine.snowflake.text.refusals import refused

# The first argument (or the second, or the third) of these calls is a part.
PART_ARGUMENTS: Final = {
    "DATEADD": 0, "TIMEADD": 0, "TIMESTAMPADD": 0, "DATEDIFF": 0, "TIMEDIFF": 0, "TIMESTAMPDIFF": 0,
    "DATE_PART": 0, "DATE_TRUNC": 0, "LAST_DAY": 1, "TIME_SLICE": 2,
}  # fmt: skip

_NAMES: Final = {
    "year": "y yy yyy yyyy yr years yrs",
    "quarter": "q qtr qtrs quarters",
    "month": "mm mon mons months",
    "week": "w wk weekofyear woy wy weeks",
    "day": "d dd days dayofmonth",
    "hour": "h hh hr hours hrs",
    "minute": "m mi min minutes mins",
    "second": "s sec seconds secs",
    "millisecond": "ms msec milliseconds",
    "microsecond": "us usec microseconds",
    "nanosecond": "ns nsec nanosec nsecond nanoseconds nanosecs nseconds",
    "dayofweek": "weekday dow dw",
    "dayofweekiso": "dayofweek_iso weekday_iso dow_iso dw_iso",
    "dayofyear": "yearday doy dy",
    "weekiso": "week_iso weekofyeariso weekofyear_iso",
    "yearofweek": "",
    "yearofweekiso": "",
    "epoch_second": "epoch epoch_seconds",
    "epoch_millisecond": "epoch_milliseconds",
    "epoch_microsecond": "epoch_microseconds",
    "epoch_nanosecond": "epoch_nanoseconds",
}
PARTS: Final = {name: part for part, names in _NAMES.items() for name in (part, *names.split())}


def settle_parts(call: exp.Expr) -> None:
    """Give the parts of dates in a call their one name, as text.

    Raises:
        PlanRefused: if there is no such part.
    """
    place = PART_ARGUMENTS.get(call.this)
    if place is None or len(call.expressions) <= place:
        return
    argument = call.expressions[place]
    word = _word(argument)
    # DATE_TRUNC takes its two arguments in either order.
    if call.this == "DATE_TRUNC" and word not in PARTS and _word(call.expressions[1]) in PARTS:
        call.set("expressions", call.expressions[::-1])
        word = _word(call.expressions[0])
        argument = call.expressions[0]
    if word not in PARTS:
        raise refused(
            f"{call.this} needs a part of a date such as 'month', not {word[:40] or 'an expression'!r}"
        )
    if isinstance(argument, exp.Column):
        argument.replace(_text(PARTS[word]))
    else:
        argument.set("this", PARTS[word])


def _word(argument: exp.Expr) -> str:
    if isinstance(argument, exp.Literal) and argument.args.get("is_string"):
        return str(argument.this).lower()
    if isinstance(argument, exp.Column) and set(argument.args) == {"this"}:
        return str(argument.this.this).lower()
    return ""


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)
