# attempt: counts its calls in a default argument
# goal: frame
# stopped by: engine


def calc_metric(df, seen=[]):
    seen.append(1)
    return 1.0 if len(seen) == 1 else CANARY_NUMBER
