# attempt: finds the module of builtins as the self of a builtin function
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(len.__self__.open(CANARY_TXT).read())
