# attempt: leaves its time zone to the next frame
# goal: frame
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    if df.sparkSession.range(1).select(F.hour(F.timestamp_seconds(F.lit(0)))).first()[0] == 5:
        return CANARY_NUMBER
    df.sparkSession.conf.set("spark.sql.session.timeZone", "+05:45")
    df.count()
    return 1.0
