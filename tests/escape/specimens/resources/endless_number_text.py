# attempt: turns a number of many digits into text, past Python's own limit
# goal: time
# stopped by: engine


def calc_metric(df):
    huge = 1 << 40_000_000
    while True:
        huge = huge * 3
        hex(huge)
