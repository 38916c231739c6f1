# attempt: takes open from the dict of builtins
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(__builtins__["open"](CANARY_TXT).read())
