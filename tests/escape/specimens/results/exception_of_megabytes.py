# attempt: raises with a message of many megabytes
# goal: result
# stopped by: engine


def calc_metric(df):
    raise ValueError("x" * (32 << 20))
