# attempt: interrupts everything that runs on the server
# goal: run
# stopped by: engine


def calc_metric(df):
    df.sparkSession.interruptAll()
    return 1.0
