# attempt: maps open over paths
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(next(map(open, [CANARY_TXT])).read())
