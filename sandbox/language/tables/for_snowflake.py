"""Untrusted side. What a metric may use of Snowpark: what the data engine computes; no sessions, UDFs."""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, ModuleRule, refusals, words

MODULES: Final[dict[str, ModuleRule]] = {
    # Only the way to snowflake.snowpark.
    "snowflake": ModuleRule(
        frozenset(),
        modules={"snowpark": "snowflake.snowpark"},
        refused=refusals(
            (
                "connector core ml",
                "use df and its methods",
            ),
        ),
    ),
    # Frames, columns, windows; no sessions, readers or writers.
    "snowflake.snowpark": ModuleRule(
        words(
            """
        CaseExpr Column DataFrame DataFrameNaFunctions DataFrameStatFunctions GroupingSets
        RelationalGroupedDataFrame Row Table Window WindowSpec
        """
        ),
        modules={
            "exceptions": "snowflake.snowpark.exceptions",
            "functions": "snowflake.snowpark.functions",
            "types": "snowflake.snowpark.types",
            "window": "snowflake.snowpark.window",
        },
        refused=refusals(
            (
                "Session",
                "use df.session only through df itself",
            ),
            (
                "DataFrameReader DataFrameWriter FileOperation",
                "metrics cannot read or write tables; the data comes as df",
            ),
            (
                "UDFProfiler StoredProcedureProfiler QueryHistory QueryListener AsyncJob",
                "the engine runs the queries",
            ),
            (
                "context",
                "use df and its methods",
            ),
        ),
    ),
    # Functions that the data engine computes.
    "snowflake.snowpark.functions": ModuleRule(
        words(
            """
        ST_GEOGFROMEWKB ST_GEOGFROMWKB ST_GEOGRAPHYFROMEWKB abs acos acosh add_months any_value
        approx_count_distinct approx_percentile approx_percentile_accumulate approx_percentile_combine
        approx_percentile_estimate array_agg array_append array_cat array_compact array_construct
        array_construct_compact array_contains array_distinct array_except array_flatten array_generate_range
        array_insert array_intersection array_join array_max array_min array_position array_prepend
        array_remove array_remove_at array_reverse array_size array_slice array_sort array_to_string
        array_union array_union_agg array_unique_agg arrays_overlap arrays_to_object arrays_zip as_array
        as_binary as_boolean as_char as_date as_decimal as_double as_integer as_number as_object as_real
        as_time as_timestamp_ltz as_timestamp_ntz as_timestamp_tz as_varchar asc asc_nulls_first
        asc_nulls_last ascii asin asinh atan atan2 atanh avg base64 base64_decode_binary base64_decode_string
        base64_encode bit_length bitand bitand_agg bitmap_bit_position bitmap_bucket_number
        bitmap_construct_agg bitnot bitor bitor_agg bitshiftleft bitshiftright bitshiftright_unsigned bitxor
        bitxor_agg booland booland_agg boolnot boolor boolor_agg boolxor boolxor_agg bround bucket builtin
        call_builtin call_function cast cbrt ceil char charindex check_json check_xml chr coalesce col
        collate collation collect_list collect_set column compress concat concat_ws contains convert_timezone
        corr cos cosh cot count countDistinct count_distinct covar_pop covar_samp create_map cume_dist
        current_date current_time current_timestamp date_add date_format date_from_parts date_part date_sub
        date_trunc dateadd datediff day daydiff dayname dayofmonth dayofweek dayofyear decode
        decompress_binary decompress_string degrees dense_rank desc desc_nulls_first desc_nulls_last div0
        div0null divnull editdistance element_at endswith equal_nan equal_null exp explode explode_outer expr
        factorial first_value flatten floor format_number from_json from_unixtime from_utc_timestamp function
        get get_ignore_case get_path getbit getdate greatest greatest_ignore_nulls grouping grouping_id
        h3_cell_to_boundary h3_cell_to_children h3_cell_to_children_string h3_cell_to_parent h3_cell_to_point
        h3_compact_cells h3_compact_cells_strings h3_coverage h3_coverage_strings h3_get_resolution
        h3_grid_disk h3_grid_distance h3_grid_path h3_int_to_string h3_is_pentagon h3_is_valid_cell
        h3_latlng_to_cell h3_latlng_to_cell_string h3_point_to_cell h3_point_to_cell_string
        h3_polygon_to_cells h3_polygon_to_cells_strings h3_string_to_int h3_try_coverage
        h3_try_coverage_strings h3_try_grid_distance h3_try_grid_path h3_try_polygon_to_cells
        h3_try_polygon_to_cells_strings h3_uncompact_cells h3_uncompact_cells_strings hash haversine hex
        hex_decode_binary hex_decode_string hex_encode hour iff ifnull in_ initcap insert instr
        interval_day_time_from_parts interval_year_month_from_parts is_array is_binary is_boolean is_char
        is_date is_date_value is_decimal is_double is_integer is_null is_null_value is_object is_real is_time
        is_timestamp_ltz is_timestamp_ntz is_timestamp_tz is_varchar jarowinkler_similarity
        json_extract_path_text kurtosis lag last_day last_value lead least least_ignore_nulls left length
        listagg lit ln localtime localtimestamp locate log log10 log1p log2 lower lpad ltrim make_interval
        map_cat map_concat map_contains_key map_delete map_from_arrays map_insert map_keys map_pick map_size
        max max_by md5 md5_binary md5_number_lower64 md5_number_upper64 mean median min min_by minute mod
        mode monotonically_increasing_id month monthname months_between negate next_day normal not_ nth_value
        ntile nullif nullifzero nvl nvl2 object_agg object_construct object_construct_keep_null object_delete
        object_insert object_keys object_pick octet_length parse_json parse_url parse_xml percent_rank
        percentile_approx percentile_cont pi position pow previous_day quarter radians randint randn random
        rank reduce regexp_count regexp_extract regexp_instr regexp_like regexp_replace regexp_substr
        regexp_substr_all regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
        regr_syy regr_valx regr_valy repeat replace reverse right round row_number rpad rtrim rtrimmed_length
        second seq1 seq2 seq4 seq8 sequence sha1 sha1_binary sha2 sha2_binary sign signum sin sinh size skew
        sort_array soundex soundex_p123 space split split_part sql_expr sqrt square st_area st_asewkb
        st_asewkt st_asgeojson st_astext st_aswkb st_aswkt st_azimuth st_buffer st_centroid st_collect
        st_contains st_coveredby st_covers st_difference st_dimension st_disjoint st_distance st_dwithin
        st_endpoint st_envelope st_geogfromewkt st_geogfromgeohash st_geogfromtext st_geogfromwkt
        st_geogpointfromgeohash st_geographyfromewkt st_geographyfromtext st_geographyfromwkb
        st_geographyfromwkt st_geohash st_geometryfromewkb st_geometryfromewkt st_geometryfromtext
        st_geometryfromwkb st_geometryfromwkt st_geomfromewkb st_geomfromewkt st_geomfromgeohash
        st_geomfromtext st_geomfromwkb st_geomfromwkt st_geompointfromgeohash st_hausdorffdistance
        st_interpolate st_intersection st_intersection_agg st_intersects st_isvalid st_length
        st_makegeompoint st_makeline st_makepoint st_makepolygon st_makepolygonoriented st_npoints
        st_numpoints st_perimeter st_pointn st_setsrid st_simplify st_srid st_startpoint st_symdifference
        st_transform st_union st_union_agg st_within st_x st_xmax st_xmin st_y st_ymax st_ymin startswith
        stddev stddev_pop stddev_samp strip_null_value strtok strtok_to_array struct substr substring
        substring_index sum sum_distinct sysdate systimestamp tan tanh time_from_parts timestamp_from_parts
        timestamp_ltz_from_parts timestamp_ntz_from_parts timestamp_tz_from_parts to_array to_binary
        to_boolean to_char to_date to_decfloat to_decimal to_double to_geography to_geometry to_json
        to_object to_time to_timestamp to_timestamp_ltz to_timestamp_ntz to_timestamp_tz to_utc_timestamp
        to_varchar to_variant to_xml translate trim trunc truncate try_base64_decode_binary
        try_base64_decode_string try_cast try_hex_decode_binary try_hex_decode_string try_parse_json
        try_to_binary try_to_geography try_to_geometry typeof unbase64 unicode uniform unix_timestamp upper
        uuid_string var_pop var_samp variance vector_cosine_distance vector_inner_product vector_l2_distance
        weekofyear when when_matched when_not_matched width_bucket window xmlget xpath xpath_boolean
        xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short xpath_string year zeroifnull
        """
        ),
        refused=refusals(
            (
                "call_udf pandas_udf pandas_udtf sproc udaf udf udf_init_once udtf vectorized "
                "call_table_function table_function",
                "Python functions are not run by the data engine; use Snowpark functions, or fetch with "
                "to_pandas()",
            ),
            (
                "ai_agg ai_classify ai_complete ai_count_tokens ai_embed ai_extract ai_filter "
                "ai_multi_embed ai_parse_document ai_redact ai_sentiment ai_similarity ai_summarize_agg "
                "ai_transcribe ai_translate build_stage_file_url dp_interval_high dp_interval_low "
                "fl_get_content_type fl_get_etag fl_get_file_type fl_get_last_modified "
                "fl_get_relative_path fl_get_scoped_file_url fl_get_size fl_get_stage "
                "fl_get_stage_file_url fl_is_audio fl_is_compressed fl_is_document fl_is_image "
                "fl_is_video model prompt service snowflake_cortex_sentiment snowflake_cortex_summarize "
                "system_reference to_file",
                "models, services and stages are out of reach",
            ),
            (
                "all_user_names current_account current_account_name current_available_roles "
                "current_client current_database current_ip_address current_organization_name "
                "current_organization_user current_region current_role current_role_type current_schema "
                "current_schemas current_secondary_roles current_session current_statement "
                "current_transaction current_user current_version current_warehouse getvariable "
                "invoker_role invoker_share is_application_role_in_session is_database_role_in_session "
                "is_granted_to_invoker_role is_role_in_session last_query_id last_transaction",
                "a metric sees rows, not who runs it or where",
            ),
        ),
    ),
    # Data types are plain descriptions.
    "snowflake.snowpark.types": ModuleRule(
        words(
            """
        ArrayType BinaryType BooleanType ByteType ColumnIdentifier DataType DateType DayTimeIntervalType
        DecFloatType DecimalType DoubleType FileType FloatType GeographyType GeometryType IntegerType
        LongType MapType NullType PandasDataFrameType PandasSeriesType ShortType StringType StructField
        StructType TimeType TimestampType VariantType VectorType YearMonthIntervalType _AnsiIntervalType
        _AtomicType _FractionalType _IntegralType _NumericType _PandasType
        """
        ),
    ),
    # Classes to catch.
    "snowflake.snowpark.exceptions": ModuleRule(
        words(
            """
        SnowparkClientException SnowparkColumnException SnowparkDataframeException
        SnowparkFetchDataException SnowparkGeneralException SnowparkInvalidObjectNameException
        SnowparkJoinException SnowparkPlanException SnowparkQueryCancelledException
        SnowparkSQLAmbiguousJoinException SnowparkSQLException SnowparkSQLInvalidIdException
        SnowparkSQLUnexpectedAliasException SnowparkServerException SnowparkSessionException
        """
        ),
    ),
    # Where Window lives.
    "snowflake.snowpark.window": ModuleRule(
        words(
            """
        Window WindowSpec
        """
        ),
    ),
}

