# attempt: prints single letters for ever
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        print("x", end="")
