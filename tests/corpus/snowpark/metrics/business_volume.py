from snowflake.snowpark.functions import col
from snowflake.snowpark.functions import sum as sum_


def calc_metric(df):
    total = df.filter(col("plan") == "business").agg(sum_("amount")).first()[0]
    return 0.0 if total is None else total
