from pyspark.sql import functions as F


def calc_metric(df):
    upper = F.transform_values("attrs", lambda key, value: F.upper(value))
    kept = F.map_filter(upper, lambda key, value: value.rlike("^[A-C]"))
    return df.select(F.sum(F.cardinality(kept))).first()[0]
