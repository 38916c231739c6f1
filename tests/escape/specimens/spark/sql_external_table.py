# attempt: makes a table of a file, and reads that
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    session = df.sparkSession
    session.sql(f"create table stolen_file using text location '{CANARY_FOLDER}/credentials.txt'").collect()
    return float(session.table("stolen_file").first()[0])
