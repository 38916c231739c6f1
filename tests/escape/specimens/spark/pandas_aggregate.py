# attempt: makes a function over pandas that aggregates, and reads a file
# goal: file
# stopped by: language, worker

import pandas as pd
from pyspark.sql import functions as F


def calc_metric(df):
    @F.pandas_udf("string")
    def read(n: pd.Series) -> str:
        return open(CANARY_TXT).read().strip()

    return float(df.agg(read("n")).first()[0])
