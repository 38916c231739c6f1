# attempt: loops in a finally clause, which no exception ends
# goal: time
# stopped by: engine


def calc_metric(df):
    try:
        return 1.0
    finally:
        while True:
            pass
