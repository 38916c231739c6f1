"""Where Sail 0.7 does something else than Spark on the metrics of the corpus, and what.

Found by `python -m tests.corpus.expected --sail`. A test runs each of these on Sail and fails when the
difference is gone, so the table cannot outlive it. Differences of an exception's type alone, and None for
NaN on an empty frame, come out as the same result, and are not listed.
"""

from __future__ import annotations

# metric -> how Sail differs
SAIL_DIFFERENCES: dict[str, str] = {
    # It says so.
    "amount_iqr": "approxQuantile is not supported",
    "attrs_upper_hof": "transform_values is not supported",
    "frequent_items": "freqItems is not supported",
    "lateral_top_two": "a lateral join that refers to the other side is not supported",
    "sessions_per_card": "session_window is not supported",
    "tag_length_hof": "a nested lambda function loses the column that it is applied to",
    "weighted_items_zip": "zip_with is not supported",
    # It gives another number.
    "checksum_overflow": "a sum of bigint that overflows wraps around instead of raising",
    "expr_windows": "a division of decimals keeps six digits less",
    "income_age_cov": "the covariance of no rows is null instead of 0.0",
    "income_ceiling": "a grouped maximum leaves NaN out instead of taking it as the largest number",
    "latency_p95_approx": "percentile_approx gives a number between two values instead of one of them",
    "median_income_with_nan": "the median among NaN is wrong, and another at each call",
}
