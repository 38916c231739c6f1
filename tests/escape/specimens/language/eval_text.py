# attempt: evaluates text
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(eval("open(" + repr(CANARY_TXT) + ").read()"))
