# attempt: names a file in SQL
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.sql(f"select value from text.`{CANARY_TXT}`").first()[0])
