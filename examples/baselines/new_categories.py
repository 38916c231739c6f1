"""Which share of payments has a merchant that the baseline has never seen? A model knows nothing of these."""


def calc_metric(df, baseline):
    known = baseline.select("merchant_id").distinct()
    new = df.join(known, "merchant_id", "left_anti").count()
    return new / df.count()
