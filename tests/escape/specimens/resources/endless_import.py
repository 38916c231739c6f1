# attempt: asks for the same import for ever
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        import math
