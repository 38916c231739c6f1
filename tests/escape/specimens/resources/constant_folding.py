# attempt: has the compiler compute a constant of many megabytes
# goal: run
# stopped by: engine


def calc_metric(df):
    return float(len(((("x" * 4096) * 4096) * 4) + "y") + len((0,) * 4096 * 4096))