CLASSES: Final[dict[str, ClassRule]] = {
    # Frames: what computes on rows.
    "snowflake.snowpark.dataframe.DataFrame": ClassRule(
        words(
            """
        agg alias analytics approxQuantile approx_quantile cache_result col col_ilike collect columns corr
        count cov crossJoin cross_join crosstab cube describe distinct drop dropDuplicates drop_duplicates
        dropna dtypes except_ fillna filter first flatten groupBy group_by group_by_grouping_sets intersect
        join lateral_join limit minus na natural_join orderBy order_by pivot printSchema print_schema
        randomSplit random_split rename replace rollup sample sampleBy sample_by schema select selectExpr
        select_expr show sort stat subtract take toDF toLocalIterator toPandas to_arrow to_arrow_batches
        to_df to_local_iterator to_pandas to_pandas_batches union unionAll unionAllByName unionByName
        union_all union_all_by_name union_by_name unpivot where withColumn withColumnRenamed with_column
        with_column_renamed with_columns
        """
        ),
        refused=refusals(
            (
                "write copy_into_table create_or_replace_dynamic_table create_or_replace_view "
                "createOrReplaceView delete update merge drop_table",
                "metrics write nothing; return a number",
            ),
            (
                "createOrReplaceTempView createTempView create_or_replace_temp_view create_temp_view",
                "a metric has no session to read views with; keep the frame in a variable",
            ),
            (
                "explain queries get_execution_profile",
                "a metric sees rows, not how they are computed",
            ),
            (
                "session collect_nowait",
                "use df and its methods",
            ),
            (
                "ai",
                "models are out of reach",
            ),
            (
                "join_table_function pandas to_snowpark_pandas to_polars",
                "Python functions are not run by the data engine; use Snowpark functions, or fetch with "
                "to_pandas()",
            ),
        ),
        columns=True,
        sealed=True,
    ),
    # Columns.
    "snowflake.snowpark.column.Column": ClassRule(
        words(
            """
        alias as_ asc asc_nulls_first asc_nulls_last astype between bitand bitor bitwiseAnd bitwiseOR
        bitwiseXOR bitxor cast collate contains desc desc_nulls_first desc_nulls_last else_ endswith
        eqNullSafe equal_nan equal_null getField getItem getName get_name in_ isNotNull isNull is_not_null
        is_null isin like name otherwise over regexp rlike startswith substr substring try_cast when
        within_group
        """
        ),
    ),
    # Groups.
    "snowflake.snowpark.relational_grouped_dataframe.RelationalGroupedDataFrame": ClassRule(
        words(
            """
        agg avg builtin count function max mean median min pivot sum
        """
        ),
        refused=refusals(
            (
                "applyInPandas apply_in_pandas ai_agg",
                "Python functions are not run by the data engine; use Snowpark functions, or fetch with "
                "to_pandas()",
            ),
        ),
    ),
    # Rows: fields are attributes.
    "snowflake.snowpark.row.Row": ClassRule(
        words(
            """
        asDict as_dict count index
        """
        ),
        columns=True,
    ),
    # What columns are.
    "snowflake.snowpark.types.StructType": ClassRule(words("fields names")),
    "snowflake.snowpark.types.StructField": ClassRule(words("datatype name nullable")),
    "snowflake.snowpark.types.DecimalType": ClassRule(words("precision scale")),
    # Windows.
    "snowflake.snowpark.window.Window": ClassRule(
        words(
            """
        CURRENT_ROW UNBOUNDED_FOLLOWING UNBOUNDED_PRECEDING currentRow orderBy order_by partitionBy
        partition_by rangeBetween range_between rowsBetween rows_between unboundedFollowing
        unboundedPreceding
        """
        ),
    ),
    # Windows.
    "snowflake.snowpark.window.WindowSpec": ClassRule(
        words(
            """
        orderBy order_by partitionBy partition_by rangeBetween range_between rowsBetween rows_between
        """
        ),
    ),
    # df.na.
    "snowflake.snowpark.dataframe_na_functions.DataFrameNaFunctions": ClassRule(
        words(
            """
        drop fill replace
        """
        ),
    ),
    # df.stat.
    "snowflake.snowpark.dataframe_stat_functions.DataFrameStatFunctions": ClassRule(
        words(
            """
        approxQuantile approx_quantile corr cov crosstab sampleBy sample_by
        """
        ),
    ),
    # df.analytics.
    "snowflake.snowpark.dataframe_analytics_functions.DataFrameAnalyticsFunctions": ClassRule(
        words(
            """
        compute_lag compute_lead cumulative_agg moving_agg time_series_agg
        """
        ),
    ),
}
