import pandas as pd
from pyspark.sql import functions as F

REGIONS = pd.DataFrame(
    {
        "country": ["DE", "AT", "FR", "ES", "PT", "IT", "NL", "PL"],
        "region": ["north", "north", "west", "south", "south", "south", "west", "east"],
    }
)


def calc_metric(df):
    regions = df.sparkSession.createDataFrame(REGIONS)
    rates = df.join(regions, ["country"], "inner").groupBy("region").agg(F.avg("label").alias("rate"))
    row = rates.agg(F.max("rate").alias("high"), F.min("rate").alias("low")).first()
    return None if row.high is None else row.high - row.low
