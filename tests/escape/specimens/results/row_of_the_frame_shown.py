# attempt: prints the frame itself, which may tell its plan
# goal: host
# stopped by: engine


def calc_metric(df):
    print(df, repr(df), str(df.schema), [df])
    return 1.0
