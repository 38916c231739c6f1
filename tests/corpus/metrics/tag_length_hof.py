from pyspark.sql import functions as F


def calc_metric(df):
    lengths = F.transform(F.filter("tags", lambda tag: tag.isNotNull()), lambda tag: F.length(tag))
    total = F.aggregate(lengths, F.lit(0), lambda acc, x: acc + x, lambda acc: acc.cast("double"))
    return df.where(F.exists("tags", lambda tag: tag.startswith("h"))).agg(F.avg(total)).first()[0]
