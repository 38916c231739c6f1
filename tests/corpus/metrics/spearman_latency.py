from scipy import stats


def calc_metric(df):
    pdf = df.select("amount", "latency_ms").toPandas()
    rho, p = stats.spearmanr(pdf["amount"], pdf["latency_ms"])
    return rho
