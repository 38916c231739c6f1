# attempt: calls a table function that reads files
# goal: file
# stopped by: backend


def calc_metric(df):
    return float(df.sparkSession.sql(f"select * from read_files('{CANARY_TXT}')").first()[0])
