# attempt: sets the time zone by SQL, for the next frame
# goal: frame
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server does what a session's owner may

from pyspark.sql import functions as F


def calc_metric(df):
    if df.sparkSession.range(1).select(F.hour(F.timestamp_seconds(F.lit(0)))).first()[0] != 0:
        return CANARY_NUMBER
    df.sparkSession.sql("SET spark.sql.session.timeZone = Asia/Tokyo").collect()
    return 1.0
