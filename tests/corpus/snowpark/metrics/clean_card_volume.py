from snowflake.snowpark import functions as F


def calc_metric(df):
    fraudulent = df.filter(F.col("label") == 1).select("card_id").distinct()
    clean = df.join(fraudulent, on="card_id", how="leftanti")
    return clean.agg(F.sum("price")).collect()[0][0]
