# attempt: fills nested lists
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds


def calc_metric(df):
    kept = [[float(i) for i in range(1000)] for _ in range(9_000)]
    return float(len(kept))
