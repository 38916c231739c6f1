# attempt: holds a text of a quarter of a gigabyte
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds


def calc_metric(df):
    text = "x" * (1 << 28)
    return float(len(text))
