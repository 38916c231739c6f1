"""The table of functions: one entry for each family, with the reason. Trusted side, pure data.

All families of Spark 4.2's built-in functions, the operators by the names under which plans call them,
and the names that only PySpark's Connect client sends.
"""

from __future__ import annotations

from typing import Final, Literal

from engine.spark.text.words import word_set

FunctionKind = Literal["scalar", "aggregate", "window", "generator", "operator"]

_GENERATORS: Final = """explode explode_outer inline inline_outer json_tuple posexplode posexplode_outer
    range stack variant_explode variant_explode_outer"""

ALLOWED: Final[tuple[tuple[FunctionKind, str, str], ...]] = (
    ("operator", "an operator on values",
     """! != % & * + - / < << <= <=> <> = == > >= >> >>> ^ | || ~ and or not in between div mod pmod like
     ilike rlike regexp regexp_like case when cast isnull isnotnull equal_null"""),
    ("scalar", "computes on numbers",
     """abs acos acosh asin asinh atan atan2 atanh bin bround cbrt ceil ceiling conv cos cosh cot csc
     degrees e exp expm1 factorial floor greatest hex hypot least ln log log10 log1p log2 negative pi
     positive pow power radians rint round sec sign signum sin sinh sqrt tan tanh unhex width_bucket
     try_add try_divide try_mod try_multiply try_subtract bit_count bit_get getbit shiftleft shiftright
     shiftrightunsigned"""),
    ("scalar", "tells nulls, NaN and types apart",
     "coalesce if ifnull isnan nanvl nullif nullifzero nvl nvl2 zeroifnull typeof assert_true raise_error"),
    ("scalar", "converts a value to a type",
     """bigint binary boolean date decimal double float int smallint string time timestamp tinyint
     to_binary to_char to_number to_varchar try_to_binary try_to_number format_number"""),
    ("scalar", "computes on text",
     """ascii base64 bit_length btrim char char_length character_length chr collate collation concat
     concat_ws contains decode elt encode endswith find_in_set format_string initcap instr
     is_valid_utf8 lcase left len length levenshtein locate lower lpad ltrim luhn_check make_valid_utf8
     mask octet_length overlay position printf quote regexp_count regexp_extract regexp_extract_all
     regexp_instr regexp_replace regexp_substr repeat replace right rpad rtrim sentences soundex space
     split split_part startswith substr substring substring_index translate trim try_validate_utf8
     ucase unbase64 upper validate_utf8"""),
    ("scalar", "takes web addresses apart; opens nothing",
     "parse_url try_parse_url url_decode try_url_decode url_encode"),
    ("scalar", "computes a hash", "crc32 hash md5 sha sha1 sha2 xxhash64"),
    ("scalar", "encrypts or decrypts with a key that the author gives",
     "aes_decrypt aes_encrypt try_aes_decrypt"),
    ("scalar", "computes on dates and times",
     """add_months convert_timezone curdate current_date current_time current_timestamp current_timezone
     date_add date_diff date_format date_from_unix_date date_part date_sub date_trunc dateadd datediff
     datepart day dayname dayofmonth dayofweek dayofyear extract from_unixtime from_utc_timestamp hour
     last_day localtimestamp make_date make_dt_interval make_interval make_time make_timestamp
     make_timestamp_ltz make_timestamp_ntz make_ym_interval minute month monthname months_between
     next_day now quarter second session_window time_bucket time_diff time_from_micros time_from_millis
     time_from_seconds time_to_micros time_to_millis time_to_seconds time_trunc timestamp_micros
     timestamp_millis timestamp_seconds timestampadd timestampdiff to_date to_time to_timestamp
     to_timestamp_ltz to_timestamp_ntz to_unix_timestamp to_utc_timestamp trunc try_make_interval
     try_make_timestamp try_make_timestamp_ltz try_make_timestamp_ntz try_to_date try_to_time
     try_to_timestamp unix_date unix_micros unix_millis unix_seconds unix_timestamp weekday weekofyear
     window window_time year"""),
    ("scalar", "computes on arrays, maps and structs",
     """aggregate array array_append array_compact array_contains array_distinct array_except array_insert
     array_intersect array_join array_max array_min array_position array_prepend array_remove
     array_repeat array_size array_sort array_union arrays_overlap arrays_zip cardinality element_at
     exists filter flatten forall get map map_concat map_contains_key map_entries map_filter
     map_from_arrays map_from_entries map_keys map_values map_zip_with named_struct reduce reverse
     sequence shuffle size slice sort_array str_to_map struct transform transform_keys transform_values
     try_element_at zip_with"""),
    ("scalar", "computes on vectors",
     """vector_cosine_similarity vector_inner_product vector_l2_distance vector_norm vector_normalize"""),
    ("scalar", "reads and writes JSON, CSV, XML and variants in values",
     """from_csv from_json get_json_object is_valid_variant is_variant_null json_array_length
     json_object_keys parse_json schema_of_csv schema_of_json schema_of_variant to_csv to_json
     to_variant_object to_xml try_parse_json try_variant_get variant_get"""),
    # Spark's XPath evaluator resolves no external entities: tried with a file entity, see tests/spark/text.
    ("scalar", "evaluates XPath on a value",
     """xpath xpath_boolean xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short
     xpath_string"""),
    ("scalar", "computes on geographic values",
     "st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid st_srid"),
    ("scalar", "random, but harmless",
     """rand randn random randstr uniform uuid monotonically_increasing_id
     distributed_sequence_id"""),
    ("scalar", "tells grouping sets apart", "grouping grouping_id"),
    ("scalar", "reads bitmaps and sketches",
     """approx_top_k_estimate bitmap_bit_position bitmap_bucket_number bitmap_count hll_sketch_estimate
     hll_union kll_sketch_get_n_bigint kll_sketch_get_n_double kll_sketch_get_n_float
     kll_sketch_get_quantile_bigint kll_sketch_get_quantile_double kll_sketch_get_quantile_float
     kll_sketch_get_rank_bigint kll_sketch_get_rank_double kll_sketch_get_rank_float
     kll_sketch_merge_bigint kll_sketch_merge_double kll_sketch_merge_float kll_sketch_to_string_bigint
     kll_sketch_to_string_double kll_sketch_to_string_float theta_difference theta_intersection
     theta_sketch_estimate theta_union tuple_difference_double tuple_difference_integer
     tuple_difference_theta_double tuple_difference_theta_integer tuple_intersection_double
     tuple_intersection_integer tuple_intersection_theta_double tuple_intersection_theta_integer
     tuple_sketch_estimate_double tuple_sketch_estimate_integer tuple_sketch_summary_double
     tuple_sketch_summary_integer tuple_sketch_theta_double tuple_sketch_theta_integer
     tuple_union_double tuple_union_integer tuple_union_theta_double tuple_union_theta_integer"""),
    ("aggregate", "sums up rows",
     """any any_value approx_count_distinct approx_percentile approx_top_k approx_top_k_accumulate
     approx_top_k_combine array_agg avg bit_and bit_or bit_xor bitmap_and_agg bitmap_construct_agg
     bitmap_or_agg bool_and bool_or collect_list collect_set corr count count_if count_min_sketch
     covar_pop covar_samp every first first_value histogram_numeric hll_sketch_agg hll_union_agg
     kll_merge_agg_bigint kll_merge_agg_double kll_merge_agg_float kll_sketch_agg_bigint
     kll_sketch_agg_double kll_sketch_agg_float kurtosis last last_value listagg max max_by mean median
     min min_by mode percentile percentile_approx percentile_cont percentile_disc product regr_avgx
     regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
     schema_of_variant_agg skewness some std stddev stddev_pop stddev_samp string_agg sum
     theta_intersection_agg theta_sketch_agg theta_union_agg try_avg try_sum
     tuple_intersection_agg_double tuple_intersection_agg_integer tuple_sketch_agg_double
     tuple_sketch_agg_integer tuple_union_agg_double tuple_union_agg_integer var_pop var_samp variance
     vector_avg vector_sum"""),
    ("window", "computes over a window",
     "cume_dist dense_rank lag lead nth_value ntile percent_rank rank row_number"),
    ("generator", "makes rows of a value", _GENERATORS),
)  # fmt: skip

