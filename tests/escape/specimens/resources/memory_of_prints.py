# attempt: prints a very long text at once
# goal: run
# stopped by: engine


def calc_metric(df):
    print("x" * (64 << 20))
    return 1.0
