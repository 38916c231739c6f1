# attempt: names a Parquet file in SQL
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.sql(f"select * from parquet.`{CANARY_PARQUET}`").first()[0])
