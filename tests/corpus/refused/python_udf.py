# code: udf-refused
# names: window
from pyspark.sql import Window
from pyspark.sql import functions as F


def calc_metric(df):
    middle = F.pandas_udf(lambda values: values.median(), "double", F.PandasUDFType.GROUPED_AGG)
    by_country = middle("amount").over(Window.partitionBy("country"))
    return df.select(by_country.alias("m")).agg(F.max("m")).first()[0]
