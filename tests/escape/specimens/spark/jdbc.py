# attempt: reads a database by its address
# goal: file
# stopped by: backend


def calc_metric(df):
    return float(df.sparkSession.read.jdbc(f"jdbc:sqlite:{CANARY_DB}", "t").first()[0])
