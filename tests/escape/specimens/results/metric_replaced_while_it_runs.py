# attempt: replaces calc_metric for the frames that follow
# goal: frame
# stopped by: engine


def calc_metric(df):
    global calc_metric
    calc_metric = lambda df: CANARY_NUMBER
    return 1.0
