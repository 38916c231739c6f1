# attempt: raises an exception that causes itself
# goal: result
# stopped by: engine


def calc_metric(df):
    error = ValueError("x")
    error.__cause__ = error
    raise error
