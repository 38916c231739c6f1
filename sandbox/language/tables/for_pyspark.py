"""Untrusted side. What a metric may use of PySpark: what the data engine computes; no readers and writers.

The rules are keyed by the public classes; most Connect classes that a metric meets inherit from them.
"""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, ModuleRule, refusals, words

# For all that runs the author's code beside `F.udf`.
_BY_UDF: Final = "use F.udf, F.pandas_udf or F.arrow_udf; or fetch what you need with select(...).toPandas()"

MODULES: Final[dict[str, ModuleRule]] = {
    # Only the way to pyspark.sql, and what df.persist takes.
    "pyspark": ModuleRule(
        words(
            """
        Row StorageLevel
        """
        ),
        modules={
            "sql": "pyspark.sql",
            "errors": "pyspark.errors",
            "storagelevel": "pyspark.storagelevel",
        },
        refused=refusals(
            (
                "SparkContext SparkConf SparkFiles RDD Broadcast Accumulator TaskContext SQLContext "
                "HiveContext",
                "there is no Spark context here; use df and its methods",
            ),
            (
                "pandas",
                "use df.toPandas()",
            ),
            (
                "ml mllib",
                "compute it with Spark functions, or fetch with toPandas() and use numpy or scipy",
            ),
            (
                "cloudpickle serializers java_gateway shell sys util context rdd",
                "use pyspark.sql",
            ),
        ),
    ),
    # What df.persist takes.
    "pyspark.storagelevel": ModuleRule(words("StorageLevel")),
    # Classes to catch, and to raise.
    "pyspark.errors": ModuleRule(
        words(
            """
        AnalysisException ArithmeticException ArrayIndexOutOfBoundsException DateTimeException
        IllegalArgumentException NumberFormatException ParseException PickleException PySparkAssertionError
        PySparkAttributeError PySparkException PySparkImportError PySparkIndexError PySparkKeyError
        PySparkNotImplementedError PySparkPicklingError PySparkRuntimeError PySparkTypeError PySparkValueError
        PythonException QueryContext QueryContextType QueryExecutionException SessionNotSameException
        SparkNoSuchElementException SparkRuntimeException SparkUpgradeException
        StreamingPythonRunnerInitializationException StreamingQueryException
        TempTableAlreadyExistsException UnknownException UnsupportedOperationException
        """
        ),
    ),
    # Frames, columns, windows; no sessions, readers or writers.
    "pyspark.sql": ModuleRule(
        words(
            """
        Column DataFrame DataFrameNaFunctions DataFrameStatFunctions GroupedData Row VariantVal Window
        WindowSpec
        """
        ),
        modules={
            "functions": "pyspark.sql.functions",
            "types": "pyspark.sql.types",
            "window": "pyspark.sql.window",
        },
        refused=refusals(
            (
                "SparkSession HiveContext SQLContext",
                "use df.sparkSession",
            ),
            (
                "DataFrameReader DataFrameWriter DataFrameWriterV2 MergeIntoWriter Catalog readwriter "
                "catalog",
                "metrics cannot read or write tables; the data comes as df",
            ),
            (
                "UDFRegistration UDTFRegistration PandasCogroupedOps udf udtf",
                _BY_UDF,
            ),
            (
                "Observation",
                "compute it with df.agg(...)",
            ),
            (
                "pandas",
                "use df.toPandas()",
            ),
            (
                "streaming",
                "frames are finite",
            ),
        ),
    ),
    # Functions that the data engine computes; no UDFs, no Java, no file names.
    "pyspark.sql.functions": ModuleRule(
        words(
            """
        approxCountDistinct bitwiseNOT chr countDistinct random shiftLeft shiftRight shiftRightUnsigned
        sumDistinct toDegrees toRadians uuid abs acos acosh add_months aes_decrypt aes_encrypt aggregate
        any_value approx_count_distinct approx_percentile array array_agg array_append array_compact
        array_contains array_distinct array_except array_insert array_intersect array_join array_max
        array_min array_position array_prepend array_remove array_repeat array_size array_sort array_union
        arrays_overlap arrays_zip asc asc_nulls_first asc_nulls_last ascii asin asinh assert_true atan atan2
        atanh avg base64 bin bit_and bit_count bit_get bit_length bit_or bit_xor bitmap_and_agg
        bitmap_bit_position bitmap_bucket_number bitmap_construct_agg bitmap_count bitmap_or_agg bitwise_not
        bool_and bool_or broadcast bround btrim call_function cardinality cbrt ceil ceiling char char_length
        character_length coalesce col collate collation collect_list collect_set column concat concat_ws
        contains conv convert_timezone corr cos cosh cot count count_distinct count_if count_min_sketch
        covar_pop covar_samp crc32 create_map csc cume_dist curdate current_date current_time
        current_timestamp current_timezone date_add date_diff date_format date_from_unix_date date_part
        date_sub date_trunc dateadd datediff datepart day dayname dayofmonth dayofweek dayofyear decode
        degrees dense_rank desc desc_nulls_first desc_nulls_last e element_at elt encode endswith equal_null
        every exists exp explode explode_outer expm1 expr extract factorial filter find_in_set first
        first_value flatten floor forall format_number format_string from_csv from_json from_unixtime
        from_utc_timestamp get get_json_object getbit greatest grouping grouping_id hash hex
        histogram_numeric hll_sketch_agg hll_sketch_estimate hll_union hll_union_agg hour hypot ifnull ilike
        initcap inline inline_outer instr is_valid_utf8 is_valid_variant is_variant_null isnan isnotnull
        isnull json_array_length json_object_keys json_tuple kll_merge_agg_bigint kll_merge_agg_double
        kll_merge_agg_float kll_sketch_agg_bigint kll_sketch_agg_double kll_sketch_agg_float
        kll_sketch_get_n_bigint kll_sketch_get_n_double kll_sketch_get_n_float
        kll_sketch_get_quantile_bigint kll_sketch_get_quantile_double kll_sketch_get_quantile_float
        kll_sketch_get_rank_bigint kll_sketch_get_rank_double kll_sketch_get_rank_float
        kll_sketch_merge_bigint kll_sketch_merge_double kll_sketch_merge_float kll_sketch_to_string_bigint
        kll_sketch_to_string_double kll_sketch_to_string_float kurtosis lag last last_day last_value lcase
        lead least left length levenshtein like listagg listagg_distinct lit ln localtimestamp locate log
        log10 log1p log2 lower lpad ltrim make_date make_dt_interval make_interval make_time make_timestamp
        make_timestamp_ltz make_timestamp_ntz make_valid_utf8 make_ym_interval map_concat map_contains_key
        map_entries map_filter map_from_arrays map_from_entries map_keys map_values map_zip_with mask max
        max_by md5 mean median min min_by minute mode monotonically_increasing_id month monthname
        months_between named_struct nanvl negate negative next_day now nth_value ntile nullif nullifzero nvl
        nvl2 octet_length overlay pandas_udf arrow_udf PandasUDFType ArrowUDFType call_udf
        parse_json parse_url percent_rank percentile percentile_approx pi pmod
        posexplode posexplode_outer position positive pow power printf product quarter quote radians
        raise_error rand randn randstr rank reduce regexp regexp_count regexp_extract regexp_extract_all
        regexp_instr regexp_like regexp_replace regexp_substr regr_avgx regr_avgy regr_count regr_intercept
        regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse right rint rlike round
        row_number rpad rtrim schema_of_csv schema_of_json schema_of_variant schema_of_variant_agg sec
        second sentences sequence session_window sha sha1 sha2 shiftleft shiftright shiftrightunsigned
        shuffle sign signum sin sinh size skewness slice some sort_array soundex split split_part sqrt
        st_asbinary st_geogfromwkb st_geomfromwkb st_setsrid st_srid stack startswith std stddev stddev_pop
        stddev_samp str_to_map string_agg string_agg_distinct struct substr substring substring_index sum
        sum_distinct tan tanh theta_difference theta_intersection theta_intersection_agg theta_sketch_agg
        theta_sketch_estimate theta_union theta_union_agg time_bucket time_diff time_from_micros
        time_from_millis time_from_seconds time_to_micros time_to_millis time_to_seconds time_trunc
        timestamp_add timestamp_diff timestamp_micros timestamp_millis timestamp_seconds to_binary to_char
        to_csv to_date to_json to_number to_time to_timestamp to_timestamp_ltz to_timestamp_ntz
        to_unix_timestamp to_utc_timestamp to_varchar to_variant_object to_xml transform transform_keys
        transform_values translate trim trunc try_add try_aes_decrypt try_avg try_divide try_element_at
        try_make_interval try_make_timestamp try_make_timestamp_ltz try_make_timestamp_ntz try_mod
        try_multiply try_parse_json try_parse_url try_subtract try_sum try_to_binary try_to_date
        try_to_number try_to_time try_to_timestamp try_url_decode try_validate_utf8 try_variant_get
        tuple_difference_double tuple_difference_integer tuple_difference_theta_double
        tuple_difference_theta_integer tuple_intersection_agg_double tuple_intersection_agg_integer
        tuple_intersection_double tuple_intersection_integer tuple_intersection_theta_double
        tuple_intersection_theta_integer tuple_sketch_agg_double tuple_sketch_agg_integer
        tuple_sketch_estimate_double tuple_sketch_estimate_integer tuple_sketch_summary_double
        tuple_sketch_summary_integer tuple_sketch_theta_double tuple_sketch_theta_integer
        tuple_union_agg_double tuple_union_agg_integer tuple_union_double tuple_union_integer
        tuple_union_theta_double tuple_union_theta_integer typeof ucase udf unbase64 unhex uniform unix_date
        unix_micros unix_millis unix_seconds unix_timestamp upper url_decode url_encode validate_utf8
        var_pop var_samp variance variant_get weekday weekofyear when width_bucket window window_time xpath
        xpath_boolean xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short xpath_string
        xxhash64 year zeroifnull zip_with
        """
        ),
        refused=refusals(
            (
                "spark_partition_id",
                "use row_number() over (order by ...) or hash(...)",
            ),
            (
                "current_user session_user user current_catalog current_database current_schema current_path "
                "version",
                "leave it out",
            ),
            (
                "from_xml schema_of_xml",
                "take the text apart with xpath_string(...)",
            ),
            (
                "bucket years months days hours",
                "group by date_trunc(...) or a hash",
            ),
            (
                "unwrap_udt",
                "use plain types",
            ),
            (
                "udtf pandas_udtf arrow_udtf AnalyzeArgument "
                "AnalyzeResult UserDefinedFunction UserDefinedTableFunction "
                "SkipRestOfInputTableException",
                _BY_UDF,
            ),
            (
                "reflect java_method try_reflect",
                "Java code is not run by the data engine; use Spark functions",
            ),
            (
                "input_file_name input_file_block_length input_file_block_start",
                "a metric sees rows, not the files that hold them",
            ),
            (
                "partitioning builtin sys functools inspect warnings decimal",
                "use the functions of pyspark.sql.functions",
            ),
        ),
    ),
    # Data types are plain descriptions.
    "pyspark.sql.types": ModuleRule(
        words(
            """
        ArrayType BinaryType BooleanType ByteType CalendarIntervalType CharType DataType DateType
        DayTimeIntervalType DecimalType DoubleType FloatType Geography GeographyType Geometry GeometryType
        IntegerType LongType MapType NullType Row ShortType StringType StructField StructType TimeType
        TimestampNTZType TimestampType VarcharType VariantType VariantVal YearMonthIntervalType
        """
        ),
        refused=refusals(
            (
                "UserDefinedType",
                "use the types of pyspark.sql.types",
            ),
            (
                "datetime decimal json time sys os re base64 calendar ctypes math",
                "it is not part of the types",
            ),
        ),
    ),
    # Where Window lives.
    "pyspark.sql.window": ModuleRule(
        words(
            """
        Window WindowSpec
        """
        ),
    ),
}

