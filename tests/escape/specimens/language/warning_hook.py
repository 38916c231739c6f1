# attempt: hooks what shows warnings
# goal: file
# stopped by: language, worker

import warnings


def calc_metric(df):
    seen = []
    warnings.showwarning = lambda message, *more: seen.append(open(CANARY_TXT).read())
    warnings.simplefilter("always")
    warnings.warn("x", UserWarning, stacklevel=1)
    return float(seen[0])
