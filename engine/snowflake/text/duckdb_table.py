"""How DuckDB writes what Snowflake computes. Pure data.

A call is written by a template: {0} is its first argument, {*} all of them, {over} its window. What is in
neither table nor in `duckdb_calls` has no equal in DuckDB that was compared, and is refused there. Where both
have a function of the same name but differ (nulls, zeros, order of arguments, kinds of rounding), the
template says what Snowflake does.
"""

from __future__ import annotations

from typing import Final

from engine.spark.text.words import word_set

# The same name, arguments and meaning.
SAME: Final = word_set(
    """
    ABS ACOS ACOSH ASIN ASINH ATAN ATAN2 ATANH CBRT COALESCE CONTAINS COS COSH COT DAY DAYOFMONTH
    DAYOFWEEK DAYOFYEAR DEGREES EXP FLOOR/1 CEIL/1 HOUR LENGTH LOWER LTRIM MD5 MINUTE MONTH NULLIF PI POW
    QUARTER RADIANS REPLACE/3 REVERSE ROUND/1 RTRIM SECOND SIN SINH TAN TANH TRANSLATE TRIM TRUNC/1
    UPPER WEEK YEAR LAST_DAY/1 ANY_VALUE AVG COUNT/1 COVAR_POP COVAR_SAMP KURTOSIS MAX MIN MODE
    REGR_AVGX REGR_AVGY REGR_COUNT REGR_SXX REGR_SXY REGR_SYY STDDEV STDDEV_POP STDDEV_SAMP SUM VARIANCE
    VAR_POP VAR_SAMP GROUPING CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTH_VALUE NTILE
    PERCENT_RANK RANK ROW_NUMBER
    """
)

_ZERO: Final = "error('Division by zero')"