CLASSES: Final[dict[str, ClassRule]] = {
    # Frames: what computes on rows.
    "pyspark.sql.dataframe.DataFrame": ClassRule(
        words(
            """
        agg alias approxQuantile cache coalesce colRegex collect columns corr count cov
        createOrReplaceTempView createTempView crossJoin crosstab cube describe distinct drop dropDuplicates
        drop_duplicates dropna dtypes exceptAll exists fillna filter first freqItems groupBy groupby
        groupingSets head hint intersect intersectAll isEmpty isLocal isStreaming is_cached join lateralJoin
        limit mapInArrow mapInPandas melt na nearestByJoin offset orderBy persist printSchema randomSplit
        registerTempTable repartition repartitionById repartitionByRange replace rollup sameSemantics sample
        sampleBy scalar schema select selectExpr semanticHash show sort sortWithinPartitions sparkSession stat
        storageLevel
        subtract summary tail take to toArrow toDF toJSON toLocalIterator toPandas transform transpose union
        unionAll unionByName unpersist unpivot where withColumn withColumnRenamed withColumns
        withColumnsRenamed withMetadata zipWithIndex
        """
        ),
        refused=refusals(
            (
                "write writeStream writeTo mergeInto checkpoint localCheckpoint",
                "metrics write nothing; return a number",
            ),
            (
                "rdd",
                "use df's own methods: df.select, df.agg, or df.toPandas() and then pandas",
            ),
            (
                "pandas_api",
                "use df.toPandas()",
            ),
            (
                "foreach foreachPartition",
                "use mapInPandas(...), and aggregate what it gives",
            ),
            (
                "plot",
                "metrics cannot draw; return a number",
            ),
            (
                "explain executionInfo inputFiles metadataColumn",
                "a metric sees rows, not how or where they are stored",
            ),
            (
                "createGlobalTempView createOrReplaceGlobalTempView",
                "use createOrReplaceTempView",
            ),
            (
                "observe",
                "compute it with agg(...)",
            ),
            (
                "withWatermark dropDuplicatesWithinWatermark",
                "frames are finite; use dropDuplicates",
            ),
            (
                "asTable",
                "table functions are not available",
            ),
        ),
        columns=True,
        sealed=True,
    ),
    # Columns; attributes of a struct are fields.
    "pyspark.sql.column.Column": ClassRule(
        words(
            """
        alias asc asc_nulls_first asc_nulls_last astype between bitwiseAND bitwiseOR bitwiseXOR cast contains
        desc desc_nulls_first desc_nulls_last dropFields endswith eqNullSafe getField getItem ilike isNaN
        isNotNull isNull isin like name otherwise outer over rlike startswith substr transform try_cast when
        withField
        """
        ),
        refused=refusals(
            (
                "to_plan",
                "use the column itself",
            ),
        ),
        columns=True,
    ),
    # Numbers of how functions are applied.
    "pyspark.sql.pandas.functions.PandasUDFType": ClassRule(
        words("SCALAR SCALAR_ITER GROUPED_AGG GROUPED_AGG_ITER"),
        refused=refusals(
            ("GROUPED_MAP", "use df.groupBy(...).applyInPandas(function, schema)"),
            ("MAP_ITER", "use df.mapInPandas(function, schema)"),
        ),
    ),
    "pyspark.sql.pandas.functions.ArrowUDFType": ClassRule(
        words("SCALAR SCALAR_ITER GROUPED_AGG GROUPED_AGG_ITER")
    ),
    # Groups.
    "pyspark.sql.group.GroupedData": ClassRule(
        words(
            """
        agg applyInArrow applyInPandas avg cogroup count max mean min pivot sum
        """
        ),
        refused=refusals(
            (
                "apply",
                "use applyInPandas(...)",
            ),
            (
                "applyInPandasWithState transformWithState transformWithStateInPandas",
                "only streams keep state; use applyInPandas(...)",
            ),
        ),
    ),
    # What spark.udf is.
    "pyspark.sql.connect.udf.UDFRegistration": ClassRule(
        words("register"),
        refused=refusals(
            ("registerJavaFunction registerJavaUDAF", "metrics cannot run Java code; use register")
        ),
    ),
    # Pairs of groups, of which only PySpark itself makes one.
    "pyspark.sql.connect.group.PandasCogroupedOps": ClassRule(words("applyInArrow applyInPandas")),
    # The session of df: SQL over own views, small local tables.
    "pyspark.sql.session.SparkSession": ClassRule(
        words(
            """
        catalog conf createDataFrame emptyDataFrame range sql table tvf udf version
        """
        ),
        refused=refusals(
            (
                "read readStream",
                "files and tables are out of reach; the data comes as df",
            ),
            (
                "dataSource",
                "tables are out of reach; the data comes as df",
            ),
            (
                "udtf",
                _BY_UDF,
            ),
            (
                "builder Builder active getActiveSession newSession cloneSession stop client session_id",
                "use df.sparkSession.sql(...) or createDataFrame(...)",
            ),
            (
                "addArtifact addArtifacts copyFromLocalToFs",
                "metrics cannot bring files",
            ),
            (
                "streams",
                "frames are finite",
            ),
            (
                "interruptAll interruptOperation interruptTag addTag removeTag getTags clearTags "
                "profile is_stopped registerProgressHandler removeProgressHandler clearProgressHandlers "
                "Hook",
                "the engine runs the queries",
            ),
        ),
        templates=frozenset({"sql"}),
        sealed=True,
    ),
    # Settings: a table in the worker answers, and none of them reaches the data engine.
    "pyspark.sql.connect.conf.RuntimeConf": ClassRule(
        words("get getAll isModifiable set unset"), sealed=True
    ),
    # The metric's own temporary views.
    "pyspark.sql.connect.catalog.Catalog": ClassRule(
        words("dropTempView tableExists"),
        refused=refusals(
            (
                "analyzeTable cacheTable clearCache createDatabase createExternalTable createTable "
                "currentCatalog currentDatabase databaseExists dropDatabase dropGlobalTempView dropTable "
                "dropView functionExists getCreateTableString getDatabase getFunction getTable "
                "getTableProperties isCached listCatalogs listColumns listDatabases listFunctions "
                "listPartitions listTables listViews recoverPartitions refreshByPath refreshTable "
                "registerFunction setCurrentCatalog setCurrentDatabase truncateTable uncacheTable",
                "tables are out of reach; tableExists and dropTempView work on views of the metric's own",
            ),
        ),
        sealed=True,
    ),
    # Functions that make rows of columns.
    "pyspark.sql.connect.tvf.TableValuedFunction": ClassRule(
        words(
            """
        explode explode_outer inline inline_outer json_tuple posexplode posexplode_outer range stack
        variant_explode variant_explode_outer
        """
        ),
        refused=refusals(
            (
                "collations python_worker_logs sql_keywords",
                "it describes the data engine, not the data",
            ),
        ),
        sealed=True,
    ),
    # df.na.
    "pyspark.sql.dataframe.DataFrameNaFunctions": ClassRule(
        words(
            """
        drop fill replace
        """
        ),
    ),
    # df.stat.
    "pyspark.sql.dataframe.DataFrameStatFunctions": ClassRule(
        words(
            """
        approxQuantile corr cov crosstab freqItems sampleBy
        """
        ),
    ),
    # Windows.
    "pyspark.sql.window.Window": ClassRule(
        words(
            """
        currentRow orderBy partitionBy rangeBetween rowsBetween unboundedFollowing unboundedPreceding
        """
        ),
    ),
    # Windows.
    "pyspark.sql.window.WindowSpec": ClassRule(
        words(
            """
        orderBy partitionBy rangeBetween rowsBetween
        """
        ),
    ),
    # Rows: fields are attributes.
    "pyspark.sql.types.Row": ClassRule(
        words(
            """
        asDict count index
        """
        ),
        columns=True,
    ),
}

# Connect classes that do not inherit from the public ones.
_CONNECT: Final = {
    "pyspark.sql.connect.dataframe.DataFrameNaFunctions": "pyspark.sql.dataframe.DataFrameNaFunctions",
    "pyspark.sql.connect.dataframe.DataFrameStatFunctions": "pyspark.sql.dataframe.DataFrameStatFunctions",
    "pyspark.sql.connect.group.GroupedData": "pyspark.sql.group.GroupedData",
    "pyspark.sql.connect.session.SparkSession": "pyspark.sql.session.SparkSession",
    "pyspark.sql.connect.window.Window": "pyspark.sql.window.Window",
    "pyspark.sql.connect.window.WindowSpec": "pyspark.sql.window.WindowSpec",
}
CLASSES.update({connect: CLASSES[public] for connect, public in _CONNECT.items()})
