"""Second opinions: what some of the metrics mean, written once more in pandas, numpy and scipy.

Expected numbers come from running the metrics on plain Spark. That alone would also bless a metric that
computes nonsense, or a frame that holds the wrong rows; so each formula here takes another way to the
same number, from the meaning of the metric and not from its code.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import special, stats

Formula = Callable[[pd.DataFrame], Any]


def _quantile(values: pd.Series[float], share: float) -> float:
    return float(np.quantile(values.dropna(), share, method="inverted_cdf"))


def _auc(p: pd.DataFrame) -> float:
    frauds, honest = p.score[p.label == 1].to_numpy(), p.score[p.label == 0].to_numpy()
    wins = (frauds[:, None] > honest).sum() + 0.5 * (frauds[:, None] == honest).sum()
    return float(wins / (len(frauds) * len(honest)))


def _f2(p: pd.DataFrame) -> float:
    flagged = p.score >= 0.3
    precision = p.label[flagged].mean()
    recall = (flagged & (p.label == 1)).sum() / p.label.sum()
    return float(5 * precision * recall / (4 * precision + recall))


def _hours_between(p: pd.DataFrame) -> float:
    seconds = p.assign(s=p.ts.astype("datetime64[s, UTC]").astype("int64")).sort_values(["ts", "payment_id"])
    return float(seconds.groupby("card_id").s.diff().dropna().mean() / 3600)


def _largest_run(p: pd.DataFrame) -> float:
    # The spending of a day only grows, so its largest running sum is the largest sum of a day.
    return float(p.groupby(["card_id", "event_date"]).price.sum().max())


def _burst_rate(p: pd.DataFrame) -> float:
    bursts = 0
    for times in p.groupby("card_id").ts:
        seconds = np.sort(times[1].astype("datetime64[s, UTC]").astype("int64"))
        first = np.searchsorted(seconds, seconds - 6 * 3600, side="left")
        last = np.searchsorted(seconds, seconds, side="right")
        bursts += int((last - first >= 2).sum())
    return bursts / len(p)


def _smoothed_peak(p: pd.DataFrame) -> float:
    daily = p.groupby("event_date").score.mean().sort_index()
    window: deque[float] = deque(maxlen=7)
    smooth = []
    for value in daily:
        window.append(value)
        smooth.append(sum(window) / len(window))
    return max(smooth) - min(smooth)


def _same_day_pairs(p: pd.DataFrame) -> int:
    # Pairs of one card and day, less those of a row and its copy, whose ids are equal.
    def pairs(keys: list[str]) -> int:
        n = p.groupby(keys).size()
        return int((n * (n - 1) // 2).sum())

    return pairs(["card_id", "event_date"]) - pairs(["payment_id"])


def _third_volume(p: pd.DataFrame) -> float:
    return float(sorted(set(p.groupby("merchant_id").price.sum()), reverse=True)[2])


def _defrauded(p: pd.DataFrame) -> float:
    return float(p.groupby("card_id").label.transform("max").mean())


def _fees(p: pd.DataFrame) -> float:
    rates = {"web": 0.012, "app": 0.010, "terminal": 0.004, "phone": 0.02}
    return math.fsum(rates[channel] * amount for channel, amount in zip(p.channel, p.amount, strict=True))


def _tags(p: pd.DataFrame) -> Counter[str]:
    return Counter(tag for tags in p.tags.dropna() for tag in tags if tag is not None)


def _basket_items(p: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The baskets of whole payloads; one that is cut off counts as none."""
    return [json.loads(text)["basket"] for text in p.payload.dropna() if text.endswith("}")]


def _coupons(p: pd.DataFrame) -> float:
    whole = [json.loads(text) for text in p.payload.dropna() if text.endswith("}")]
    return sum(entry["coupon"] is not None for entry in whole) / p.payload.notna().sum()


def _private_ips(p: pd.DataFrame) -> float:
    octets = [int(note.split("10.0.")[1].split(".")[0]) for note in p.note if "10.0." in note]
    return sum(octets) / len(octets)


def _weekend_ratio(p: pd.DataFrame) -> float:
    daily = p.groupby("event_date").amount.sum()
    weekend = np.array([day.weekday() >= 5 for day in daily.index])
    return float(daily[weekend].mean() / daily[~weekend].mean())


def _cramers_v(p: pd.DataFrame) -> float:
    table = pd.crosstab(p.plan, p.channel).to_numpy()
    return float(stats.contingency.association(table, method="cramer")) if len(table) > 1 else math.nan


def _hashed_sample(p: pd.DataFrame) -> float:
    chosen = [zlib.crc32(str(number).encode()) % 10 < 3 for number in p.payment_id]
    return float(p.label[chosen].mean())


def _two_views(p: pd.DataFrame) -> int:
    def visits(channel: str) -> set[tuple[int, Any]]:
        return set(zip(p.card_id[p.channel == channel], p.event_date[p.channel == channel], strict=True))

    return len({card for card, day in visits("web") & visits("app")})


def _match_device(p: pd.DataFrame) -> float:
    def weigh(device: dict[str, Any] | None) -> int:
        if not device:
            return 0
        if device["os"] in {"ios", "android"} and device["trusted"]:
            return 3
        return 2 if device["os"] == "linux" and device["version"] > 12 else 1

    return float(p.device.map(weigh, na_action=None).mean())


def _gini(p: pd.DataFrame) -> float:
    amount = np.sort(p.amount.to_numpy())
    lorenz = np.concatenate([[0], amount.cumsum()]) / amount.sum()
    return float(1 - 2 * np.trapezoid(lorenz, dx=1 / len(amount)))


