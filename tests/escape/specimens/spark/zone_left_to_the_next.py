# attempt: leaves its time zone to the next frame
# goal: frame
# stopped by: gateway
# one layer because: the gateway keeps settings for each frame; the server has one session for all of a run

from pyspark.sql import functions as F


def calc_metric(df):
    if df.sparkSession.range(1).select(F.hour(F.timestamp_seconds(F.lit(0)))).first()[0] != 0:
        return CANARY_NUMBER
    df.sparkSession.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    df.count()
    return 1.0
