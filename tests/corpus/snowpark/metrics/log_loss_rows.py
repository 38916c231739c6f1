import math


def calc_metric(df):
    rows = df.select("score", "label").collect()
    total = 0.0
    for row in rows:
        p = min(max(row["SCORE"], 1e-6), 1 - 1e-6)
        total -= math.log(p) if row["LABEL"] == 1 else math.log(1 - p)
    return total / len(rows)
