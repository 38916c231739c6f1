# attempt: names a file as a table
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.table(f"text.`{CANARY_TXT}`").first()[0])
