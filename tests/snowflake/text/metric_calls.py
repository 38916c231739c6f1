"""What metrics look like, and what a session does beside its DataFrame: calls whose SQL is recorded.

See `tests.snowflake.text.calls`.
"""

from __future__ import annotations

from typing import Any

from tests.snowflake.text.calls import Call

METRICS: dict[str, Call] = {
    "metric auc": lambda df, f, w: _auc(df, f, w),
    "metric calibration": lambda df, f, w: (
        df.with_column("B", f.least(f.floor(f.col("Y") / 20), f.lit(9)))
        .group_by("B")
        .agg(
            f.avg("X").alias("P"), f.avg(f.iff(f.col("FLAG"), 1, 0)).alias("O"), f.count(f.lit(1)).alias("C")
        )
    ),
    "metric long or": lambda df, f, w: _long_or(df, f),
    "metric psi": lambda df, f, w: _psi(df, f),
    "metric wide": lambda df, f, w: df.agg(*[f.sum(f.col("X") * i).alias(f"S{i}") for i in range(200)]),
    "session.create_dataframe": lambda df, f, w: df.session.create_dataframe(
        [[1, "a"], [2, "b"]], schema=["A", "B"]
    ),
    "session.create_dataframe joined": lambda df, f, w: df.join(
        df.session.create_dataframe([["de", 0.5], ["fr", 0.25]], schema=["S", "WEIGHT"]), "S"
    ),
    "session.range": lambda df, f, w: df.session.range(5),
    "session.sql": lambda df, f, w: df.session.sql('select count(*) as c from "FRAME"'),
    "session.sql with": lambda df, f, w: df.session.sql(
        'with q as (select s, x from "FRAME") select s, sum(x) sx from q group by s'
    ),
    "session.table": lambda df, f, w: df.session.table("OTHER"),
    "session.table_function": lambda df, f, w: df.session.table_function(
        "split_to_table", f.lit("a,b"), f.lit(",")
    ),
    "session.generator": lambda df, f, w: df.session.generator(f.seq1(), rowcount=3),
    "session.flatten": lambda df, f, w: df.session.flatten(f.parse_json(f.lit("[1]"))),
}


def _long_or(df: Any, f: Any) -> Any:
    condition = f.col("ID") == 0
    for i in range(1, 120):
        condition = condition | (f.col("ID") == i)
    return df.filter(condition)


def _auc(df: Any, f: Any, w: Any) -> Any:
    ranked = df.filter(f.col("X").is_not_null()).select(
        f.iff(f.col("FLAG"), 1, 0).alias("LABEL"), f.rank().over(w.order_by("X")).alias("R")
    )
    sums = ranked.agg(
        f.sum(f.col("R") * f.col("LABEL")).alias("RS"),
        f.sum("LABEL").alias("P"),
        f.count(f.lit(1)).alias("C"),
    )
    return sums.select(
        ((f.col("RS") - f.col("P") * (f.col("P") + 1) / 2) / (f.col("P") * (f.col("C") - f.col("P")))).alias(
            "AUC"
        )
    )


def _psi(df: Any, f: Any) -> Any:
    early = df.filter(f.col("ID") < 20).group_by("S").agg((f.count(f.lit(1)) / 20).alias("P"))
    late = df.filter(f.col("ID") >= 20).group_by("S").agg((f.count(f.lit(1)) / 20).alias("Q"))
    both = early.join(late, "S", "full").select(
        f.coalesce("P", f.lit(1e-6)).alias("P"), f.coalesce("Q", f.lit(1e-6)).alias("Q")
    )
    return both.agg(f.sum((f.col("P") - f.col("Q")) * f.ln(f.col("P") / f.col("Q"))).alias("PSI"))
