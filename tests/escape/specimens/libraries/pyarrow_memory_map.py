# attempt: maps a file with Arrow
# goal: file
# stopped by: language, worker


def calc_metric(df):
    import pyarrow

    return float(pyarrow.memory_map(CANARY_TXT).read())
