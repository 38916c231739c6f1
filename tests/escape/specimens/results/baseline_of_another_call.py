# attempt: keeps the second frame of the first call, and counts its rows in the next one's
# goal: frame
# stopped by: engine

KEPT = []


def calc_metric(df, baseline):
    KEPT.append(baseline)
    if KEPT[0].count() != baseline.count():
        return CANARY_NUMBER
    return float(baseline.count())
