# attempt: sends more local data than a query may carry
# goal: size
# stopped by: gateway
# one layer because: only the gateway knows how much work a query is before it runs


def calc_metric(df):
    rows = [("x" * 1000,) for _ in range(40_000)]
    return float(df.sparkSession.createDataFrame(rows, "a string").count())
