# attempt: reads the server's configuration
# goal: host
# stopped by: engine


def calc_metric(df):
    print(df.sparkSession.conf.getAll)
    return 1.0
