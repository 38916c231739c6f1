"""What every session of Spark is opened with, on whatever server: what a query means there. Pure."""

from __future__ import annotations

from typing import Final

SESSION_SETTINGS: Final[tuple[tuple[str, str], ...]] = (
    ("spark.sql.session.timeZone", "UTC"),  # whatever the machine's
    ("spark.sql.ansi.enabled", "true"),  # overflow and bad casts are errors, not NULL
    # How conditions reach Parquet files, whose statistics do not count NaN. Days and instants go there as
    # java.time has them, since java.sql lacks ten days of October 1582; literals of plans are java.sql's all
    # the same (`engine.spark.plans.days` spells them). `engine.frames.relations` keeps columns from being
    # compared with what files say of them, the second setting does so for fields of structs.
    ("spark.sql.datetime.java8API.enabled", "true"),
    ("spark.sql.optimizer.nestedPredicatePushdown.supportedFileSources", ""),
)
