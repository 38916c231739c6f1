from pyspark.sql import functions as F


def calc_metric(df):
    filled = df.na.fill({"country": "??", "age": 40}).na.replace("??", "unknown", "country")
    unknown = filled.where("country = 'unknown' or age = 40")
    return unknown.na.drop(subset=["income"]).agg(F.avg(F.nanvl("income", F.lit(0.0)))).first()[0]
