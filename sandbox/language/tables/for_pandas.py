"""Untrusted side. What a metric may use of pandas: what computes; no files, text as code, options, drawing.

Methods that look functions up by name (`pdf.agg("mean")`) are listed under `dispatch`: they would otherwise
reach what the other rules refuse (`pdf.agg("to_csv")`).
"""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, FunctionArgument, ModuleRule, refusals, words

_WRITERS: Final = (
    "to_clipboard to_csv to_excel to_feather to_gbq to_hdf to_html to_json to_latex "
    "to_markdown to_orc to_parquet to_pickle to_sql to_stata to_xarray to_xml",
    "metrics write no files; return a number, or print(pdf) while trying things out",
)
# Of frames and series alike.
_REFUSED: Final = refusals(
    _WRITERS,
    (
        "plot hist boxplot style",
        "metrics cannot draw; return a number",
    ),
)

MODULES: Final[dict[str, ModuleRule]] = {
    # Everything that computes on frames; no files, no options.
    "pandas": ModuleRule(
        words(
            """
        ArrowDtype BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DateOffset
        DatetimeIndex DatetimeTZDtype Flags Float32Dtype Float64Dtype Grouper Index IndexSlice Int16Dtype
        Int32Dtype Int64Dtype Int8Dtype Interval IntervalDtype IntervalIndex MultiIndex NA NaT NamedAgg
        Period PeriodDtype PeriodIndex RangeIndex Series SparseDtype StringDtype Timedelta TimedeltaIndex
        Timestamp UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype array bdate_range concat crosstab cut
        date_range factorize from_dummies get_dummies infer_freq interval_range isna isnull json_normalize
        lreshape melt merge merge_asof merge_ordered notna notnull period_range pivot pivot_table qcut
        get_option option_context reset_option set_option timedelta_range to_datetime to_numeric to_timedelta
        unique value_counts wide_to_long
        """
        ),
        modules={
            "api": "pandas.api",
            "errors": "pandas.errors",
            "offsets": "pandas.tseries.offsets",
            "tseries": "pandas.tseries",
        },
        refused=refusals(
            (
                "read_clipboard read_csv read_excel read_feather read_fwf read_gbq read_hdf read_html "
                "read_json read_orc read_parquet read_pickle read_sas read_spss read_sql read_sql_query "
                "read_sql_table read_stata read_table read_xml ExcelFile ExcelWriter HDFStore to_pickle",
                "metrics read no files; the data comes as df",
            ),
            (
                "eval",
                "it runs text as code; write the expression itself",
            ),
            (
                "options describe_option set_eng_float_format",
                "use pd.option_context or pd.set_option with a display option",
            ),
            (
                "show_versions test io core compat util plotting testing arrays annotations tseries",
                "use the public functions of pandas",
            ),
        ),
        dispatch={"pivot_table": FunctionArgument(4, "aggfunc"), "crosstab": FunctionArgument(5, "aggfunc")},
        guarded=words("get_option option_context reset_option set_option"),
    ),
    # Only the way to the type checks.
    "pandas.api": ModuleRule(
        frozenset(),
        modules={"types": "pandas.api.types"},
    ),
    # Only the way to the offsets by their own name.
    "pandas.tseries": ModuleRule(
        frozenset(),
        modules={"offsets": "pandas.tseries.offsets"},
    ),
    # Type checks.
    "pandas.api.types": ModuleRule(
        words(
            """
        CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype infer_dtype is_any_real_numeric_dtype
        is_array_like is_bool is_bool_dtype is_categorical_dtype is_complex is_complex_dtype
        is_datetime64_any_dtype is_datetime64_dtype is_datetime64_ns_dtype is_datetime64tz_dtype is_dict_like
        is_dtype_equal is_extension_array_dtype is_file_like is_float is_float_dtype is_hashable
        is_int64_dtype is_integer is_integer_dtype is_interval is_interval_dtype is_iterator is_list_like
        is_named_tuple is_number is_numeric_dtype is_object_dtype is_period_dtype is_re is_re_compilable
        is_scalar is_signed_integer_dtype is_sparse is_string_dtype is_timedelta64_dtype
        is_timedelta64_ns_dtype is_unsigned_integer_dtype pandas_dtype union_categoricals
        """
        ),
    ),
    # Exceptions, to catch them.
    "pandas.errors": ModuleRule(
        words(
            """
        AbstractMethodError AttributeConflictWarning CSSWarning CategoricalConversionWarning ClosedFileError
        DataError DatabaseError DtypeWarning DuplicateLabelError EmptyDataError IncompatibilityWarning
        IndexingError IntCastingNaNError InvalidColumnName InvalidComparison InvalidIndexError InvalidVersion
        LossySetitemError MergeError NoBufferPresent NullFrequencyError NumExprClobberingError NumbaUtilError
        OptionError OutOfBoundsDatetime OutOfBoundsTimedelta ParserError ParserWarning PerformanceWarning
        PossibleDataLossError PossiblePrecisionLoss PyperclipException PyperclipWindowsException
        SettingWithCopyError SettingWithCopyWarning SpecificationError UndefinedVariableError
        UnsortedIndexError UnsupportedFunctionCall ValueLabelTypeMismatch
        """
        ),
    ),
    # Date offsets.
    "pandas.tseries.offsets": ModuleRule(
        words(
            """
        BDay BMonthBegin BMonthEnd BQuarterBegin BQuarterEnd BYearBegin BYearEnd BaseOffset BusinessDay
        BusinessHour BusinessMonthBegin BusinessMonthEnd CBMonthBegin CBMonthEnd CDay CustomBusinessDay
        CustomBusinessHour CustomBusinessMonthBegin CustomBusinessMonthEnd DateOffset Day Easter FY5253
        FY5253Quarter Hour LastWeekOfMonth Micro Milli Minute MonthBegin MonthEnd Nano QuarterBegin
        QuarterEnd Second SemiMonthBegin SemiMonthEnd Tick Week WeekOfMonth YearBegin YearEnd
        """
        ),
    ),
}

