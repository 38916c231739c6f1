"""What is asked of Snowpark's client to hear the SQL that it writes: its DataFrame methods, call by call.

Each entry gets the frame (see `tests.snowflake.text.table`), `snowflake.snowpark.functions` and `Window`, and
gives a DataFrame, whose query is taken, or else the queries that were sent meanwhile are taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[[Any, Any, Any], Any]

DATAFRAME: dict[str, Call] = {
    "agg": lambda df, f, w: df.agg(f.sum("X").alias("S"), f.avg("Y").alias("M")),
    "agg dict": lambda df, f, w: df.agg({"X": "max", "Y": "min"}),
    "agg pairs": lambda df, f, w: df.agg(("X", "stddev"), ("Y", "count")),
    "alias": lambda df, f, w: df.alias("A").select(f.col("A", "X")),
    "analytics.compute_lag": lambda df, f, w: df.analytics.compute_lag(
        cols=["X"], lags=[1, 2], order_by=["ID"], group_by=["S"]
    ),
    "analytics.compute_lead": lambda df, f, w: df.analytics.compute_lead(
        cols=["X"], leads=[1], order_by=["ID"], group_by=["S"]
    ),
    "analytics.cumulative_agg": lambda df, f, w: df.analytics.cumulative_agg(
        aggs={"X": ["SUM"]}, group_by=["S"], order_by=["ID"], is_forward=True
    ),
    "analytics.moving_agg": lambda df, f, w: df.analytics.moving_agg(
        aggs={"X": ["AVG"]}, window_sizes=[2, 3], order_by=["ID"], group_by=["S"]
    ),
    "analytics.time_series_agg": lambda df, f, w: df.analytics.time_series_agg(
        time_col="TS", aggs={"X": ["SUM"]}, windows=["3H"], group_by=["S"]
    ),
    "cache_result": lambda df, f, w: df.cache_result(),
    "col": lambda df, f, w: df.select(df.col("X"), df["Y"], df.N),
    "col_ilike": lambda df, f, w: df.col_ilike("x%"),
    "collect": lambda df, f, w: df.select("X").collect(),
    "columns": lambda df, f, w: df.with_column("Z", f.lit(1)).columns,
    "count": lambda df, f, w: df.count(),
    "create_or_replace_temp_view": lambda df, f, w: df.create_or_replace_temp_view("V"),
    "cross_join": lambda df, f, w: df.select("X").cross_join(df.select(f.col("Y").alias("YY"))),
    "cube": lambda df, f, w: df.cube("S", "FLAG").agg(f.sum("X").alias("SX")),
    "describe": lambda df, f, w: df.describe(),
    "describe columns": lambda df, f, w: df.describe("X", "Y"),
    "distinct": lambda df, f, w: df.select("S").distinct(),
    "drop": lambda df, f, w: df.drop("TS", "D"),
    "drop_duplicates": lambda df, f, w: df.drop_duplicates(),
    "drop_duplicates subset": lambda df, f, w: df.drop_duplicates("S"),
    "dropna": lambda df, f, w: df.dropna(subset=["X"]),
    "except_": lambda df, f, w: df.select("S").except_(df.filter(f.col("X") > 3).select("S")),
    "explain": lambda df, f, w: df.explain(),
    "fillna": lambda df, f, w: df.fillna(0, subset=["X", "Y"]),
    "filter": lambda df, f, w: df.filter((f.col("X") > 1) & ~(f.col("S") == "de") | f.col("FLAG")),
    "filter text": lambda df, f, w: df.filter("x > 1 and s like 'd%' or not flag"),
    "first": lambda df, f, w: df.sort("X").first(),
    "first n": lambda df, f, w: df.first(3),
    "flatten": lambda df, f, w: df.flatten(f.parse_json(f.col("T"))),
    "group_by": lambda df, f, w: df.group_by("S", f.col("FLAG")).agg(
        f.count("*").alias("C"), f.max("X").alias("MX")
    ),
    "group_by avg": lambda df, f, w: df.group_by("S").avg("X", "Y"),
    "group_by builtin": lambda df, f, w: df.group_by("S").function("kurtosis")("X"),
    "group_by count": lambda df, f, w: df.group_by("S").count(),
    "group_by expression": lambda df, f, w: df.group_by(f.month("D").alias("M")).agg(f.sum("X").alias("SX")),
    "group_by max": lambda df, f, w: df.group_by("S").max("X"),
    "group_by median": lambda df, f, w: df.group_by("S").median("X"),
    "group_by min": lambda df, f, w: df.group_by("S").min("X"),
    "group_by sum": lambda df, f, w: df.group_by("S").sum("X"),
    "group_by apply_in_pandas": lambda df, f, w: df.group_by("S").apply_in_pandas(
        lambda p: p, output_schema=["A"]
    ),
    "group_by_grouping_sets": lambda df, f, w: df.group_by_grouping_sets(
        _sets([f.col("S")], [f.col("FLAG")], [f.col("S"), f.col("FLAG")])
    ).agg(f.sum("X").alias("SX")),
    "intersect": lambda df, f, w: df.select("S").intersect(df.filter(f.col("X") > 3).select("S")),
    "join": lambda df, f, w: df.join(df.select("ID", f.col("X").alias("X2")), "ID"),
    "join anti": lambda df, f, w: df.join(df.filter(f.col("X") > 3).select("ID"), "ID", "leftanti"),
    "join asof": lambda df, f, w: _asof(df, f),
    "join condition": lambda df, f, w: _joined(df, f, "inner"),
    "join cross": lambda df, f, w: df.select("X").join(df.select(f.col("Y").alias("YY")), how="cross"),
    "join full": lambda df, f, w: _joined(df, f, "full"),
    "join left": lambda df, f, w: _joined(df, f, "left"),
    "join clash": lambda df, f, w: df.join(df.with_column("Z", f.col("X") / 2), "ID"),
    "join right": lambda df, f, w: _joined(df, f, "right"),
    "join self": lambda df, f, w: df.join(df.select("*"), "ID", lsuffix="_L", rsuffix="_R"),
    "join semi": lambda df, f, w: df.join(df.filter(f.col("X") > 3).select("ID"), "ID", "leftsemi"),
    "join_table_function": lambda df, f, w: df.join_table_function("split_to_table", df["S"], f.lit(",")),
    "lateral_join": lambda df, f, w: df.lateral_join(df.select("X")),
    "limit": lambda df, f, w: df.sort("ID").limit(5, offset=2),
    "na.drop": lambda df, f, w: df.na.drop(how="all", subset=["X", "N"]),
    "na.drop thresh": lambda df, f, w: df.na.drop(thresh=2),
    "na.fill": lambda df, f, w: df.na.fill({"X": 0.5, "N": 1, "S": "none", "FLAG": False}),
    "na.replace": lambda df, f, w: df.na.replace({"de": "DE", "fr": "FR"}, subset=["S"]),
    "natural_join": lambda df, f, w: df.select("ID", "X").natural_join(df.select("ID", "Y")),
    "order_by": lambda df, f, w: df.order_by(f.col("X").desc(), "ID"),
    "pivot": lambda df, f, w: df.select("S", "FLAG", "X").pivot("S", ["de", "fr"]).sum("X"),
    "pivot all": lambda df, f, w: df.select("S", "FLAG", "X").pivot("S").sum("X"),
    "pivot group_by": lambda df, f, w: df.group_by("FLAG").pivot("S", ["de", "fr"]).agg(f.avg("X")),
    "pivot numbers": lambda df, f, w: df.select("N", "FLAG", "X").pivot("N", [1, 2]).max("X"),
    "pivot query": lambda df, f, w: (
        df.select("S", "FLAG", "X").pivot("S", df.select("S").distinct()).sum("X")
    ),
    "random_split": lambda df, f, w: df.random_split([0.5, 0.5], seed=1)[0],
    "rename": lambda df, f, w: df.rename({"X": "XX"}),
    "rollup": lambda df, f, w: df.rollup("S", "FLAG").agg(f.sum("X").alias("SX"), f.grouping("S").alias("G")),
    "sample": lambda df, f, w: df.sample(0.5),
    "sample rows": lambda df, f, w: df.filter(f.col("X") > 0).sample(n=5),
    "schema": lambda df, f, w: df.select(f.col("X") + 1, "S").schema,
    "select": lambda df, f, w: df.select(
        "X", f.col("Y") * 2, (f.col("N") % 2).alias("P"), f.lit("it's \\ a\nb")
    ),
    "select literals": lambda df, f, w: df.select(
        *[f.lit(value).alias(f"L{i}") for i, value in enumerate(_values())]
    ),
    "select star": lambda df, f, w: df.select("*", f.lit(1).alias("ONE")),
    "select subquery": lambda df, f, w: df.filter(f.sql_expr('x > (select avg(x) from "FRAME")')),
    "select_expr": lambda df, f, w: df.select_expr(
        "x + 1 as x1", "upper(s) as us", "case when n > 1 then 'a' end as c"
    ),
    "show": lambda df, f, w: df.show(5),
    "sort": lambda df, f, w: df.sort(f.col("X").asc_nulls_last(), f.col("S").desc_nulls_first()),
    "stat.approx_quantile": lambda df, f, w: df.stat.approx_quantile("X", [0.25, 0.5]),
    "stat.corr": lambda df, f, w: df.stat.corr("X", "Y"),
    "stat.cov": lambda df, f, w: df.stat.cov("X", "Y"),
    "stat.crosstab": lambda df, f, w: df.stat.crosstab("S", "FLAG"),
    "stat.sample_by": lambda df, f, w: df.stat.sample_by("S", {"de": 0.5, "fr": 1.0}),
    "to_df": lambda df, f, w: df.select("X", "Y").to_df("A", "B"),
    "to_local_iterator": lambda df, f, w: list(df.select("X").to_local_iterator()),
    "to_pandas": lambda df, f, w: df.select("X", "S").to_pandas(),
    "to_pandas_batches": lambda df, f, w: list(df.select("X").to_pandas_batches()),
    "union": lambda df, f, w: df.select("S").union(df.select("T")),
    "union_all": lambda df, f, w: df.select("S").union_all(df.select("T")).union_all(df.select("S")),
    "union_all_by_name": lambda df, f, w: df.select("X", "Y").union_all_by_name(df.select("Y", "X")),
    "union_by_name": lambda df, f, w: df.select("X", "Y").union_by_name(df.select("Y", "X")),
    "unpivot": lambda df, f, w: df.select("ID", "X", "Y").unpivot("V", "K", ["X", "Y"]),
    "unpivot nulls": lambda df, f, w: df.select("ID", "X", "Y").unpivot(
        "V", "K", ["X", "Y"], include_nulls=True
    ),
    "where in query": lambda df, f, w: df.filter(f.col("ID").in_(df.filter(f.col("X") > 3).select("ID"))),
    "with_column": lambda df, f, w: df.with_column("Z", f.col("X") / 2).with_column(
        "Z2", f.col("Z") * f.col("Z")
    ),
    "with_column nested": lambda df, f, w: _nested(df, f),
    "with_column_renamed": lambda df, f, w: df.with_column_renamed("X", "XX"),
    "with_columns": lambda df, f, w: df.with_columns(["A", "B"], [f.col("X") + 1, f.col("Y") - 1]),
    "write": lambda df, f, w: df.write.save_as_table("T"),
    "copy_into_location": lambda df, f, w: df.write.copy_into_location("@~/x"),
}


def _sets(*sets: Any) -> Any:
    from snowflake.snowpark import GroupingSets

    return GroupingSets(*sets)


def _values() -> list[Any]:
    import datetime
    import decimal

    return [
        1,
        -1,
        2**62,
        1.5,
        -1e300,
        float("nan"),
        float("inf"),
        True,
        None,
        "",
        "a'b",
        "\\n",
        decimal.Decimal("1.25"),
        datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 400),
        datetime.time(1, 2, 3),
        b"\x00\xff",
    ]


def _asof(df: Any, f: Any) -> Any:
    left, right = df.select("ID", "S", "TS"), df.select(f.col("S").alias("S2"), f.col("TS").alias("TS2"), "X")
    return left.join(right, on=left.S == right.S2, how="asof", match_condition=left.TS >= right.TS2)


def _joined(df: Any, f: Any, how: str) -> Any:
    other = df.filter(f.col("X") > 3).select(f.col("ID").alias("ID2"), f.col("Y").alias("Y2"))
    return df.join(other, df["ID"] == other["ID2"], how)


def _nested(df: Any, f: Any) -> Any:
    for i in range(40):
        df = df.with_column("Z", f.col("X" if i == 0 else "Z") + 1)
    return df
