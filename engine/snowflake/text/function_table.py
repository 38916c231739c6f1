"""Functions of Snowflake that a metric may call, and those it may not, with reasons. Pure data.

A name is followed by how many arguments it takes: 2, 1-3, 1+, or 0. A name that is in no table is
refused: it is a function of the account's own, or nobody has looked at it yet. Whatever is called here
computes from its arguments (or the clock) alone: it reads no table, stage, session, result or account.
"""

from __future__ import annotations

from typing import Final

# kind, reason, names.
ALLOWED: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "scalar",
        "arithmetic",
        """
        ABS/1 CBRT/1 CEIL/1-2 DIV0/2 DIV0NULL/2 EXP/1 FACTORIAL/1 FLOOR/1-2 LN/1 LOG/2 MOD/2 PI/0 POW/2
        POWER/2 ROUND/1-3 SIGN/1 SQRT/1 SQUARE/1 TRUNC/1-2 TRUNCATE/1-2 WIDTH_BUCKET/4
        """,
    ),
    (
        "scalar",
        "trigonometry",
        """
        ACOS/1 ACOSH/1 ASIN/1 ASINH/1 ATAN/1 ATAN2/2 ATANH/1 COS/1 COSH/1 COT/1 DEGREES/1 HAVERSINE/4
        RADIANS/1 SIN/1 SINH/1 TAN/1 TANH/1
        """,
    ),
    (
        "scalar",
        "bits",
        """
        BITAND/2-3 BITNOT/1 BITOR/2-3 BITSHIFTLEFT/2 BITSHIFTRIGHT/2 BITXOR/2-3 BITMAP_BIT_POSITION/1
        BITMAP_BUCKET_NUMBER/1 GETBIT/2
        """,
    ),
    (
        "scalar",
        "choice between values",
        """
        BOOLAND/2 BOOLNOT/1 BOOLOR/2 BOOLXOR/2 COALESCE/1+ DECODE/3+ EQUAL_NULL/2 GREATEST/1+
        GREATEST_IGNORE_NULLS/1+ IFF/3 IFNULL/2 LEAST/1+ LEAST_IGNORE_NULLS/1+ NULLIF/2 NULLIFZERO/1 NVL/2
        NVL2/3 REGR_VALX/2 REGR_VALY/2 ZEROIFNULL/1
        """,
    ),
    (
        "scalar",
        "text",
        """
        ASCII/1 BIT_LENGTH/1 CHAR/1 CHARINDEX/2-3 CHR/1 CONCAT/1+ CONCAT_WS/2+ CONTAINS/2 EDITDISTANCE/2-3
        ENDSWITH/2 ILIKE/2-3 INITCAP/1-2 INSERT/4 JAROWINKLER_SIMILARITY/2 LEFT/2 LEN/1 LENGTH/1 LIKE/2-3
        LOWER/1 LPAD/2-3 LTRIM/1-2 OCTET_LENGTH/1 POSITION/2-3 REPEAT/2 REPLACE/2-3 REVERSE/1 RIGHT/2
        RPAD/2-3 RTRIM/1-2 RTRIMMED_LENGTH/1 SOUNDEX/1 SOUNDEX_P123/1 SPACE/1 SPLIT/2 SPLIT_PART/3
        STARTSWITH/2 STRTOK/1-3 STRTOK_TO_ARRAY/1-2 SUBSTR/2-3 SUBSTRING/2-3 TRANSLATE/3 TRIM/1-2 UNICODE/1
        UPPER/1
        """,
    ),
    (
        "scalar",
        "regular expressions",
        """
        REGEXP/2-3 REGEXP_COUNT/2-4 REGEXP_INSTR/2-7 REGEXP_LIKE/2-3 REGEXP_REPLACE/2-6 REGEXP_SUBSTR/2-6
        REGEXP_SUBSTR_ALL/2-6 RLIKE/2-3
        """,
    ),
    (
        "scalar",
        "other forms of the same value",
        """
        BASE64_DECODE_BINARY/1-2 BASE64_DECODE_STRING/1-2 BASE64_ENCODE/1-3 HEX_DECODE_BINARY/1
        HEX_DECODE_STRING/1 HEX_ENCODE/1-2 MD5/1 MD5_BINARY/1 MD5_HEX/1 MD5_NUMBER_LOWER64/1
        MD5_NUMBER_UPPER64/1 SHA1/1 SHA1_BINARY/1 SHA1_HEX/1 SHA2/1-2 SHA2_BINARY/1-2 SHA2_HEX/1-2
        TRY_BASE64_DECODE_BINARY/1-2 TRY_BASE64_DECODE_STRING/1-2 TRY_HEX_DECODE_BINARY/1
        TRY_HEX_DECODE_STRING/1
        """,
    ),
    (
        "scalar",
        "parts of dates and times",
        """
        DATE_PART/2 DAY/1 DAYNAME/1 DAYOFMONTH/1 DAYOFWEEK/1 DAYOFWEEKISO/1 DAYOFWEEK_ISO/1 DAYOFYEAR/1
        HOUR/1 MINUTE/1 MONTH/1 MONTHNAME/1 QUARTER/1 SECOND/1 WEEK/1 WEEKISO/1 WEEK_ISO/1 WEEKOFYEAR/1
        YEAR/1 YEAROFWEEK/1 YEAROFWEEKISO/1
        """,
    ),
    (
        "scalar",
        "dates and times",
        """
        ADD_MONTHS/2 CONVERT_TIMEZONE/2-3 DATEADD/3 DATEDIFF/3 DATEFROMPARTS/3 DATE_FROM_PARTS/3
        DATE_TRUNC/2-3 LAST_DAY/1-2 MONTHS_BETWEEN/2 NEXT_DAY/2 PREVIOUS_DAY/2 TIMEADD/3 TIMEDIFF/3
        TIMESTAMPADD/3 TIMESTAMPDIFF/3 TIMESTAMP_FROM_PARTS/2-8 TIMESTAMP_LTZ_FROM_PARTS/2-8
        TIMESTAMP_NTZ_FROM_PARTS/2-8 TIMESTAMP_TZ_FROM_PARTS/6-8 TIME_FROM_PARTS/3-4 TIME_SLICE/3-4
        """,
    ),
    (
        "scalar",
        "conversion to a plain type",
        """
        DATE/1-2 TIME/1-2 TO_BINARY/1-2 TO_BOOLEAN/1 TO_CHAR/1-2 TO_DATE/1-2 TO_DECIMAL/1-4 TO_DOUBLE/1-2
        TO_NUMBER/1-4 TO_NUMERIC/1-4 TO_TIME/1-2 TO_TIMESTAMP/1-2 TO_TIMESTAMP_LTZ/1-2 TO_TIMESTAMP_NTZ/1-2
        TO_TIMESTAMP_TZ/1-2 TO_VARCHAR/1-2 TRY_TO_BINARY/1-2 TRY_TO_BOOLEAN/1 TRY_TO_DATE/1-2
        TRY_TO_DECIMAL/1-4 TRY_TO_DOUBLE/1-2 TRY_TO_NUMBER/1-4 TRY_TO_NUMERIC/1-4 TRY_TO_TIME/1-2
        TRY_TO_TIMESTAMP/1-2 TRY_TO_TIMESTAMP_LTZ/1-2 TRY_TO_TIMESTAMP_NTZ/1-2 TRY_TO_TIMESTAMP_TZ/1-2
        """,
    ),
    (
        "scalar",
        "arrays, objects and maps",
        """
        ARRAYS_OVERLAP/2 ARRAYS_TO_OBJECT/2 ARRAYS_ZIP/1+ ARRAY_APPEND/2 ARRAY_CAT/2 ARRAY_COMPACT/1
        ARRAY_CONSTRUCT/0+ ARRAY_CONSTRUCT_COMPACT/0+ ARRAY_CONTAINS/2 ARRAY_DISTINCT/1 ARRAY_EXCEPT/2
        ARRAY_FLATTEN/1 ARRAY_INSERT/3 ARRAY_INTERSECTION/2 ARRAY_MAX/1 ARRAY_MIN/1 ARRAY_POSITION/2
        ARRAY_PREPEND/2 ARRAY_REMOVE/2 ARRAY_REMOVE_AT/2 ARRAY_REVERSE/1 ARRAY_SIZE/1 ARRAY_SLICE/3
        ARRAY_SORT/1-3 ARRAY_TO_STRING/2 GET/2 GET_IGNORE_CASE/2 GET_PATH/2 MAP_CAT/2 MAP_CONTAINS_KEY/2
        MAP_DELETE/2+ MAP_INSERT/3-4 MAP_KEYS/1 MAP_PICK/2+ MAP_SIZE/1 OBJECT_CONSTRUCT/0+
        OBJECT_CONSTRUCT_KEEP_NULL/0+ OBJECT_DELETE/2+ OBJECT_INSERT/3-4 OBJECT_KEYS/1 OBJECT_PICK/2+
        TO_ARRAY/1 TO_OBJECT/1
        """,
    ),
    (
        "scalar",
        "values of any type",
        """
        AS_ARRAY/1 AS_BINARY/1 AS_BOOLEAN/1 AS_CHAR/1 AS_DATE/1 AS_DECIMAL/1-3 AS_DOUBLE/1 AS_INTEGER/1
        AS_NUMBER/1-3 AS_OBJECT/1 AS_REAL/1 AS_TIME/1 AS_TIMESTAMP_LTZ/1 AS_TIMESTAMP_NTZ/1
        AS_TIMESTAMP_TZ/1 AS_VARCHAR/1 CHECK_JSON/1 IS_ARRAY/1 IS_BINARY/1 IS_BOOLEAN/1 IS_CHAR/1 IS_DATE/1
        IS_DATE_VALUE/1 IS_DECIMAL/1 IS_DOUBLE/1 IS_INTEGER/1 IS_NULL_VALUE/1 IS_OBJECT/1 IS_REAL/1
        IS_TIME/1 IS_TIMESTAMP_LTZ/1 IS_TIMESTAMP_NTZ/1 IS_TIMESTAMP_TZ/1 IS_VARCHAR/1
        JSON_EXTRACT_PATH_TEXT/2 PARSE_JSON/1 STRIP_NULL_VALUE/1 TO_JSON/1 PARSE_URL/1-2 TO_VARIANT/1
        TRY_PARSE_JSON/1 TYPEOF/1
        """,
    ),
    (
        "clock",
        "the time now, the same for all of a statement",
        """
        CURRENT_DATE/0 CURRENT_TIME/0-1 CURRENT_TIMESTAMP/0-1 GETDATE/0 LOCALTIME/0-1 LOCALTIMESTAMP/0-1
        SYSDATE/0 SYSTIMESTAMP/0
        """,
    ),
    ("random", "random numbers", "NORMAL/3 RANDOM/0-1 UNIFORM/3"),
    (
        "aggregate",
        "counts, sums and extremes",
        """
        ANY_VALUE/1 AVG/1 COUNT/1+ COUNT_IF/1 MAX/1 MAX_BY/2-3 MIN/1 MIN_BY/2-3 SUM/1
        """,
    ),
    (
        "aggregate",
        "moments and regression",
        """
        CORR/2 COVAR_POP/2 COVAR_SAMP/2 KURTOSIS/1 REGR_AVGX/2 REGR_AVGY/2 REGR_COUNT/2 REGR_INTERCEPT/2
        REGR_R2/2 REGR_SLOPE/2 REGR_SXX/2 REGR_SXY/2 REGR_SYY/2 SKEW/1 STDDEV/1 STDDEV_POP/1 STDDEV_SAMP/1
        VARIANCE/1 VARIANCE_POP/1 VARIANCE_SAMP/1 VAR_POP/1 VAR_SAMP/1
        """,
    ),
    (
        "aggregate",
        "quantiles and estimates",
        """
        APPROX_COUNT_DISTINCT/1+ APPROX_PERCENTILE/2 APPROX_PERCENTILE_ACCUMULATE/1
        APPROX_PERCENTILE_COMBINE/1 APPROX_PERCENTILE_ESTIMATE/2 APPROX_TOP_K/1-3 HLL/1+ MEDIAN/1 MODE/1
        PERCENTILE_CONT/1 PERCENTILE_DISC/1
        """,
    ),
    (
        "aggregate",
        "of bits and truth values",
        """
        BITAND_AGG/1 BITMAP_CONSTRUCT_AGG/1 BITOR_AGG/1 BITXOR_AGG/1 BOOLAND_AGG/1 BOOLOR_AGG/1
        BOOLXOR_AGG/1
        """,
    ),
    (
        "aggregate",
        "collections",
        "ARRAY_AGG/1 ARRAY_UNION_AGG/1 ARRAY_UNIQUE_AGG/1 LISTAGG/1-2 OBJECT_AGG/2",
    ),
    ("aggregate", "which group a row is of", "GROUPING/1+ GROUPING_ID/1+"),
    (
        "window",
        "places and neighbours in a window",
        """
        CONDITIONAL_CHANGE_EVENT/1 CONDITIONAL_TRUE_EVENT/1 CUME_DIST/0 DENSE_RANK/0 FIRST_VALUE/1 LAG/1-3
        LAST_VALUE/1 LEAD/1-3 NTH_VALUE/2 NTILE/1 PERCENT_RANK/0 RANK/0 RATIO_TO_REPORT/1 ROW_NUMBER/0
        """,
    ),
)

