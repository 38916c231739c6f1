"""Untrusted side. What a metric may use of pyarrow, for functions over arrays: what computes; no files.

Values of pyarrow have one rule for all their classes, but for those of which more is open.
"""

from __future__ import annotations

from typing import Final

from sandbox.language.rules import ClassRule, ModuleRule, refusals, words

_NO_FILES: Final = "metrics read and write no files; the data comes as df"

MODULES: Final[dict[str, ModuleRule]] = {
    # Values and types.
    "pyarrow": ModuleRule(
        words(
            """
        Array ArrowInvalid ArrowNotImplementedError ArrowTypeError BinaryArray BooleanArray ChunkedArray
        Date32Array Decimal128Array DoubleArray FloatArray Int16Array Int32Array Int64Array Int8Array
        ListArray MapArray RecordBatch Scalar StringArray StructArray Table TimestampArray array binary bool_
        chunked_array concat_arrays date32 decimal128 field float32 float64 int16 int32 int64 int8 list_ map_
        null nulls repeat scalar schema string struct table timestamp utf8
        """
        ),
        modules={"compute": "pyarrow.compute"},
        refused=refusals(
            (
                "BufferReader BufferedInputStream BufferedOutputStream CompressedInputStream "
                "CompressedOutputStream MemoryMappedFile NativeFile OSFile PythonFile create_memory_map csv "
                "dataset feather fs input_stream ipc json memory_map orc output_stream parquet",
                _NO_FILES,
            ),
            (
                "foreign_buffer py_buffer allocate_buffer Buffer",
                "make values with pa.array(...)",
            ),
            (
                "cpu_count set_cpu_count io_thread_count set_io_thread_count default_memory_pool "
                "set_memory_pool",
                "a metric depends on its data alone; drop it",
            ),
        ),
    ),
    # Functions of arrays; none by its name, none that is registered for others, no random numbers.
    "pyarrow.compute": ModuleRule(
        words(
            """
        abs abs_checked acos acos_checked add add_checked all and_ and_kleene and_not and_not_kleene any
        approximate_median array_filter array_sort_indices array_take ascii_is_alnum ascii_is_alpha
        ascii_is_decimal ascii_is_lower ascii_is_space ascii_is_upper ascii_lower ascii_lpad ascii_ltrim
        ascii_ltrim_whitespace ascii_reverse ascii_rpad ascii_rtrim ascii_rtrim_whitespace
        ascii_split_whitespace ascii_trim ascii_trim_whitespace ascii_upper asin asin_checked atan atan2
        binary_join binary_join_element_wise binary_length binary_repeat bit_wise_and bit_wise_not bit_wise_or
        bit_wise_xor case_when cast ceil ceil_temporal choose coalesce cos cos_checked count count_distinct
        count_substring count_substring_regex cumulative_max cumulative_min cumulative_prod cumulative_sum day
        day_of_week day_of_year days_between divide divide_checked drop_null ends_with equal exp extract_regex
        fill_null fill_null_backward fill_null_forward filter find_substring find_substring_regex first floor
        floor_temporal greater greater_equal hour hours_between if_else index index_in indices_nonzero invert
        is_finite is_in is_inf is_leap_year is_nan is_null is_valid iso_calendar iso_week iso_year last less
        less_equal list_element list_flatten list_parent_indices list_slice list_value_length ln ln_checked
        log10 log10_checked log1p log1p_checked log2 log2_checked logb logb_checked make_struct map_lookup
        match_like match_substring match_substring_regex max max_element_wise mean microsecond millisecond min
        min_element_wise min_max minute minutes_between mode month multiply multiply_checked negate
        negate_checked not_equal or_ or_kleene pairwise_diff power power_checked product quantile quarter
        quarters_between rank replace_substring replace_substring_regex replace_with_mask round round_temporal
        round_to_multiple second seconds_between shift_left shift_right sign sin sin_checked sort_indices
        split_pattern split_pattern_regex sqrt sqrt_checked starts_with stddev strftime string_is_ascii
        strptime struct_field subsecond subtract subtract_checked sum take tan tan_checked tdigest
        true_unless_null trunc unique us_week us_year utf8_capitalize utf8_is_alnum utf8_is_alpha
        utf8_is_decimal utf8_is_digit utf8_is_lower utf8_is_space utf8_is_upper utf8_length utf8_lower
        utf8_lpad utf8_ltrim utf8_ltrim_whitespace utf8_normalize utf8_replace_slice utf8_reverse utf8_rpad
        utf8_rtrim utf8_rtrim_whitespace utf8_slice_codeunits utf8_split_whitespace utf8_title utf8_trim
        utf8_trim_whitespace utf8_upper value_counts variance week weeks_between xor year year_month_day
        years_between
        """
        ),
        refused=refusals(
            (
                "call_function call_tabular_function get_function function_registry list_functions",
                "call the function itself, such as pc.add(a, b)",
            ),
            (
                "register_scalar_function register_aggregate_function register_tabular_function "
                "register_vector_function",
                "call your own function",
            ),
            ("random", "use np.random.default_rng(0)"),
        ),
    ),
}

_VALUES: Final = words(
    """
    as_py cast chunks column column_names columns combine_chunks drop_nulls equals fill_null filter group_by
    index is_null is_valid join length names nbytes null_count num_columns num_rows rename_columns schema
    select set_column shape slice sort_by take to_batches to_numpy to_pandas to_pydict to_pylist type types
    unique value_counts
    """
)
VALUE: Final = ClassRule(_VALUES)
# Lists and maps are made of values alone: with offsets of one's own they would show foreign memory.
_TABULAR: Final = ClassRule(
    _VALUES | words("add_column append_column drop_columns from_arrays from_pydict from_pylist")
)
CLASSES: Final[dict[str, ClassRule]] = {
    "pyarrow.lib.Table": _TABULAR,
    "pyarrow.lib.RecordBatch": _TABULAR,
    "pyarrow.lib.StructArray": ClassRule(_VALUES | words("field flatten from_arrays")),
}
