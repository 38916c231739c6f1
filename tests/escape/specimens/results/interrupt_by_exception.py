# attempt: raises what an interrupt raises
# goal: result
# stopped by: engine


def calc_metric(df):
    raise KeyboardInterrupt
