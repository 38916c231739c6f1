"""Trusted side: variables of lambda functions, `F.transform(column, lambda x: ...)`.

Their names count per process, so plans are compared without them, and one metric may get the answer of
another's plan. That is sound only while a name means one variable everywhere. Spark takes a name that no
lambda around it has for a column's, one of several parts for a column or a field of it, and knows no case. So
variables are plain lower-case words, and stand inside of their lambda only; PySpark sends no others.
"""

from __future__ import annotations

import re
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.plans.rules import Place

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


def check_lambda(function: pb.Expression.LambdaFunction, _place: Place) -> None:
    """Check the variables that a lambda function names.

    Raises:
        PlanRefused: one is no plain word, or there twice.
    """
    names = [tuple(variable.name_parts) for variable in function.arguments]
    plain = all(len(parts) == 1 and _NAME.fullmatch(parts[0]) for parts in names)
    if not plain or len(set(names)) != len(names):
        raise _refused()


def check_variable(variable: pb.Expression.UnresolvedNamedLambdaVariable, place: Place) -> None:
    """Check that a variable is one of a lambda function around it.

    Raises:
        PlanRefused: it is none, or a part of one.
    """
    if len(variable.name_parts) != 1 or variable.name_parts[0] not in place.variables:
        raise _refused()


def variables_of(function: pb.Expression.LambdaFunction) -> frozenset[str]:
    """The names that are variables inside of a lambda function."""
    return frozenset(part for variable in function.arguments for part in variable.name_parts)


def _refused() -> PlanRefused:
    return PlanRefused(
        "plan-garbage",
        "the plan holds a variable that is not one of a lambda function around it",
        "name columns with F.col(...)",
    )