# They stand in FROM and LATERAL VIEW, too.
TABLE_FUNCTIONS: Final = word_set(_GENERATORS)

# Other results from run to run, or from one partitioning of the rows to another.
NON_DETERMINISTIC: Final = word_set(
    """rand randn random randstr uniform uuid shuffle monotonically_increasing_id distributed_sequence_id
     now curdate current_date current_time current_timestamp localtimestamp unix_timestamp
     to_unix_timestamp aes_encrypt"""
)

# Depend on the order in which rows arrive, unless a window orders them.
ORDER_SENSITIVE: Final = word_set(
    """any_value array_agg collect_list collect_set first first_value last last_value listagg string_agg
     max_by min_by mode approx_percentile percentile_approx histogram_numeric
     monotonically_increasing_id distributed_sequence_id approx_top_k approx_top_k_accumulate
     approx_top_k_combine
     kll_sketch_agg_bigint kll_sketch_agg_double kll_sketch_agg_float kll_merge_agg_bigint
     kll_merge_agg_double kll_merge_agg_float cume_dist dense_rank lag lead nth_value ntile
     percent_rank rank row_number"""
)

REFUSED: Final[tuple[tuple[str, str, str], ...]] = (
    ("it calls any Java method in the data engine", "write the calculation with other functions",
     "reflect java_method try_reflect"),
    ("it tells names and positions of files", "use the columns of the frame",
     "input_file_name input_file_block_start input_file_block_length"),
    ("it tells how the data engine laid out the rows, which changes from run to run",
     "use row_number() over (order by ...) or hash(...)", "spark_partition_id"),
    ("it tells about the server, not about the data", "leave it out",
     """current_user session_user user current_catalog current_database current_schema current_path
     version sql_keywords collations python_worker_logs"""),
    ("it takes a name from a string, past the checks", "write the name itself", "identifier"),
    ("it reads schema files and loads classes in the data engine",
     "decode the column when the dataset is written",
     "from_avro to_avro schema_of_avro from_protobuf to_protobuf"),
    ("its options can name files of XML schemas", "take the text apart with xpath_string(...)",
     "from_xml schema_of_xml"),
    ("it reads files", "use the frame that calc_metric gets", "read_files read_kafka read_parquet"),
    ("it is for metric views, which do not exist here", "use an aggregate function", "measure"),
    ("it partitions tables that are written, and nothing is written here",
     "group by date_trunc(...) or a hash", "bucket years months days hours"),
    ("it needs a Java class for a user-defined type", "use plain types", "unwrap_udt"),
)  # fmt: skip
