# attempt: reads from an address
# goal: network
# stopped by: backend


def calc_metric(df):
    return float(df.sparkSession.read.csv(f"http://127.0.0.1:{CANARY_PORT}/a.csv").count())
