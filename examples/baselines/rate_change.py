"""Has the share of frauds changed? The difference to the baseline, with its 95 % confidence interval.

An interval that does not hold 0 is more than chance would do. By Newcombe: from Wilson's intervals of both.
"""

import math

from pyspark.sql import functions as F
from scipy import stats


def calc_metric(df, baseline, *, level: float = 0.95) -> dict[str, float]:
    z = stats.norm.ppf((1 + level) / 2)
    p, low_p, high_p = wilson(df, z)
    q, low_q, high_q = wilson(baseline, z)
    return {
        "change": p - q,
        "low": p - q - math.hypot(p - low_p, high_q - q),
        "high": p - q + math.hypot(high_p - p, q - low_q),
    }


def wilson(frame, z):
    """The share of frauds, and the ends of its interval."""
    frauds, payments = frame.agg(F.sum("label"), F.count("label")).first()
    if not payments:
        return math.nan, math.nan, math.nan
    share = frauds / payments
    middle = (share + z * z / (2 * payments)) / (1 + z * z / payments)
    half = z / (1 + z * z / payments) * math.sqrt(share * (1 - share) / payments + (z / 2 / payments) ** 2)
    return share, middle - half, middle + half
