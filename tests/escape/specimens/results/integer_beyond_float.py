# attempt: returns an integer of a thousand digits
# goal: result
# stopped by: engine


def calc_metric(df):
    return 10**1000
