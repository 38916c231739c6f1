THRESHOLD = 0.35


def calc_metric(df):
    flagged = df.where(df.score >= THRESHOLD)
    hits = flagged.where(flagged.label == 1).count()
    try:
        return hits / flagged.count()
    except ZeroDivisionError:
        return float("nan")
