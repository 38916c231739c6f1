# code: udf-refused
# names: useArrow
from pyspark.sql import functions as F


def calc_metric(df):
    double = F.udf(lambda value: value * 2.0, "double", useArrow=False)
    return df.agg(F.avg(double("amount"))).first()[0]
