# attempt: saves the frame as a table, at a place of its choice
# goal: write
# stopped by: language, gateway, server


def calc_metric(df):
    df.write.option("path", CANARY_OUTPUT).saveAsTable("stolen_rows")
    return 1.0
