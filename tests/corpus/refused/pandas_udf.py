# code: udf-refused attribute-refused import-name-refused
# names: pandas_udf
from pyspark.sql.functions import pandas_udf


@pandas_udf("double")
def half(values):
    return values / 2


def calc_metric(df):
    return df.select(half("amount")).first()[0]
