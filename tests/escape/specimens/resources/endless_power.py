# attempt: raises a number to a huge power, in one step
# goal: time
# stopped by: engine


def calc_metric(df):
    return float(7 ** (3 * 10**8) % 10)
