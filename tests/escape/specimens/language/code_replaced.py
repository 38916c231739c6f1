# attempt: replaces a function's constants
# goal: file
# stopped by: language, worker


def harmless():
    return "nothing"


def calc_metric(df):
    harmless.__code__ = (lambda: open(CANARY_TXT).read()).__code__
    return float(harmless())
