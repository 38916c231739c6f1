# attempt: counts its calls in a list of the module
# goal: frame
# stopped by: engine

SEEN = []


def calc_metric(df):
    SEEN.append(1)
    return 1.0 if len(SEEN) == 1 else CANARY_NUMBER
