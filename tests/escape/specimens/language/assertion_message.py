# attempt: puts the call into the message of an assertion, which the result shows
# goal: file
# stopped by: language, worker


def calc_metric(df):
    assert df is None, open(CANARY_TXT).read()
    return 1.0
