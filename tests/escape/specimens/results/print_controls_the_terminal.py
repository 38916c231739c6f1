# attempt: prints what controls a terminal
# goal: result
# stopped by: engine


def calc_metric(df):
    print("\x1b[2J\x1b]52;c;b3duZWQ=\x07")
    return None
