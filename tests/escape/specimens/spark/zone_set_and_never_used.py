# attempt: sets a time zone and asks nothing under it, for whoever asks next
# goal: frame
# stopped by: gateway
# one layer because: the gateway keeps settings for each frame; the server has one session for all of a run

from pyspark.sql import functions as F


def calc_metric(df):
    if df.sparkSession.range(1).select(F.hour(F.timestamp_seconds(F.lit(0)))).first()[0] != 0:
        return CANARY_NUMBER
    for zone in ("Asia/Tokyo", "-11:30"):
        df.sparkSession.conf.set("spark.sql.session.timeZone", zone)
    return 1.0
