# attempt: makes a table of a file through the catalog
# goal: file
# stopped by: language, gateway, server

from pyspark.sql import types


def calc_metric(df):
    schema = types.StructType([types.StructField("secret", types.LongType())])
    session = df.sparkSession
    try:
        session.catalog.createTable("stolen", CANARY_PARQUET, "parquet", schema).schema
    except Exception as error:
        print(error)
    return float(session.table("stolen").first()[0])
