"""A plan with functions of the author, written so that they can be taken out of it one relation at a time."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb

from engine.errors import PlanRefused
from engine.spark.functions.exposed import with_exposed_columns
from engine.spark.functions.find import has_own
from engine.spark.functions.names import unnamed
from engine.spark.functions.over_groups import with_functions_over_groups
from engine.spark.functions.stand_ins import Naming
from engine.spark.plans.trees import relations


def prepared(plan: pb.Relation, names_of: Naming, *, most_steps: int) -> pb.Relation:
    """The same plan: columns beside functions have names, and functions stand over rows.

    Args:
        plan: rebuilt, its views expanded.
        names_of: asks for the names of the columns of plans without functions.
        most_steps: relations whose functions are applied; with more of them all work is in vain.

    Raises:
        PlanRefused: it has more; a name is not known for sure; a function stands where it is not taken.
    """
    if sum(map(has_own, relations(plan))) > most_steps:
        raise too_many_steps(most_steps)
    made = with_exposed_columns(unnamed(plan, names_of), names_of)
    return with_functions_over_groups(made, names_of)


def too_many_steps(most: int) -> PlanRefused:
    """The refusal of a query that takes more steps than these."""
    return PlanRefused(
        "plan-too-large",
        f"a query with functions of the metric in more than {most} steps is refused",
        "let one function do more",
    )
