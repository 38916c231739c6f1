"""Columns and windows: calls whose SQL is recorded.

See `tests.snowflake.text.calls`.
"""

from __future__ import annotations

from tests.snowflake.text.calls import Call

COLUMNS: dict[str, Call] = {
    "window rank": lambda df, f, w: df.select(
        "ID", f.rank().over(w.partition_by("S").order_by(f.col("X").desc())).alias("R")
    ),
    "window rows": lambda df, f, w: df.select(
        "ID", f.sum("X").over(w.partition_by("S").order_by("ID").rows_between(-2, w.CURRENT_ROW)).alias("R")
    ),
    "window range": lambda df, f, w: df.select(
        "ID", f.avg("X").over(w.order_by("ID").range_between(w.UNBOUNDED_PRECEDING, w.CURRENT_ROW)).alias("R")
    ),
    "window range interval": lambda df, f, w: df.select(
        "ID",
        f.sum("X").over(w.order_by("TS").range_between(-f.make_interval(hours=5), w.CURRENT_ROW)).alias("R"),
    ),
    "window lag": lambda df, f, w: df.select(
        "ID",
        f.lag("X", 1, 0.0).over(w.partition_by("S").order_by("ID")).alias("A"),
        f.lead("X", 2, None, True).over(w.partition_by("S").order_by("ID")).alias("B"),
    ),
    "window first_value": lambda df, f, w: df.select(
        "ID",
        f.first_value("X").over(w.partition_by("S").order_by("ID")).alias("A"),
        f.last_value("X", True).over(w.partition_by("S").order_by("ID")).alias("B"),
        f.nth_value("X", 2).over(w.partition_by("S").order_by("ID")).alias("C"),
    ),
    "window row_number": lambda df, f, w: df.with_column(
        "R", f.row_number().over(w.partition_by("S").order_by(f.col("Y").desc()))
    ).filter(f.col("R") == 1),
    "window ratio": lambda df, f, w: df.select(
        "ID", f.call_function("ratio_to_report", f.col("Y")).over(w.partition_by("S"))
    ),
    "window whole": lambda df, f, w: df.select("ID", (f.col("X") / f.sum("X").over()).alias("SHARE")),
    "Column.asc": lambda df, f, w: df.sort(
        f.col("X").asc_nulls_first(), f.col("Y").asc(), f.col("N").desc_nulls_last()
    ),
    "Column.between": lambda df, f, w: df.select(f.col("X").between(1, 5).alias("B")),
    "Column.bit": lambda df, f, w: df.select(
        f.col("N").bitand(3).alias("A"), f.col("N").bitor(1).alias("B"), f.col("N").bitxor(1).alias("C")
    ),
    "Column.cast": lambda df, f, w: df.select(
        *[
            f.col("X").cast(kind).alias(f"C{i}")
            for i, kind in enumerate(("int", "string", "double", "decimal(10,2)", "float", "long"))
        ]
    ),
    "Column.cast text": lambda df, f, w: df.select(
        f.lit("2024-02-29").cast("date").alias("A"), f.lit("1.5").cast("double").alias("B")
    ),
    "Column.collate": lambda df, f, w: df.select(f.col("S").collate("en-ci")),
    "Column.equal_nan": lambda df, f, w: df.select(
        f.col("X").equal_nan().alias("A"), f.col("X").equal_null(f.col("Y")).alias("B")
    ),
    "Column.getitem": lambda df, f, w: df.select(
        f.parse_json(f.col("T"))["a"].alias("A"), f.parse_json(f.col("T"))[0].alias("B")
    ),
    "Column.in_": lambda df, f, w: df.select(
        f.col("S").in_("de", "fr").alias("A"), f.col("N").in_([1, 2]).alias("B")
    ),
    "Column.is_null": lambda df, f, w: df.select(
        f.col("X").is_null().alias("A"), f.col("X").is_not_null().alias("B")
    ),
    "Column.like": lambda df, f, w: df.select(
        f.col("T").like("a\\_b").alias("A"),
        f.col("T").like("%s%").alias("B"),
        f.col("T").regexp("a.b").alias("C"),
    ),
    "Column.math": lambda df, f, w: df.select(
        (f.col("X") + 1 - f.col("Y") * 2 / 3).alias("A"),
        (-f.col("X")).alias("B"),
        (f.col("N") ** 2).alias("C"),
        (f.col("ID") % 3).alias("E"),
        (1 / (f.col("Y") + 1)).alias("G"),
    ),
    "Column.startswith": lambda df, f, w: df.select(
        f.col("S").startswith("d").alias("A"),
        f.col("S").endswith("r").alias("B"),
        f.col("S").substr(1, 1).alias("C"),
        f.col("S").contains(f.lit("e")).alias("E"),
    ),
    "Column.try_cast": lambda df, f, w: df.select(f.col("S").try_cast("int").alias("A")),
    "Column.when": lambda df, f, w: df.select(
        f.when(f.col("X") > 5, "big").when(f.col("X") > 0, "small").otherwise("none").alias("A")
    ),
    "Column.within_group": lambda df, f, w: df.group_by("FLAG").agg(
        f.listagg("S", ",", is_distinct=True).within_group(f.col("S")).alias("L"),
        f.percentile_cont(0.25).within_group(f.col("X")).alias("P"),
    ),
}
