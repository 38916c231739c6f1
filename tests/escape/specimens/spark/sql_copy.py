# attempt: writes by the copy statement of other engines
# goal: write
# stopped by: backend


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    df.sparkSession.sql(f"copy (select n from mine) to '{CANARY_OUTPUT}' stored as csv").collect()
    return 1.0
