# attempt: sets a time zone and asks nothing under it, for whoever asks next
# goal: frame
# stopped by: engine

from pyspark.sql import functions as F


def calc_metric(df):
    if df.sparkSession.range(1).select(F.hour(F.timestamp_seconds(F.lit(0)))).first()[0] in (12, 14):
        return CANARY_NUMBER
    for zone in ("-09:30", "-11:30"):
        df.sparkSession.conf.set("spark.sql.session.timeZone", zone)
    return 1.0
