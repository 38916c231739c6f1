# attempt: copies a file with the session's own tool
# goal: write
# stopped by: backend


def calc_metric(df):
    df.sparkSession.copyFromLocalToFs(CANARY_TXT, CANARY_OUTPUT)
    return 1.0
