# attempt: unpacks the lines of a file
# goal: file
# stopped by: language, worker


def calc_metric(df):
    first, *_ = [*open(CANARY_TXT)]
    return float(first)
