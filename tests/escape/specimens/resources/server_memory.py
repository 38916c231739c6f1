# attempt: has the server collect more text than is small
# goal: run
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    return float(
        df.select(F.length(F.concat_ws(",", F.collect_list(F.repeat(F.lit("x"), 500_000))))).first()[0]
    )
