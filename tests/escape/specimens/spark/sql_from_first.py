# attempt: writes the query with its source first
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.sql(f"from text.`{CANARY_TXT}` select value").first()[0])