# reason, hint, names. Only for the message: what is not allowed above is refused, listed here or not.
REFUSED: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "it tells about the account, the session or the user",
        "a metric computes from the frame alone",
        """
        ALL_USER_NAMES CURRENT_ACCOUNT CURRENT_ACCOUNT_NAME CURRENT_AVAILABLE_ROLES CURRENT_CLIENT
        CURRENT_DATABASE CURRENT_IP_ADDRESS CURRENT_ORGANIZATION_NAME CURRENT_ORGANIZATION_USER
        CURRENT_REGION CURRENT_ROLE CURRENT_ROLE_TYPE CURRENT_SCHEMA CURRENT_SCHEMAS CURRENT_SECONDARY_ROLES
        CURRENT_SESSION CURRENT_STATEMENT CURRENT_TRANSACTION CURRENT_USER CURRENT_VERSION CURRENT_WAREHOUSE
        GETVARIABLE GET_DDL INVOKER_ROLE INVOKER_SHARE IS_APPLICATION_ROLE_IN_SESSION
        IS_DATABASE_ROLE_IN_SESSION IS_GRANTED_TO_INVOKER_ROLE IS_INSTANCE_ROLE_IN_SESSION
        IS_ROLE_IN_SESSION LAST_TRANSACTION POLICY_CONTEXT SYSTEM_REFERENCE
        """,
    ),
    (
        "it reads results of other queries",
        "use the frame",
        "GET_QUERY_OPERATOR_STATS LAST_QUERY_ID RESULT_SCAN",
    ),
    (
        "it reads files or stages",
        "use the columns of the frame",
        """
        BUILD_SCOPED_FILE_URL BUILD_STAGE_FILE_URL FL_GET_CONTENT_TYPE FL_GET_ETAG FL_GET_FILE_TYPE
        FL_GET_LAST_MODIFIED FL_GET_RELATIVE_PATH FL_GET_SCOPED_FILE_URL FL_GET_SIZE FL_GET_STAGE
        FL_GET_STAGE_FILE_URL FL_IS_AUDIO FL_IS_COMPRESSED FL_IS_DOCUMENT FL_IS_IMAGE FL_IS_VIDEO
        GET_ABSOLUTE_PATH GET_PRESIGNED_URL GET_RELATIVE_PATH GET_STAGE_LOCATION INFER_SCHEMA TO_FILE
        TRY_TO_FILE DIRECTORY
        """,
    ),
    (
        "it calls a model or another service",
        "compute from the frame alone",
        """
        AI_AGG AI_CLASSIFY AI_COMPLETE AI_COUNT_TOKENS AI_EMBED AI_EXTRACT AI_FILTER AI_MULTI_EMBED
        AI_PARSE_DOCUMENT AI_REDACT AI_SENTIMENT AI_SIMILARITY AI_SUMMARIZE_AGG AI_TRANSCRIBE AI_TRANSLATE
        PREDICT PROMPT
        """,
    ),
    (
        "it makes rows instead of a value",
        "make the rows in Python, with numpy or pandas",
        """
        EXPLODE FLATTEN GENERATOR SPLIT_TO_TABLE STRTOK_SPLIT_TO_TABLE TABLE SEQ1 SEQ2 SEQ4 SEQ8
        """,
    ),
    (
        "its argument is the name of something in the account",
        "use the columns of the frame",
        "IDENTIFIER SEMANTIC_VIEW TO_QUERY VALIDATE",
    ),
    (
        "its values are Snowflake's own and change between versions",
        "use MD5 or SHA2",
        "HASH HASH_AGG",
    ),
    (
        "its values are new ones each time",
        "use RANDOM, or numpy in the metric",
        "RANDSTR UUID_STRING ZIPF",
    ),
    (
        "it makes as many values as a number says",
        "make them in Python, with numpy",
        "ARRAY_GENERATE_RANGE",
    ),
    (
        "geospatial values are not open to metrics",
        "HAVERSINE gives distances between coordinates",
        "TO_GEOGRAPHY TO_GEOMETRY TRY_TO_GEOGRAPHY TRY_TO_GEOMETRY",
    ),
    ("numbers of this type are not open to metrics", "use NUMBER or DOUBLE", "TO_DECFLOAT TRY_TO_DECFLOAT"),
    (
        "it has keys in the text of a query",
        "a metric has no secrets to keep",
        "DECRYPT DECRYPT_RAW ENCRYPT ENCRYPT_RAW TRY_DECRYPT TRY_DECRYPT_RAW",
    ),
    (
        "compressed values are not open to metrics: a short one may hold a very long one",
        "use the columns of the frame",
        "COMPRESS DECOMPRESS_BINARY DECOMPRESS_STRING",
    ),
    (
        "XML is not open to metrics",
        "use JSON, or parse it in Python",
        "CHECK_XML PARSE_XML TO_XML XMLGET",
    ),
    (
        "collations change what is equal",
        "compare UPPER or LOWER of both sides",
        "COLLATE COLLATION",
    ),
)

# Refused by how the name begins, for the message alone.
REFUSED_PREFIXES: Final[tuple[tuple[str, str, str], ...]] = (
    ("SYSTEM$", "it asks or changes the system", "a metric computes from the frame alone"),
    ("ST_", "geospatial values are not open to metrics", "HAVERSINE gives distances between coordinates"),
    ("H3_", "geospatial values are not open to metrics", "HAVERSINE gives distances between coordinates"),
    ("AI_", "it calls a model or another service", "compute from the frame alone"),
    ("DP_", "differential privacy belongs to a policy of the account", "use plain aggregates"),
    ("VECTOR_", "vectors are not open to metrics", "compute with numpy in the metric"),
)
