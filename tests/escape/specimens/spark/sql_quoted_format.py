# attempt: quotes the format as well as the file
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(df.sparkSession.sql(f"select * from `text`.`{CANARY_TXT}`").first()[0])
