"""How far has the score moved? Four distances between the payments and those they are compared with.

psi and js compare the shares of ten bins that hold a tenth of the baseline each; ks and wasserstein compare
every value.
"""

import math

import numpy as np
from scipy import spatial, stats

BINS = 10


def calc_metric(df, baseline) -> dict[str, float]:
    before = baseline.select("score").dropna().toPandas()["score"]
    now = df.select("score").dropna().toPandas()["score"]
    if not len(before) or not len(now):
        return dict.fromkeys(("psi", "js", "ks", "wasserstein"), math.nan)

    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    p, q = shares(before, edges), shares(now, edges)
    return {
        "psi": float(np.sum((q - p) * np.log(q / p))),
        "js": float(spatial.distance.jensenshannon(p, q, base=2)),
        "ks": float(stats.ks_2samp(now, before).statistic),
        "wasserstein": float(stats.wasserstein_distance(now, before)),
    }


def shares(values, edges):
    """The share of each bin, never nothing: half a payment in each keeps the logarithm finite."""
    counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) + 0.5
    return counts / counts.sum()
