# attempt: has doubled keys of maps pass, for the next frame
# goal: frame
# stopped by: engine

from pyspark.errors import PySparkException
from pyspark.sql import functions as F


def calc_metric(df):
    twice = F.map_from_arrays(F.array(F.lit(1), F.lit(1)), F.array(F.col("n"), F.col("n")))
    try:
        df.select(twice).first()
    except PySparkException:
        df.sparkSession.conf.set("spark.sql.mapKeyDedupPolicy", "LAST_WIN")
        df.count()
        return 1.0
    return 2.0
