# attempt: uses the statement that is short for select all
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.sql(f"table text.`{CANARY_TXT}`").first()[0])
