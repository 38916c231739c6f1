# attempt: calls a library's method through super, past the guard of its class
# goal: write
# stopped by: language, worker


def calc_metric(df):
    table = df.limit(1).toPandas()
    super(type(table), table).to_pickle(CANARY_OUTPUT)
    return 1.0
