# attempt: prints for ever
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        print("x" * 1000)
