# attempt: calls itself without an end
# goal: run
# stopped by: engine


def calc_metric(df):
    return calc_metric(df)
