# attempt: loops for ever
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        pass
