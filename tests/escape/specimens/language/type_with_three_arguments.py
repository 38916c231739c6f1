# attempt: makes a class without a class statement, with a dunder in its dict
# goal: file
# stopped by: language, worker


def calc_metric(df):
    kind = type("Value", (), {"__call__": lambda self: open(CANARY_TXT).read()})
    return float(kind()())
