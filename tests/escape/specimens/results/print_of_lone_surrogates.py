# attempt: prints what cannot be encoded
# goal: result
# stopped by: engine


def calc_metric(df):
    print("\ud800\udfff" * 100, "\x00")
    return None
