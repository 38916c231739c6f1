"""How functions of Snowpark are called where columns of numbers would not do; `record` guesses the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Public names in the module of functions that make no column.
NO_FUNCTIONS = {
    name: reason
    for reason, names in {
        "helps the module itself": """
            build_builtin_fn_apply build_call_table_function_apply
            build_expr_from_snowpark_column_or_python_val build_expr_from_snowpark_column_or_sql_str
            build_function_expr check_create_map_parameter
            check_decorator_args deprecated parse_duration_string parse_positional_args_to_list
            private_preview publicapi type_string_to_type_object udf_init_once validate_object_name
            with_src_position
        """,
        "registers code to run on the server, which the client refuses in the worker": """
            pandas_udf pandas_udtf sproc udaf udf udtf vectorized
        """,
        "calls what somebody made in the account": """
            builtin function model service table_function
        """,
        "makes a clause of MERGE": "when_matched when_not_matched",
        "makes a table, in a place of its own": "explode explode_outer call_table_function flatten",
        "makes an item of an order; sort has them": """
            asc asc_nulls_first asc_nulls_last desc desc_nulls_first desc_nulls_last
        """,
        "registers a function of Python first": """
            xpath xpath_boolean xpath_double xpath_float xpath_int xpath_long xpath_number
            xpath_short xpath_string
        """,
    }.items()
    for name in names.split()
}

Made = Callable[[Any], Any]


def _ranked(name: str) -> Made:
    return lambda f: getattr(f, name)().over(_window())


FUNCTIONS: dict[str, Made] = {
    "add_months": lambda f: f.add_months("D", 1),
    "approx_percentile_estimate": lambda f: f.approx_percentile_estimate(
        f.approx_percentile_accumulate("X"), 0.5
    ),
    "approx_percentile": lambda f: f.approx_percentile("X", 0.5),
    "array_agg": lambda f: f.array_agg("X", True),
    "array_construct": lambda f: f.array_construct("X", "Y"),
    "arrays_zip": lambda f: f.arrays_zip(f.array_construct("X"), f.array_construct("Y")),
    "coalesce": lambda f: f.coalesce("X", "Y"),
    "hash": lambda f: f.hash("X", "S"),
    "map_delete": lambda f: f.map_delete(f.col("T"), f.lit("a")),
    "map_pick": lambda f: f.map_pick(f.col("T"), f.lit("a")),
    "truncate": lambda f: f.truncate("X", f.lit(1)),
    "ascii": lambda f: f.ascii("S"),
    "bitand": lambda f: f.bitand("N", f.lit(3)),
    "bitnot": lambda f: f.bitnot("N"),
    "bitor": lambda f: f.bitor("N", f.lit(3)),
    "bitxor": lambda f: f.bitxor("N", f.lit(3)),
    "bitand_agg": lambda f: f.bitand_agg("ID"),
    "bitor_agg": lambda f: f.bitor_agg("ID"),
    "bitxor_agg": lambda f: f.bitxor_agg("ID"),
    "bucket": lambda f: f.bucket(4, f.col("ID")),
    "call_builtin": lambda f: f.call_builtin("avg", f.col("X")),
    "call_function": lambda f: f.call_function("avg", f.col("X")),
    "call_udf": lambda f: f.call_udf("my_function", f.col("X")),
    "cast": lambda f: f.cast("X", "int"),
    "charindex": lambda f: f.charindex(f.lit("e"), f.col("S")),
    "chr": lambda f: f.chr(f.col("ID") + 65),
    "char": lambda f: f.char(f.col("ID") + 65),
    "collate": lambda f: f.collate(f.col("S"), "en-ci"),
    "concat": lambda f: f.concat("S", f.lit("-"), "T"),
    "concat_ws": lambda f: f.concat_ws(f.lit(","), f.col("S"), f.col("T")),
    "contains": lambda f: f.contains(f.col("S"), f.lit("e")),
    "convert_timezone": lambda f: f.convert_timezone(f.lit("Europe/Berlin"), f.col("TS"), f.lit("UTC")),
    "count": lambda f: f.count("X"),
    "count_distinct": lambda f: f.count_distinct("S", "FLAG"),
    "countDistinct": lambda f: f.countDistinct("S"),
    "date_add": lambda f: f.date_add("D", 2),
    "date_format": lambda f: f.date_format("D", "YYYY-MM"),
    "date_from_parts": lambda f: f.date_from_parts(2024, 2, f.col("ID") % 28 + 1),
    "date_part": lambda f: f.date_part("month", "D"),
    "date_sub": lambda f: f.date_sub("D", 2),
    "date_trunc": lambda f: f.date_trunc("month", "TS"),
    "dateadd": lambda f: f.dateadd("day", f.lit(1), f.col("TS")),
    "datediff": lambda f: f.datediff("day", f.col("D"), f.col("TS")),
    "day": lambda f: f.day("D"),
    "daydiff": lambda f: f.daydiff(f.col("TS"), f.col("D")),
    "dayname": lambda f: f.dayname("D"),
    "dayofmonth": lambda f: f.dayofmonth("D"),
    "dayofweek": lambda f: f.dayofweek("D"),
    "dayofyear": lambda f: f.dayofyear("D"),
    "decode": lambda f: f.decode(f.col("S"), f.lit("de"), f.lit(1), f.lit("fr"), f.lit(2), f.lit(0)),
    "editdistance": lambda f: f.editdistance(f.col("S"), f.col("T")),
    "endswith": lambda f: f.endswith(f.col("S"), f.lit("e")),
    "exp": lambda f: f.exp(f.col("X") / 10),
    "acos": lambda f: f.acos(f.col("Y") / 1000),
    "acosh": lambda f: f.acosh(f.col("Y") + 1),
    "asin": lambda f: f.asin(f.col("Y") / 1000),
    "atanh": lambda f: f.atanh(f.col("Y") / 1000),
    "cot": lambda f: f.cot(f.col("Y") + 1),
    "expr": lambda f: f.expr("x + 1 > 2 and s is not null"),
    "factorial": lambda f: f.factorial(f.col("ID") % 5),
    "first_value": lambda f: f.first_value("X").over(_window()),
    "format_number": lambda f: f.format_number("X", 2),
    "from_json": lambda f: f.from_json("T", "object"),
    "from_unixtime": lambda f: f.from_unixtime("ID"),
    "from_utc_timestamp": lambda f: f.from_utc_timestamp("TS", "Europe/Berlin"),
    "greatest": lambda f: f.greatest("X", "Y"),
    "greatest_ignore_nulls": lambda f: f.greatest_ignore_nulls("X", "Y"),
    "grouping": lambda f: f.grouping("S"),
    "grouping_id": lambda f: f.grouping_id("S", "FLAG"),
    "hour": lambda f: f.hour("TS"),
    "iff": lambda f: f.iff(f.col("X") > 1, "a", "b"),
    "in_": lambda f: f.in_([f.col("S")], ["de", "fr"]),
    "initcap": lambda f: f.initcap("S"),
    "insert": lambda f: f.insert("S", 1, 1, f.lit("X")),
    "instr": lambda f: f.instr(f.col("S"), f.lit("e")),
    "jarowinkler_similarity": lambda f: f.jarowinkler_similarity("S", "T"),
    "lag": lambda f: f.lag("X", 1, 0).over(_window()),
    "last_day": lambda f: f.last_day("D"),
    "last_value": lambda f: f.last_value("X").over(_window()),
    "lead": lambda f: f.lead("X").over(_window()),
    "least": lambda f: f.least("X", "Y"),
    "least_ignore_nulls": lambda f: f.least_ignore_nulls("X", "Y"),
    "left": lambda f: f.left(f.col("S"), f.lit(1)),
    "length": lambda f: f.length("S"),
    "listagg": lambda f: f.listagg("S", ", "),
    "lit": lambda f: f.lit("a'b\\c"),
    "ln": lambda f: f.ln(f.col("Y") + 1),
    "locate": lambda f: f.locate("e", f.col("S")),
    "log": lambda f: f.log(2, f.col("Y") + 1),
    "log10": lambda f: f.log10(f.col("Y") + 1),
    "log1p": lambda f: f.log1p("Y"),
    "log2": lambda f: f.log2(f.col("Y") + 1),
    "lower": lambda f: f.lower("S"),
    "lpad": lambda f: f.lpad("S", f.lit(4), f.lit("x")),
    "ltrim": lambda f: f.ltrim("S", f.lit("d")),
    "make_interval": lambda f: f.col("TS") + f.make_interval(days=1, hours=2),
    "md5": lambda f: f.md5("S"),
    "minute": lambda f: f.minute("TS"),
    "mod": lambda f: f.mod("ID", f.lit(3)),
    "month": lambda f: f.month("D"),
    "monthname": lambda f: f.monthname("D"),
    "months_between": lambda f: f.months_between("TS", "D"),
    "next_day": lambda f: f.next_day("D", "mo"),
    "not_": lambda f: f.not_("FLAG"),
    "nth_value": lambda f: f.nth_value("X", 2).over(_window()),
    "ntile": lambda f: f.ntile(f.lit(4)).over(_window()),
    "percentile_approx": lambda f: f.percentile_approx("X", 0.5),
    "percentile_cont": lambda f: f.percentile_cont(0.5).within_group(f.col("X")),
    "position": lambda f: f.position(f.lit("e"), f.col("S")),
    "previous_day": lambda f: f.previous_day("D", "mo"),
    "quarter": lambda f: f.quarter("D"),
    "regexp_count": lambda f: f.regexp_count("T", f.lit("[a-z]")),
    "regexp_extract": lambda f: f.regexp_extract("T", "([a-z])(.)", 2),
    "regexp_instr": lambda f: f.regexp_instr("T", f.lit("b")),
    "regexp_like": lambda f: f.regexp_like("T", f.lit(".*b")),
    "regexp_replace": lambda f: f.regexp_replace("T", f.lit("[a-c]"), f.lit("-")),
    "regexp_substr": lambda f: f.regexp_substr("T", f.lit("[a-z]+")),
    "repeat": lambda f: f.repeat("S", f.lit(2)),
    "replace": lambda f: f.replace("S", f.lit("d"), f.lit("D")),
    "reverse": lambda f: f.reverse("S"),
    "right": lambda f: f.right(f.col("S"), f.lit(1)),
    "round": lambda f: f.round("X", 1),
    "rpad": lambda f: f.rpad("S", f.lit(4), f.lit("x")),
    "rtrim": lambda f: f.rtrim("S", f.lit("e")),
    "second": lambda f: f.second("TS"),
    "sequence": lambda f: f.sequence(f.lit(1), f.lit(3)),
    "sha1": lambda f: f.sha1("S"),
    "sha2": lambda f: f.sha2("S", 256),
    "soundex": lambda f: f.soundex("S"),
    "space": lambda f: f.space(f.lit(2)),
    "split": lambda f: f.split("T", f.lit("_")),
    "split_part": lambda f: f.split_part("T", f.lit("_"), f.lit(1)),
    "sql_expr": lambda f: f.sql_expr("case when x between 1 and 5 then n % 2 else -1 end"),
    "sqrt": lambda f: f.sqrt("Y"),
    "startswith": lambda f: f.startswith(f.col("S"), f.lit("d")),
    "substr": lambda f: f.substr("S", f.lit(1), f.lit(1)),
    "substring": lambda f: f.substring("S", f.lit(1), f.lit(1)),
    "substring_index": lambda f: f.substring_index("T", "_", 1),
    "timestamp_from_parts": lambda f: f.timestamp_from_parts(2024, 1, 2, 3, 4, 5),
    "time_from_parts": lambda f: f.time_from_parts(3, 4, 5),
    "timestamp_ltz_from_parts": lambda f: f.timestamp_ltz_from_parts(2024, 1, 2, 3, 4, 5),
    "timestamp_ntz_from_parts": lambda f: f.timestamp_ntz_from_parts(2024, 1, 2, 3, 4, 5),
    "timestamp_tz_from_parts": lambda f: f.timestamp_tz_from_parts(2024, 1, 2, 3, 4, 5),
    "to_boolean": lambda f: f.to_boolean(f.lit("true")),
    "to_char": lambda f: f.to_char("TS", "YYYY-MM-DD HH24:MI"),
    "to_date": lambda f: f.to_date(f.lit("29.02.2024"), "DD.MM.YYYY"),
    "to_decimal": lambda f: f.to_decimal("X", 10, 1),
    "to_double": lambda f: f.to_double("N"),
    "to_time": lambda f: f.to_time(f.lit("01:02:03")),
    "to_timestamp": lambda f: f.to_timestamp(f.lit("2024-01-02 03:04:05")),
    "to_timestamp_ntz": lambda f: f.to_timestamp_ntz(f.lit("2024-01-02 03:04:05")),
    "to_utc_timestamp": lambda f: f.to_utc_timestamp("TS", "Europe/Berlin"),
    "to_varchar": lambda f: f.to_varchar("D", "YYYY"),
    "translate": lambda f: f.translate("S", f.lit("de"), f.lit("DE")),
    "trim": lambda f: f.trim("S"),
    "trunc": lambda f: f.trunc("X", 1),
    "try_cast": lambda f: f.try_cast("S", "int"),
    "unicode": lambda f: f.unicode("S"),
    "unix_timestamp": lambda f: f.unix_timestamp("TS"),
    "upper": lambda f: f.upper("S"),
    "weekofyear": lambda f: f.weekofyear("D"),
    "when": lambda f: f.when(f.col("X") > 1, 1).otherwise(0),
    "width_bucket": lambda f: f.width_bucket("X", f.lit(0), f.lit(50), f.lit(5)),
    "window": lambda f: f.window("TS", "3 hours"),
    "year": lambda f: f.year("D"),
    **{
        name: _ranked(name)
        for name in ("cume_dist", "dense_rank", "percent_rank", "rank", "row_number")
    },
}  # fmt: skip


def _window() -> Any:
    from snowflake.snowpark import Window

    return Window.partition_by("S").order_by("ID")