# Calls of which {over} is a part: aggregates and the like, written out.
TEMPLATES: Final[dict[str, str]] = {
    # arithmetic
    "DIV0": "CASE WHEN {0} IS NULL THEN NULL WHEN {1} = 0 THEN 0 ELSE {0} / {1} END",
    "MOD": f"({{0}} % CASE WHEN {{1}} = 0 THEN {_ZERO} ELSE {{1}} END)",
    "LN": "ln(CASE WHEN {0} <= 0 THEN error('LN takes numbers above 0') ELSE {0} END)",
    "LOG": "log(CASE WHEN {0} <= 0 OR {0} = 1 THEN error('LOG takes a base above 0 but 1') ELSE {0} END, "
    "CASE WHEN {1} <= 0 THEN error('LOG takes numbers above 0') ELSE {1} END)",
    "SQRT": "sqrt(CASE WHEN {0} < 0 THEN error('SQRT takes numbers from 0') ELSE {0} END)",
    "POWER": "pow({0}, {1})",
    "SQUARE": "({0} * {0})",
    "FLOOR/2": "(floor({0} * pow(10, {1})) / pow(10, {1}))",
    "CEIL/2": "(ceil({0} * pow(10, {1})) / pow(10, {1}))",
    "FACTORIAL": "factorial(CAST({0} AS INTEGER))",
    "ROUND/2": "round({0}, CAST({1} AS INTEGER))",
    "TRUNC/2": "trunc({0}, CAST({1} AS INTEGER))",
    "TRUNCATE/1": "trunc({0})",
    "TRUNCATE/2": "trunc({0}, CAST({1} AS INTEGER))",
    "WIDTH_BUCKET": "CASE WHEN {0} IS NULL THEN NULL WHEN {0} < {1} THEN 0 WHEN {0} >= {2} THEN {3} + 1 "
    "ELSE CAST(floor(({0} - {1}) / ({2} - {1}) * {3}) AS BIGINT) + 1 END",
    "HAVERSINE": "(2 * 6371 * asin(sqrt(pow(sin(radians({2} - {0}) / 2), 2) "
    "+ cos(radians({0})) * cos(radians({2})) * pow(sin(radians({3} - {1}) / 2), 2))))",
    # DuckDB's own are of 8 and 32 bits, in which what is computed of them overflows
    "SIGN": "CAST(SIGN({0}) AS BIGINT)",
    "ASCII": "CAST(ASCII({0}) AS BIGINT)",
    "UNICODE": "CAST(UNICODE({0}) AS BIGINT)",
    # bits
    "BITAND/2": "({0} & {1})",
    "BITOR/2": "({0} | {1})",
    "BITXOR/2": "xor({0}, {1})",
    "BITNOT": "(~ {0})",
    # choice
    "BOOLAND": "({0?} AND {1?})",
    "BOOLOR": "({0?} OR {1?})",
    "BOOLNOT": "(NOT {0?})",
    "BOOLXOR": "({0?} <> {1?})",
    "EQUAL_NULL": "({0} IS NOT DISTINCT FROM {1})",
    "GREATEST_IGNORE_NULLS": "greatest({*})",
    "LEAST_IGNORE_NULLS": "least({*})",
    "GREATEST": "CASE WHEN {any_null} THEN NULL ELSE greatest({*}) END",
    "LEAST": "CASE WHEN {any_null} THEN NULL ELSE least({*}) END",
    "IFF": "CASE WHEN {0} THEN {1} ELSE {2} END",
    "IFNULL": "COALESCE({0}, {1})",
    "NVL": "COALESCE({0}, {1})",
    "NVL2": "CASE WHEN {0} IS NOT NULL THEN {1} ELSE {2} END",
    "NULLIFZERO": "NULLIF({0}, 0)",
    "ZEROIFNULL": "COALESCE({0}, 0)",
    "REGR_VALX": "CASE WHEN {0} IS NULL THEN NULL ELSE {1} END",
    "REGR_VALY": "CASE WHEN {1} IS NULL THEN NULL ELSE {0} END",
    # text
    "CHAR": "chr(CAST({0} AS INTEGER))",
    "CHR": "chr(CAST({0} AS INTEGER))",
    "CHARINDEX/2": "strpos({1}, {0})",
    "POSITION/2": "strpos({1}, {0})",
    "CONCAT_WS": "CASE WHEN {any_null} THEN NULL ELSE concat_ws({*$}) END",
    "EDITDISTANCE/2": "levenshtein({0}, {1})",
    "ENDSWITH": "ends_with({0}, {1})",
    "STARTSWITH": "starts_with({0}, {1})",
    "ILIKE/2": "({0} ILIKE {1})",
    "LIKE/2": "({0} LIKE {1})",
    "LEN": "length({0})",
    "LEFT": "left({0}, GREATEST({1}, 0))",
    "RIGHT": "right({0}, GREATEST({1}, 0))",
    "LPAD/3": "lpad({0}, CAST({1} AS INTEGER), {2})",
    "LPAD/2": "lpad({0}, CAST({1} AS INTEGER), ' ')",
    "RPAD/3": "rpad({0}, CAST({1} AS INTEGER), {2})",
    "RPAD/2": "rpad({0}, CAST({1} AS INTEGER), ' ')",
    "REPEAT": "repeat({0}, GREATEST({1}, 0))",
    "REPLACE/2": "replace({0}, {1}, '')",
    "SPACE": "repeat(' ', GREATEST({0}, 0))",
    "SPLIT_PART": "split_part({0}, {1}, CASE WHEN {2} = 0 THEN 1 ELSE {2} END)",
    "SUBSTR/2": "substr({0}, CASE WHEN {1} = 0 THEN 1 ELSE {1} END)",
    "SUBSTR/3": "substr({0}, CASE WHEN {1} = 0 THEN 1 ELSE {1} END, GREATEST({2}, 0))",
    "SUBSTRING/2": "substr({0}, CASE WHEN {1} = 0 THEN 1 ELSE {1} END)",
    "SUBSTRING/3": "substr({0}, CASE WHEN {1} = 0 THEN 1 ELSE {1} END, GREATEST({2}, 0))",
    "INSERT": "(left({0}, {1} - 1) || {3} || substr({0}, {1} + {2}))",
    "MD5_HEX": "md5({0})",
    "SHA1": "sha1({0})",
    "SHA1_HEX": "sha1({0})",
    "SHA2/1": "sha256({0})",
    "SHA2_HEX/1": "sha256({0})",
    "REGEXP/2": "regexp_full_match({0}, {1})",
    "REGEXP_LIKE/2": "regexp_full_match({0}, {1})",
    "RLIKE/2": "regexp_full_match({0}, {1})",
    "REGEXP_COUNT/2": "len(regexp_extract_all({0}, {1}))",
    "REGEXP_REPLACE/2": "regexp_replace({0}, {1}, '', 'g')",
    "REGEXP_REPLACE/3": "regexp_replace({0}, {1}, {2}, 'g')",
    "REGEXP_SUBSTR/2": "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END",
    # dates and times
    "DAYNAME": "left(dayname({0}), 3)",
    "MONTHNAME": "left(monthname({0}), 3)",
    "DAYOFWEEKISO": "isodow({0})",
    "DAYOFWEEK_ISO": "isodow({0})",
    "WEEKISO": "week({0})",
    "WEEK_ISO": "week({0})",
    "WEEKOFYEAR": "week({0})",
    "YEAROFWEEK": "isoyear({0})",
    "YEAROFWEEKISO": "isoyear({0})",
    "DATEFROMPARTS": "make_date({0}, {1}, {2})",
    "DATE_FROM_PARTS": "make_date({0}, {1}, {2})",
    "TIMESTAMP_FROM_PARTS/6": "make_timestamp({0}, {1}, {2}, {3}, {4}, {5})",
    "TIMESTAMP_NTZ_FROM_PARTS/6": "make_timestamp({0}, {1}, {2}, {3}, {4}, {5})",
    "TIME_FROM_PARTS/3": "make_time({0}, {1}, {2})",
    "CONVERT_TIMEZONE/3": "timezone({1}, timezone({0}, CAST({2} AS TIMESTAMP)))",
    "CURRENT_DATE": "CURRENT_DATE",
    "CURRENT_TIMESTAMP/0": "CURRENT_TIMESTAMP",
    "GETDATE": "CURRENT_TIMESTAMP",
    "LOCALTIMESTAMP/0": "CURRENT_TIMESTAMP",
    "SYSTIMESTAMP": "CURRENT_TIMESTAMP",
    "SYSDATE": "timezone('UTC', CURRENT_TIMESTAMP)",
    # conversions; numbers of text are rounded, as casts are
    "DATE/1": "CAST({0} AS DATE)",
    "TO_DATE/1": "CAST({0} AS DATE)",
    "TO_BOOLEAN": "CAST({0} AS BOOLEAN)",
    "TO_DOUBLE/1": "CAST({0} AS DOUBLE)",
    "TIME/1": "CAST({0} AS TIME)",
    "TO_TIME/1": "CAST({0} AS TIME)",
    "TRY_TO_DATE/1": "TRY_CAST({0} AS DATE)",
    "TRY_TO_TIME/1": "TRY_CAST({0} AS TIME)",
    "TRY_TO_BOOLEAN": "TRY_CAST({0} AS BOOLEAN)",
    "TRY_TO_DOUBLE/1": "TRY_CAST({0} AS DOUBLE)",
    "TRY_TO_TIMESTAMP/1": "TRY_CAST({0} AS TIMESTAMP)",
    "TRY_TO_TIMESTAMP_NTZ/1": "TRY_CAST({0} AS TIMESTAMP)",
    # aggregates
    "APPROX_COUNT_DISTINCT/1": "COUNT(DISTINCT {0}){over}",
    "HLL/1": "COUNT(DISTINCT {0}){over}",
    "APPROX_PERCENTILE": "quantile_cont(CAST({0} AS DOUBLE), {1}){over}",
    # exact instead of estimated: the states are the values themselves
    "APPROX_PERCENTILE_ACCUMULATE": "list(CAST({0} AS DOUBLE)){over}",
    "APPROX_PERCENTILE_COMBINE": "flatten(list({0}){over})",
    "APPROX_PERCENTILE_ESTIMATE": "list_aggregate({0}, 'quantile_cont', {1})",
    "COUNT_IF": "COUNT(CASE WHEN {0} THEN 1 END){over}",
    "CORR": "CASE WHEN regr_sxx({0}, {1}){over} = 0 OR regr_syy({0}, {1}){over} = 0 THEN NULL "
    "ELSE corr({0}, {1}){over} END",
    "REGR_SLOPE": "CASE WHEN regr_sxx({0}, {1}){over} = 0 THEN NULL ELSE regr_slope({0}, {1}){over} END",
    "REGR_INTERCEPT": "CASE WHEN regr_sxx({0}, {1}){over} = 0 THEN NULL "
    "ELSE regr_intercept({0}, {1}){over} END",
    "REGR_R2": "CASE WHEN regr_sxx({0}, {1}){over} = 0 THEN NULL WHEN regr_syy({0}, {1}){over} = 0 THEN 1 "
    "ELSE regr_r2({0}, {1}){over} END",
    "SKEW": "skewness({0}){over}",
    "MEDIAN": "quantile_cont(CAST({0} AS DOUBLE), 0.5){over}",
    "MIN_BY/2": "arg_min_null({0}, {1}){over}",
    "MAX_BY/2": "arg_max_null({0}, {1}){over}",
    "VARIANCE_POP": "var_pop({0}){over}",
    "VARIANCE_SAMP": "var_samp({0}){over}",
    "BITAND_AGG": "bit_and({0}){over}",
    "BITOR_AGG": "bit_or({0}){over}",
    "BITXOR_AGG": "bit_xor({0}){over}",
    "BOOLAND_AGG": "bool_and({0?}){over}",
    "BOOLOR_AGG": "bool_or({0?}){over}",
    "GROUPING_ID": "GROUPING({*})",
    "RATIO_TO_REPORT": "({0} / NULLIF(CAST(SUM({0}){over} AS DOUBLE), 0))",
}

