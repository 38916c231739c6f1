# attempt: shifts a number far to the left
# goal: run
# stopped by: engine


def calc_metric(df):
    return float((1 << (1 << 30)).bit_length())