CLASSES: Final[dict[str, ClassRule]] = {
    # Frames: no files, no text run as code, no drawing.
    "pandas.core.frame.DataFrame": ClassRule(
        words(
            """
        T abs add add_prefix add_suffix agg aggregate align all any apply applymap asfreq asof assign astype
        at at_time attrs axes backfill between_time bfill bool clip columns combine combine_first compare
        convert_dtypes copy corr corrwith count cov cummax cummin cumprod cumsum describe diff div divide dot
        drop drop_duplicates droplevel dropna dtypes duplicated empty eq equals eval ewm expanding explode
        ffill fillna filter first first_valid_index flags floordiv from_dict from_records ge get groupby gt
        head iat idxmax idxmin iloc index infer_objects info insert interpolate isetitem isin isna isnull
        items iterrows itertuples join keys kurt kurtosis last last_valid_index le loc lt map mask max mean
        median melt memory_usage merge min mod mode mul multiply ndim ne nlargest notna notnull nsmallest
        nunique pad pct_change pipe pivot pivot_table pop pow prod product quantile query radd rank rdiv
        reindex reindex_like rename rename_axis reorder_levels replace resample reset_index rfloordiv rmod
        rmul rolling round rpow rsub rtruediv sample select_dtypes sem set_axis set_flags set_index shape
        shift size skew sort_index sort_values sparse squeeze stack std sub subtract sum swapaxes swaplevel
        tail take to_dict to_numpy to_period to_records to_string to_timestamp transform transpose truediv
        truncate tz_convert tz_localize unstack update value_counts values var where xs
        """
        ),
        refused=_REFUSED,
        dispatch={
            "agg": FunctionArgument(0, "func"),
            "aggregate": FunctionArgument(0, "func"),
            "apply": FunctionArgument(0, "func"),
            "transform": FunctionArgument(0, "func"),
            "pivot_table": FunctionArgument(3, "aggfunc"),
        },
        checked=words("eval info query to_string"),
        columns=True,
        writable=words("columns index name names attrs"),
    ),
    # Series, likewise.
    "pandas.core.series.Series": ClassRule(
        words(
            """
        T abs add add_prefix add_suffix agg aggregate align all any apply argmax argmin argsort array asfreq
        asof astype at at_time attrs autocorr axes backfill between between_time bfill bool case_when cat
        clip combine combine_first compare convert_dtypes copy corr count cov cummax cummin cumprod cumsum
        describe diff div divide divmod dot drop drop_duplicates droplevel dropna dt dtype dtypes duplicated
        empty eq equals ewm expanding explode factorize ffill fillna filter first first_valid_index flags
        floordiv ge get groupby gt hasnans head iat idxmax idxmin iloc index infer_objects info interpolate
        is_monotonic_decreasing is_monotonic_increasing is_unique isin isna isnull item items keys kurt
        kurtosis last last_valid_index le list loc lt map mask max mean median memory_usage min mod mode mul
        multiply name nbytes ndim ne nlargest notna notnull nsmallest nunique pad pct_change pipe pop pow
        prod product quantile radd rank ravel rdiv rdivmod reindex reindex_like rename rename_axis
        reorder_levels repeat replace resample reset_index rfloordiv rmod rmul rolling round rpow rsub
        rtruediv sample searchsorted sem set_axis set_flags shape shift size skew sort_index sort_values
        sparse squeeze std str struct sub subtract sum swapaxes swaplevel tail take to_dict to_frame to_list
        to_numpy to_period to_string to_timestamp tolist transform transpose truediv truncate tz_convert
        tz_localize unique unstack update value_counts values var view where xs
        """
        ),
        refused=_REFUSED,
        dispatch={
            "agg": FunctionArgument(0, "func"),
            "aggregate": FunctionArgument(0, "func"),
            "apply": FunctionArgument(0, "func"),
            "transform": FunctionArgument(0, "func"),
        },
        checked=words("info to_string"),
        columns=True,
        writable=words("columns index name names attrs"),
    ),
    # Every kind of index.
    "pandas.core.indexes.base.Index": ClassRule(
        words(
            """
        T add_categories all any append argmax argmin argsort array as_ordered as_unit as_unordered asfreq
        asi8 asof asof_locs astype categories ceil closed closed_left closed_right codes components contains
        copy date day day_name day_of_week day_of_year dayofweek dayofyear days days_in_month daysinmonth
        delete diff difference drop drop_duplicates droplevel dropna dtype dtypes duplicated empty end_time
        equal_levels equals factorize fillna floor freq freqstr from_arrays from_breaks from_fields
        from_frame from_ordinals from_product from_range from_tuples get_indexer get_indexer_for
        get_indexer_non_unique get_level_values get_loc get_loc_level get_locs get_slice_bound groupby
        has_duplicates hasnans holds_integer hour identical indexer_at_time indexer_between_time
        infer_objects inferred_freq inferred_type insert intersection is_ is_boolean is_categorical is_empty
        is_floating is_full is_integer is_interval is_leap_year is_monotonic_decreasing
        is_monotonic_increasing is_month_end is_month_start is_non_overlapping_monotonic is_normalized
        is_numeric is_object is_overlapping is_quarter_end is_quarter_start is_unique is_year_end
        is_year_start isin isna isnull isocalendar item join left length levels levshape map max mean median
        memory_usage microsecond microseconds mid min minute month month_name name names nanosecond
        nanoseconds nbytes ndim nlevels normalize notna notnull nunique open_left open_right ordered overlaps
        putmask quarter qyear ravel reindex remove_categories remove_unused_categories remove_unused_levels
        rename rename_categories reorder_categories reorder_levels repeat resolution right round searchsorted
        second seconds set_categories set_closed set_codes set_levels set_names shape shift size
        slice_indexer slice_locs snap sort sort_values sortlevel start start_time std step stop str strftime
        sum swaplevel symmetric_difference take time timetz to_flat_index to_frame to_julian_date to_list
        to_numpy to_period to_pydatetime to_pytimedelta to_series to_timestamp to_tuples tolist total_seconds
        transpose truncate tz tz_convert tz_localize tzinfo union unique unit value_counts values view week
        weekday weekofyear where year
        """
        ),
        refused=refusals(
            _WRITERS,
        ),
        writable=words("name names"),
    ),
    # Groups and resamplers; functions by name are checked.
    "pandas.core.groupby.groupby.BaseGroupBy": ClassRule(
        words(
            """
        agg aggregate all any apply asfreq bfill corr corrwith count cov cumcount cummax cummin cumprod
        cumsum describe diff dtype dtypes ewm exclusions expanding ffill fillna filter first get_group groups
        head idxmax idxmin indices interpolate is_monotonic_decreasing is_monotonic_increasing keys last
        level max mean median min ndim nearest ngroup ngroups nlargest nsmallest nth nunique ohlc pct_change
        pipe prod quantile rank resample rolling sample sem shift size skew std sum tail take transform
        unique value_counts var
        """
        ),
        refused=refusals(
            (
                "plot hist boxplot",
                "metrics cannot draw; return a number",
            ),
        ),
        dispatch={
            "agg": FunctionArgument(0, "func"),
            "aggregate": FunctionArgument(0, "func"),
            "apply": FunctionArgument(0, "func"),
            "transform": FunctionArgument(0, "func"),
        },
        columns=True,
    ),
    # Rolling, expanding and weighted windows.
    "pandas.core.window.rolling.BaseWindow": ClassRule(
        words(
            """
        agg aggregate apply corr count cov exclusions kurt max mean median min ndim online quantile rank sem
        skew std sum var
        """
        ),
        dispatch={
            "agg": FunctionArgument(0, "func"),
            "aggregate": FunctionArgument(0, "func"),
            "apply": FunctionArgument(0, "func"),
        },
        columns=True,
    ),
}