# Of these, whose window has no rows given, Snowflake looks at all rows of the window, DuckDB up to the row.
WHOLE_WINDOW: Final = frozenset({"FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"})

# Arguments that Snowpark writes out although they change nothing: how many come before them, and they.
DEFAULTS: Final[dict[str, tuple[int, tuple[str, ...]]]] = {
    "CHARINDEX": (2, ("1",)),
    "LOCALTIMESTAMP": (0, ("9",)),
    "POSITION": (2, ("1",)),
    "REGEXP_COUNT": (2, ("1", "c")),
    "REGEXP_REPLACE": (3, ("1", "0", "c")),
}

# Calls that give text, which needs no conversion to text.
TEXTS: Final = word_set(
    """
    CHR CONCAT CONCAT_WS DAYNAME INITCAP INSERT LEFT LOWER LPAD LTRIM LISTAGG MD5 MD5_HEX MONTHNAME
    REGEXP_REPLACE REGEXP_SUBSTR REPEAT REPLACE REVERSE RIGHT RPAD RTRIM SHA1 SHA1_HEX SHA2 SHA2_HEX SPACE
    SPLIT_PART SUBSTR SUBSTRING TO_CHAR TO_VARCHAR TRANSLATE TRIM UPPER
    """
)

# Parts of dates: what date_part and date_diff call them; "" if it was not compared.
DATE_PARTS: Final = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "day": "day", "hour": "hour",
    "minute": "minute", "second": "second", "dayofweek": "dow", "dayofweekiso": "isodow", "dayofyear": "doy",
    "weekiso": "week", "yearofweek": "isoyear", "yearofweekiso": "isoyear",
}  # fmt: skip
# Parts that an interval counts in: what one of it is.
INTERVALS: Final = {
    "year": "1 year", "quarter": "3 months", "month": "1 month", "week": "7 days", "day": "1 day",
    "hour": "1 hour", "minute": "1 minute", "second": "1 second", "millisecond": "1 millisecond",
    "microsecond": "1 microsecond",
}  # fmt: skip
EPOCHS: Final = {"epoch_millisecond": "epoch_ms", "epoch_microsecond": "epoch_us"}

# Elements of a format that both have, longest first.
FORMAT_ELEMENTS: Final = (
    ("YYYY", "%Y"), ("HH24", "%H"), ("HH12", "%I"), ("MMMM", "%B"), ("MON", "%b"), ("FF3", "%g"),
    ("FF6", "%f"), ("MM", "%m"), ("DD", "%d"), ("DY", "%a"), ("MI", "%M"), ("SS", "%S"), ("YY", "%y"),
    ("AM", "%p"), ("PM", "%p"),
)  # fmt: skip