def _longest_word(p: pd.DataFrame) -> int:
    return int(p.note.str.split().explode().dropna().str.strip(",.:").str.len().max())


def _cohort_retention(p: pd.DataFrame) -> float:
    days = pd.to_datetime(p.event_date)
    since = (days - days.groupby(p.card_id).transform("min")).dt.days
    return float(p.card_id[since.between(1, 14)].nunique() / p.card_id.nunique())


def _temperature(p: pd.DataFrame) -> float:
    logit, low, high = special.logit(np.clip(p.score, 1e-6, 1 - 1e-6)), -10.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if special.expit(logit + middle).mean() < p.label.mean() else (low, middle)
    return low


def _interval_width(p: pd.DataFrame) -> float:
    k, n = int(p.label.sum()), len(p)
    return float(stats.beta.ppf(0.95, k + 1, n - k) - stats.beta.ppf(0.05, k, n - k + 1))


FORMULAS: dict[str, Formula] = {
    "above_own_mean": lambda p: (p.amount > 2 * p.groupby("card_id").amount.transform("mean")).mean(),
    "amount_iqr": lambda p: _quantile(p.amount, 0.75) - _quantile(p.amount, 0.25),
    "auc_average_rank": _auc,
    "attempts_mean": lambda p: np.mean([int(a["attempt"]) for a in map(dict, p["attrs"]) if "attempt" in a]),
    "average_age_with_nulls": lambda p: math.nan if p.age.isna().any() else p.age.mean(),
    "burst_rate": _burst_rate,
    "busiest_bank": lambda p: max(Counter(dict(a)["bank"] for a in p["attrs"]).values()) / len(p),
    "business_volume": lambda p: p.amount[p.plan == "business"].sum(),
    "clean_card_volume": lambda p: p.price[~p.card_id.isin(p.card_id[p.label == 1])].sum(),
    "cohort_retention": _cohort_retention,
    "country_entropy_bits": lambda p: (
        -sum(q * math.log2(q) for q in p.country.value_counts(normalize=True, dropna=False))
    ),
    "coupon_json_path": _coupons,
    "defrauded_card_share": _defrauded,
    "describe_spread": lambda p: stats.variation(p.amount, ddof=1),
    "distinct_merchant_days": lambda p: len(set(zip(p.merchant_id, p.event_date, strict=True))),
    "f_beta_class": _f2,
    "fees_broadcast": _fees,
    "first_payment_amount": lambda p: (
        p.sort_values(["ts", "payment_id"]).groupby("card_id").amount.first().mean()
    ),
    "fraud_interval_width": _interval_width,
    "fraud_rate": lambda p: p.label.sum() / len(p),
    "fraud_value_share": lambda p: np.average(p.label, weights=p.amount),
    "gini_amount": _gini,
    "guarded_division": lambda p: (p.disputed.dropna() == True).mean(),  # noqa: E712 - holds objects
    "hashed_sample_rate": _hashed_sample,
    "hours_between_payments": _hours_between,
    "income_age_cov": lambda p: np.cov(
        p.age[p.income.notna() & p.age.notna()], p.income[p.income.notna() & p.age.notna()]
    )[0, 1],
    "known_age_columns": lambda p: (p.age * p.score).sum() / p.score[p.age.notna()].sum(),
    "largest_daily_run": _largest_run,
    "latency_p95_approx": lambda p: np.sort(p.latency_ms)[math.ceil(0.95 * len(p)) - 1],
    "least_squares_slope": lambda p: (
        1e3
        * np.linalg.solve((m := p[["amount", "latency_ms", "label"]].cov().to_numpy())[:2, :2], m[:2, 2])[0]
    ),
    "log_loss_rows": lambda p: (
        -special.xlogy(p.label, p.score).mean() - special.xlog1py(1 - p.label, -p.score).mean()
    ),
    "longest_word_iterator": _longest_word,
    "match_on_device": _match_device,
    "median_income": lambda p: np.nanmedian(p.income),
    "night_share": lambda p: p.ts.dt.hour.isin([23, 0, 1, 2, 3, 4]).mean(),
    "outliers_cross_join": lambda p: (np.abs(stats.zscore(p.latency_ms, ddof=1)) > 3).sum(),
    "plan_channel_cramers_v": _cramers_v,
    "precision_above_threshold": lambda p: p.label[p.score >= 0.35].mean(),
    "private_ip_notes": _private_ips,
    "recall_select_expr": lambda p: (p.score[p.label == 1] >= 0.35).mean(),
    "regression_slope": lambda p: (
        1000 * (fit := stats.linregress(p.amount, p.latency_ms)).slope + fit.rvalue**2
    ),
    "retry_rate": lambda p: p.payment_id.duplicated().mean(),
    "same_day_pairs": _same_day_pairs,
    "score_amount_corr": lambda p: stats.pearsonr(p.score, p.amount).statistic,
    "smoothed_daily_peak": _smoothed_peak,
    "stratified_sample": lambda p: p.label.sum(),
    "tag_concentration": lambda p: max(_tags(p).values()) / sum(_tags(p).values()),
    "temperature_root": _temperature,
    "third_merchant_volume": _third_volume,
    "top_hundred_amounts": lambda p: p.amount.nlargest(100).mean(),
    "two_views_sql": _two_views,
    "weekend_volume_ratio": _weekend_ratio,
    "weighted_items_zip": lambda p: np.mean(
        [sum(item["qty"] / place for place, item in enumerate(items, 1)) for items in _basket_items(p)]
    ),
}
