# attempt: replaces a method of Spark's frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart


def calc_metric(df):
    value = float(df.count())
    type(df).count = lambda self: CANARY_NUMBER
    return value
