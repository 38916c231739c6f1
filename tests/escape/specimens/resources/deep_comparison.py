# attempt: compares nested lists
# goal: run
# stopped by: engine


def calc_metric(df):
    a, b = [], []
    for _ in range(10**5):
        a, b = [a], [b]
    return float(a == b)
