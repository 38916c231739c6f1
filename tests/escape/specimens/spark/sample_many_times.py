# attempt: samples each row many times over
# goal: size
# stopped by: gateway
# one layer because: only the gateway knows how much work a query is before it runs


def calc_metric(df):
    return float(df.sample(True, 100_000.0, 1).limit(5).count())
