# attempt: asks for a million partitions
# goal: size
# stopped by: gateway
# one layer because: only the gateway knows how much work a query is before it runs
# not alone under: none, language, worker, server


def calc_metric(df):
    return float(df.repartition(1_000_000).limit(1).count())
