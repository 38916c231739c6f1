# attempt: leaves a view behind, for the next frame to read
# goal: frame
# stopped by: gateway
# one layer because: views are the gateway's, one set for each frame; without it they are the session's,
#   which frames share

from pyspark.sql import functions as F


def calc_metric(df):
    session = df.sparkSession
    try:
        return float(session.sql("select * from leftover").first()[0])
    except Exception:
        df.select(F.lit(CANARY_NUMBER)).createOrReplaceTempView("leftover")
        return 1.0
