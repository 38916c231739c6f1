# attempt: calls open
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(open(CANARY_TXT).read())
