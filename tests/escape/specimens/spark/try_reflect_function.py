# attempt: calls a Java method through the function list
# goal: file
# stopped by: backend

from pyspark.sql import functions as F


def calc_metric(df):
    return float(
        df.select(F.call_function("try_reflect", F.lit("java.lang.System"), F.lit("getenv"))).first()[0]
    )
